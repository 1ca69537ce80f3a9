/** Project picker, a gallery that shows what happens as it happens, and uploads by the API. */
import "windlass/elements";
import type { WindlassGallery } from "windlass/elements";

import { CustomerLinks } from "./customer-links";
import { projects } from "./projects";
import { clientFor } from "./service";
import { UploadList } from "./upload-list";

const picker = required<HTMLSelectElement>("#project");
const input = required<HTMLInputElement>("#files");
const gallery = required<WindlassGallery>("#gallery");
const fresh = required<HTMLElement>("#fresh");
const uploads = new UploadList(required("#sending"), required("#total"), required("#note"), required("#uploads"));
const links = new CustomerLinks(required<HTMLDialogElement>("#links"));
const followed = new Set<string>();

for (const { id, title } of projects) {
  picker.add(new Option(title, id));
}
const wanted = location.hash.slice(1);
if (projects.some(({ id }) => id === wanted)) {
  picker.value = wanted;
}

function open(project: string): void {
  const client = clientFor(project);
  if (!followed.has(project)) {
    followed.add(project);
    uploads.follow(client);
  }
  history.replaceState(null, "", `#${project}`);
  gallery.client = client;
}

const NEWS = {
  connecting: "Connecting…",
  live: "Photos appear as they are stored",
  polling: "Looking for news every few seconds",
  stopped: "",
} as const;
gallery.addEventListener("windlass-live", ({ detail }) => {
  fresh.textContent = NEWS[detail.state];
});

picker.addEventListener("change", () => open(picker.value));
required("#customer").addEventListener("click", () => links.open(clientFor(picker.value)));
input.addEventListener("change", () => {
  if (input.files && input.files.length > 0) {
    uploads.add(clientFor(picker.value), input.files);
  }
  input.value = "";
});

open(picker.value);

function required<E extends HTMLElement>(selector: string): E {
  const found = document.querySelector<E>(selector);
  if (found === null) {
    throw new Error(`index.html has no ${selector}`);
  }
  return found;
}
