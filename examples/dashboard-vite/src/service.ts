/** One Windlass client per project, made when it is first looked at. */
import { tokenFromUrl, Windlass } from "windlass";

import { endpoint } from "./endpoint";

const clients = new Map<string, Windlass>();

export function clientFor(project: string): Windlass {
  let client = clients.get(project);
  if (client === undefined) {
    client = new Windlass({
      endpoint,
      project,
      // Your own server decides who gets a token for which project.
      token: tokenFromUrl(new URL(`/demo/token?project=${encodeURIComponent(project)}`, location.href)),
    });
    clients.set(project, client);
  }
  return client;
}
