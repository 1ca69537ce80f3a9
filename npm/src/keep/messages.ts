/** What the page and the keeping worker say to each other. Bytes never travel: files are `Blob` handles. */
import type { KeptDescription } from "../generated/KeptDescription";
import type { KeptUpload } from "../generated/KeptUpload";

/** Why a file is not kept. */
export type NotKeptCode =
  /** The browser's quota for this site is used up. */
  | "storage_full"
  /** The browser keeps nothing for this site: a private window, blocked storage, an old browser. */
  | "storage_unavailable"
  /** What keeps files could not be fetched so far. It is tried again, and keeps them when it is there. */
  | "keeper_unreachable";

/** One upload of an earlier page that is ours now. */
export interface Restored {
  upload: KeptUpload;
  /** The file, read from where it is kept. */
  file: Blob;
  /** The smaller pictures, in the order of `upload.prepared`; none where they are to be made. */
  variants: Blob[];
  /** Whether its original waits for Wi-Fi. */
  onWifi: boolean;
  /** How many pages in a row ended while they made its smaller pictures. */
  interrupted: number;
}

/** What is kept for this site, and how much room there is. Bytes; `null` where the browser does not say. */
export interface StorageReport {
  /** Where new files are kept. */
  place: "opfs" | "indexed_db" | "none";
  /** Files of this queue whose bytes are kept. */
  kept_files: number;
  /** Their bytes, the smaller pictures not counted. */
  kept_bytes: number;
  usage_bytes: number | null;
  quota_bytes: number | null;
  /** Whether the browser has promised not to clear it when the device runs out of room. */
  persisted: boolean;
}

/** Where nothing is kept, or nothing can be said. */
export const NOTHING_KEPT: Readonly<StorageReport> = {
  place: "none",
  kept_files: 0,
  kept_bytes: 0,
  usage_bytes: null,
  quota_bytes: null,
  persisted: false,
};

export type ToKeepWorker =
  | { kind: "start"; namespace: string; session: string }
  /** A file was chosen. `upload.bytes` is `none`: the worker fills it in when all bytes are there. */
  | { kind: "keep"; upload: KeptUpload; file: Blob; handle: FileSystemFileHandle | null; onWifi: boolean }
  | { kind: "prepared"; clientRef: string; prepared: KeptDescription; variants: Blob[] }
  /** Whether the originals of what this page sends wait for Wi-Fi: for whoever goes on when it is gone. */
  | { kind: "originals"; onWifi: boolean }
  | { kind: "paused"; clientRef: string; paused: boolean }
  /** Smaller pictures of it are being made now, or no more: so many pages in a row have ended over that, should this one end. */
  | { kind: "at-work"; clientRef: string; interrupted: number }
  /** Who is signed in is known now: what this page chose before is theirs. */
  | { kind: "subject"; subject: string }
  /** It has ended: nothing of it is needed any more. */
  | { kind: "forget"; clientRef: string }
  /** Everything this page sends is stored soon, as things go. */
  | { kind: "soon" }
  /** The network may be back, or the user: what could not be kept may be now. */
  | { kind: "wake" }
  /**
   * Take over what no living page holds; with `readyOnly` nothing that a page still has to do something about. A page
   * says whether originals wait for Wi-Fi from now on; `null` leaves that as the page before had it. `unreadable` are
   * uploads of this page whose files cannot be read any more: what is kept of them is read once more. A page or a
   * worker of an earlier build knows nothing of them.
   */
  | { kind: "restore"; module: WebAssembly.Module; subject: string | null; unreadable?: string[]; readyOnly: boolean; onWifi: boolean | null }
  /** Take over what that page holds as soon as it is gone. */
  | { kind: "watch"; session: string }
  | { kind: "report"; question: number }
  | { kind: "close" };

export type FromKeepWorker =
  /** It runs, and listens. */
  | { kind: "ready" }
  /** All bytes are kept: the page may go. */
  | { kind: "kept"; clientRef: string }
  | { kind: "not-kept"; clientRef: string; code: NotKeptCode; message: string }
  /**
   * `missing` have to be chosen again; `elsewhere` are how many living pages hold; `unreadable` are as they were asked
   * for, and are among the others. Where something could not be looked at or taken over this time, it is not whole.
   */
  | { kind: "restored"; uploads: Restored[]; missing: KeptUpload[]; unreadable?: string[]; elsewhere: number; isWhole: boolean }
  /** A page whose uploads were watched is gone; ask for them with `restore`. */
  | { kind: "gone"; session: string }
  | { kind: "report"; question: number; report: StorageReport };
