/** Every word `<windlass-gallery>` says. Replace any of them through its `strings` property. */
import type { WindlassError } from "../errors.js";
import type { MediaKind } from "../generated/MediaKind";
import type { MetadataWarning } from "../generated/MetadataWarning";
import type { UploadStatus } from "../generated/UploadStatus";
import { factStrings } from "./facts.strings.js";

export const galleryStrings = {
  label: "Photos",
  loading: "Loading photos",
  emptyTitle: "No photos yet",
  emptyText: "Photos appear here as soon as they are stored.",
  errorTitle: "The photos could not be loaded",
  error: (error: WindlassError): string => error.message,
  retry: "Try again",
  more: "Load more",
  moreLoaded: (count: number): string => (count === 1 ? "1 more photo" : `${count} more photos`),
  found: (count: number, hasMore: boolean): string =>
    hasMore ? `More than ${count} photos found` : count === 1 ? "1 photo found" : `${count} photos found`,
  noMatchTitle: "Nothing found",
  noMatchText: "No photo has all of that. Try fewer words, or clear the search.",
  search: "Search photos",
  clear: "Clear the search",
  kindLabel: "Kind",
  anyKind: "All kinds",
  kindText: (kind: MediaKind): string =>
    ({ photo: "Photos", video: "Videos", document: "Documents", archive: "Archives" })[kind],
  statusLabel: "Status",
  anyStatus: "Any status",
  statusName: (status: "uploaded" | "processing" | "completed" | "failed" | "quarantined"): string =>
    ({ uploaded: "Stored", processing: "Being processed", completed: "Completed", failed: "Failed", quarantined: "Locked" })[status],
  tagLabel: "Label",
  anyTag: "All labels",
  open: (name: string, taken: string | null) => (taken === null ? `Open ${name}` : `Open ${name}, taken ${taken}`),
  arriving: "Original on its way",

  close: "Close",
  previous: "Previous photo",
  next: "Next photo",
  noCaption: "Photo without a caption",
  noPreview: "There is no preview of this file.",
  locked: "This file was found to be dangerous. Nobody can open it.",
  arrivingText: "The original is on its way. Until it is here, this is a smaller picture of it.",
  arrivedText: "The original is here.",
  camera: "Camera",
  taken: "Taken",
  offsetUnknown: "camera time, zone unknown",
  place: "Place",
  map: "Show on a map",
  settings: "Settings",
  size: "Size",
  stored: "Stored",
  status: "Status",
  pictures: "Smaller pictures",
  everything: "Everything the file says",
  facts: factStrings,
  caption: "Caption",
  tags: "Labels",
  tagsHint: "Separated by commas",
  describe: "Add caption and labels",
  edit: "Edit",
  save: "Save",
  cancel: "Cancel",
  confirmDiscard: "Discard changes?",
  openOriginal: "Open original",
  remove: "Delete",
  confirmRemove: "Delete for good?",
  removing: "Deleting",
  notRemoved: (name: string, reason: string) => `“${name}” was not deleted. ${reason}`,
  /** Of a photo that is open. */
  removedMeanwhile: (name: string) => `“${name}” was removed meanwhile.`,
  draftKept: "What you have written cannot be saved any more, only copied.",

  /** `null` for what goes without saying. */
  statusText: (status: UploadStatus, reason: string | null): string | null => {
    switch (status) {
      case "processing":
        return "Being processed";
      case "failed":
        return reason ?? "Processing failed; the file is stored.";
      case "quarantined":
        return reason === null ? "Locked: the file is dangerous" : `Locked: the file is dangerous (${reason})`;
      default:
        return null;
    }
  },
  warning: ({ code, message }: MetadataWarning): string => {
    switch (code) {
      case "incomplete":
      case "truncated":
        return "The file is incomplete: part of the picture is missing.";
      case "corrupt":
        return "The file is damaged.";
      case "unsupported_format":
      case "worker_crashed":
      case "wasm_unavailable":
      case "too_large":
      case "over_memory_budget":
      case "out_of_memory":
      case "resize_failed":
        return "No preview could be made on the device that sent it.";
      default:
        return message;
    }
  },
};

export type GalleryStrings = typeof galleryStrings;
