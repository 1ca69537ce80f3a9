/** Every word `<windlass-uploader>` says. Replace any of them through its `strings` property. */
import type { WindlassError } from "../errors.js";
import type { MetadataWarning } from "../generated/MetadataWarning";
import type { ProgressCounts } from "../generated/ProgressCounts";
import type { NotKeptCode } from "../keep/messages.js";
import type { UploadState } from "../upload.js";
import { factStrings } from "./facts.strings.js";
import { formatBytes, formatDuration, formatNumber, formatRate, percentOf, sentence } from "./format.js";

export interface UploadCounts {
  total: number;
  stored: number;
  failed: number;
  /** Not ended yet. */
  active: number;
  paused: number;
  /** All of it is stored but the original. */
  waitingForWifi: number;
  /** Whether the files under way wait for a network. */
  offline: boolean;
}

export const uploaderStrings = {
  choosePhotos: "Choose photos",
  chooseFiles: "Choose files",
  takePhoto: "Take a photo",
  hint: "or drop or paste them here",
  dropNow: "Drop to add",
  pause: (name: string) => `Pause ${name}`,
  resume: (name: string) => `Resume ${name}`,
  cancel: (name: string) => `Cancel ${name}`,
  retry: "Try again",
  remove: (name: string) => `Remove ${name} from the list`,
  /** What is not sent may be nowhere else: on the button that cancels or removes it, until it is pressed once more. */
  discard: "Discard?",
  /** The same, for a tooltip and aloud. It begins with the word on the button. */
  confirmDiscard: (name: string) => `Discard? ${name} is not sent yet. Press again to discard it.`,
  pauseAll: "Pause all",
  resumeAll: "Resume all",
  clear: "Clear stored",
  dismiss: "Dismiss",
  listLabel: "Files",
  progressLabel: (name: string) => `Progress of ${name}`,
  totalLabel: "Progress of all files",

  /** Where one file stands. */
  state: (state: UploadState, progress: ProgressCounts, size: number): string => {
    switch (state) {
      case "preparing":
        return "Preparing";
      case "queued":
        return "Waiting";
      case "uploading":
        return `Sending ${describe(progress)}`;
      case "retrying":
        return "The connection is unsteady — trying again";
      case "waiting_for_network":
        return "Waiting for signal — continues by itself";
      case "waiting_for_wifi":
        return "Preview sent — the original waits for Wi-Fi";
      case "paused":
        return `Paused at ${percentOf(progress.sent_bytes, progress.total_bytes)} %`;
      case "checking":
        return "Checking";
      case "stored":
        return `Stored · ${formatBytes(size)}`;
      case "failed":
        return "Not sent";
      case "cancelled":
        return "Cancelled";
    }
  },

  /** It was cancelled; the service has not said yet whether in time. */
  cancelling: "Cancelling",

  /** After a while of trying again: why, as far as is known. */
  stuck: (reason: string): string => `Still trying. ${sentence(reason)}`,

  /** Where all of them stand. */
  summary: ({ total, stored, failed, active, paused, waitingForWifi, offline }: UploadCounts, progress: ProgressCounts): string => {
    const attention = failed > 0 ? ` · ${failed} not sent` : "";
    if (active === 0) {
      return stored > 0 ? `${files(stored)} stored${attention}` : `${files(failed)} not sent`;
    }
    const done = `${stored} of ${total} stored${attention}`;
    if (offline) {
      return `${done} · waiting for signal`;
    }
    if (waitingForWifi === active) {
      return `${done} · originals wait for Wi-Fi`;
    }
    if (paused === active) {
      return `${done} · paused`;
    }
    // What the store has confirmed, and nothing that is only on its way.
    const bytes = `${formatBytes(progress.confirmed_bytes)} of ${formatBytes(progress.total_bytes)} safe`;
    return progress.remaining_ms === null
      ? `${done} · ${bytes}`
      : `${done} · ${bytes} · ${formatDuration(progress.remaining_ms)} left`;
  },

  /** Of a long list the oldest stored files are not listed any more. */
  folded: (count: number): string => `${files(count)} stored before these`,

  /** Why a file was not sent. The service's and the engine's sentences say what to do next. */
  error: ({ message, file }: WindlassError): string => sentence(withoutName(message, file)),

  /** What was odd about a file that is sent all the same; `null` for what needs no word here. */
  warning: ({ code }: MetadataWarning): string | null => {
    switch (code) {
      case "incomplete":
      case "truncated":
        return "Part of this picture is missing in the file. It is sent as it is; take it again if you can.";
      case "corrupt":
        return "This picture is damaged. It is sent as it is; take it again if you can.";
      case "unsupported_format":
        return "No smaller picture could be made of this kind of file. It is sent unchanged.";
      case "storage_full":
        return "This device has no room left to keep a copy. Keep this page open until it is stored.";
      case "too_large":
      case "over_memory_budget":
      case "out_of_memory":
      case "resize_failed":
      case "worker_crashed":
      case "wasm_unavailable":
        return "No preview could be made of this picture. It is sent unchanged.";
      default:
        return null;
    }
  },

  /** With the attribute `details`: what was read of a file and made of it. */
  details: "Details",
  readTitle: "Read from the file",
  nothingRead: "Nothing could be read from it.",
  facts: factStrings,
  madeTitle: "Made on this device",
  pictures: "Pictures",
  nothingMade: "None: only the file itself is sent",
  leftOut: "Left out: the photo itself is no larger",
  original: "Original",
  unchanged: "As chosen",
  /** `decoder` is the module's name, `memory` a size in words. */
  madeBy: (decoder: string, durationMs: number, memory: string): string =>
    `Decoded by ${DECODERS.get(decoder) ?? decoder}; all made in ${formatNumber(durationMs, 0)}\u00a0ms, with ${memory} of memory.`,
  oddTitle: "Unusual about this file",
  /** Above the list: what an earlier page has left goes on. */
  resuming: (count: number, arePictures: boolean) => {
    const what = arePictures ? (count === 1 ? "photo" : "photos") : count === 1 ? "file" : "files";
    return `Resuming ${count} ${what} from before.`;
  },
  /** What an earlier page could not keep. */
  chooseAgain: (names: readonly string[]) =>
    names.length === 1
      ? `“${names[0]}” was not sent before this page was left. Choose it again to continue where it stopped.`
      : `${names.length} files were not sent before this page was left. Choose them again to continue where they stopped: ${names.join(", ")}.`,
  /** After a file's state, where another tab sends it. */
  elsewhere: "in another tab",
  /** The browser keeps no copy: what was chosen would be lost with the page. */
  notKept: (code: NotKeptCode) => NOT_KEPT[code],

  /** Left out of a drop or a paste. */
  notAccepted: (names: readonly string[]) =>
    names.length === 1
      ? `“${names[0]}” was left out: files of this type are not accepted here.`
      : `${names.length} files were left out: files of their types are not accepted here.`,
  /** Beyond the first of a drop or a paste, where one file at a time is taken. */
  onlyOne: (names: readonly string[]) =>
    names.length === 1
      ? `“${names[0]}” was left out: one file at a time can be added here.`
      : `${names.length} files were left out, since one file at a time can be added here: ${nameSome(names)}.`,
  /** In a drop or a paste, but not to be read. A folder whose files cannot be listed counts as one. */
  notReadable: (names: readonly string[]) =>
    names.length === 1
      ? `“${names[0]}” could not be read and is not sent. Check that it is still there and can be opened, then choose it again.`
      : `${names.length} files or folders could not be read and are not sent: ${nameSome(names)}. Check that they are still there and can be opened, then choose them again.`,
  /** The same file was chosen twice, here or on another day: it is there once. */
  storedBefore: "Already stored: the same file was sent before",
  sendAnyway: "Send anyway",
  alreadyListed: (name: string) => `“${name}” is already being sent.`,
  /** Said to screen readers when a file has ended. */
  announceStored: (name: string) => `${name} is stored.`,
  /** The same of several at once. */
  announceStoredFiles: (count: number) => `${files(count)} are stored.`,
  announceFailed: (name: string, reason: string) => `${name} was not sent. ${reason}`,
  /** The same of several at once. */
  announceFailedFiles: (count: number) => `${files(count)} were not sent. The list says why of each.`,
};

