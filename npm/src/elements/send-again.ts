/** Sending once more what `<windlass-uploader>` lists, also where the client that had it is closed by now. */
import type { Windlass } from "../client.js";
import { toWindlassError, WindlassError } from "../errors.js";
import { onceMore } from "../running.js";
import type { Upload } from "../upload.js";

type Sender = Pick<Windlass, "endpoint" | "project" | "add">;

/** Whether what one of them sends lands where the other one's does. */
export function isSamePlace(one: Omit<Sender, "add">, other: Omit<Sender, "add">): boolean {
  return one.endpoint === other.endpoint && one.project === other.project;
}

/** By the client that had it; where that is closed, by the one at hand, if it sends to the same project. */
export function sendAgain<Client extends Sender>(upload: Upload, had: Client, atHand: () => Client): { upload: Upload; client: Client } {
  try {
    return { upload: upload.retry(), client: had };
  } catch (thrown) {
    if (toWindlassError(thrown).code !== "closed") {
      throw thrown;
    }
  }
  const client = atHand();
  const { filename, file } = upload;
  if (!isSamePlace(client, had)) {
    throw new WindlassError("closed", `“${filename}” was chosen for another project. Open that one again to send it.`, { file: filename });
  }
  const { clientRef, resumed, again } = onceMore(upload);
  return { upload: client.add(file, { filename, clientRef, resumed, again }), client };
}
