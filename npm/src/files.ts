/** From what people hand in (a file, a list, a drop, a paste) to a flat list of files. */
import { WindlassError } from "./errors.js";
import { readBytes } from "./read-bytes.js";

/** What `add` takes. */
export type FileSource = Blob | Iterable<Blob> | ArrayLike<Blob> | DataTransfer;

/** Handles of files that came with a drop: through them a page can read the file again later. */
const handles = new WeakMap<Blob, FileSystemFileHandle>();

/** The handle a dropped file came with, where the browser gives one (Chromium). */
export function handleOf(file: Blob): FileSystemFileHandle | undefined {
  return handles.get(file);
}

/** Whether its bytes are to be had, within a minute; most browsers refuse those of a file that was changed since it was chosen. */
export function canBeRead(file: Blob): Promise<boolean> {
  return readBytes(file.slice(0, 1)).then(() => true, () => false);
}

/** The files of a list, a drop or a paste, without descending into folders. */
export function flattenFiles(source: Exclude<FileSource, Blob>): Blob[] {
  if (isDataTransfer(source)) {
    return [...topLevelFiles(source)];
  }
  return Array.from(source);
}

/**
 * All files of a drop or a paste, those in dropped folders included. To be called while the event is
 * being handled: browsers empty the transfer afterwards. A file that cannot be read is left out, as is the rest of a
 * folder that cannot be listed: `onUnreadable` hears of each, with its name as the error's `file`.
 */
export async function filesFrom(transfer: DataTransfer, onUnreadable: Unreadable = () => undefined): Promise<File[]> {
  // Both are to be asked for while the event is being handled.
  const asked = [...transfer.items].map((item) => (item as HandleItem).getAsFileSystemHandle?.().catch(() => null) ?? null);
  const entries = [...transfer.items].map((item) =>
    item.kind === "file" ? (item.webkitGetAsEntry?.() ?? item.getAsFile()) : null,
  );
  if (entries.every((entry) => entry === null)) {
    return [...transfer.files];
  }
  const files: File[] = [];
  for (const [index, entry] of entries.entries()) {
    const position = files.length;
    if (entry instanceof Blob) {
      files.push(entry);
    } else if (entry !== null) {
      await collect(entry, files, onUnreadable);
    }
    const handle = await asked[index];
    const file = files[position];
    if (handle?.kind === "file" && file !== undefined) {
      handles.set(file, handle as FileSystemFileHandle);
    }
  }
  return files;
}

type Unreadable = (error: WindlassError) => void;

/** What the DOM library's types do not know: https://wicg.github.io/file-system-access/#drag-and-drop */
interface HandleItem extends DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

/** Whether two files are one, by what the browser tells of them without reading. */
export function isSameFile(a: Blob, b: Blob): boolean {
  // Sizes first: photos hardly ever have the same one, and of five hundred chosen at once each is compared with all before it.
  return a.size === b.size && a instanceof File && b instanceof File && a.name === b.name && a.lastModified === b.lastModified;
}

/** Pictures from a clipboard or a canvas have no name. */
export function nameOf(file: Blob): string {
  return file instanceof File && file.name !== "" ? file.name : "file";
}

/** The media type for what browsers leave nameless, by the name's ending. */
export function contentTypeOf(file: Blob, filename: string): string {
  if (file.type !== "") {
    return file.type;
  }
  const ending = filename.slice(filename.lastIndexOf(".") + 1).toLowerCase();
  return TYPE_BY_ENDING.get(ending) ?? "application/octet-stream";
}

const TYPE_BY_ENDING = new Map([
  ["avif", "image/avif"],
  ["dwg", "image/vnd.dwg"],
  ["gif", "image/gif"],
  ["heic", "image/heic"],
  ["heif", "image/heif"],
  ["jpeg", "image/jpeg"],
  ["jpg", "image/jpeg"],
  ["mov", "video/quicktime"],
  ["mp4", "video/mp4"],
  ["pdf", "application/pdf"],
  ["png", "image/png"],
  ["tif", "image/tiff"],
  ["tiff", "image/tiff"],
  ["webp", "image/webp"],
  ["zip", "application/zip"],
]);

function isDataTransfer(source: object): source is DataTransfer {
  return "items" in source && "files" in source;
}

function* topLevelFiles(transfer: DataTransfer): Generator<File> {
  for (const item of transfer.items) {
    const file = item.kind === "file" && !item.webkitGetAsEntry?.()?.isDirectory ? item.getAsFile() : null;
    if (file !== null) {
      yield file;
    }
  }
}

/** One that cannot be read takes no other with it. */
async function collect(entry: FileSystemEntry, files: File[], onUnreadable: Unreadable): Promise<void> {
  try {
    if (entry.isFile) {
      files.push(await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
    } else {
      await descend(entry as FileSystemDirectoryEntry, files, onUnreadable);
    }
  } catch (cause) {
    const message = "It cannot be read. Check that it is still there and can be opened, then choose it again.";
    onUnreadable(new WindlassError("file_gone", message, { file: entry.name, cause }));
  }
}

async function descend(folder: FileSystemDirectoryEntry, files: File[], onUnreadable: Unreadable): Promise<void> {
  const reader = folder.createReader();
  // A reader gives a folder in portions and ends with an empty one.
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (portion.length === 0) {
      return;
    }
    for (const child of portion) {
      // `.DS_Store` and the like are not what anybody means by dropping a folder.
      if (!child.name.startsWith(".")) {
        await collect(child, files, onUnreadable);
      }
    }
  }
}