/** So many names are read in a notice; others are counted. */
const NAMES_MAX = 5;

const NOT_KEPT: Readonly<Record<NotKeptCode, string>> = {
  storage_full: "This device has no room left to keep what you chose. Keep this page open until everything is sent.",
  storage_unavailable: "This browser keeps no files for this page. Keep it open until everything is sent.",
  keeper_unreachable: "What you chose is not saved on this device yet. Keep this page open until it is sent.",
};

export type UploaderStrings = typeof uploaderStrings;

const DECODERS = new Map([
  ["photo", "the fast path for JPEG"],
  ["codecs", "the general decoders"],
  ["heic", "the decoder for HEIC"],
  ["image-decoder", "the browser"],
  ["image-bitmap", "the browser"],
]);

function describe({ sent_bytes, total_bytes, rate_bytes_per_s, remaining_ms }: ProgressCounts): string {
  const parts = [`${percentOf(sent_bytes, total_bytes)} %`];
  if (rate_bytes_per_s !== null && rate_bytes_per_s > 0) {
    parts.push(formatRate(rate_bytes_per_s));
  }
  if (remaining_ms !== null && sent_bytes < total_bytes) {
    parts.push(`${formatDuration(remaining_ms)} left`);
  }
  return parts.join(" · ");
}

/** The row names the file already; service and engine may each have put the name before their sentence. */
function withoutName(message: string, file: string | undefined): string {
  const prefix = `${file}: `;
  let rest = message;
  while (file !== undefined && rest.startsWith(prefix)) {
    rest = rest.slice(prefix.length);
  }
  return rest;
}

/** A drop may have hundreds. */
function nameSome(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  return more > 0 ? `${names.slice(0, NAMES_MAX).join(", ")} and ${more} more` : names.join(", ");
}

function files(count: number): string {
  return count === 1 ? "1 file" : `${count} files`;
}
