/** Resizing with one module each; `resize-photo.ts` chooses. */
import type { ResizeOptions } from "./generated/ResizeOptions";
import type { CodecsModule, HeicModule, PhotoModule, PictureBytes, ResizeOutcome } from "./wasm/photo.js";

/** Pieces this large are read into JavaScript's memory before they go into the module's, which holds the file. */
const PIECE_BYTES = 1 << 20;
/** Read at the same time: each read is a journey to the browser's own process, which a photo should make once. */
const PIECES_AHEAD = 4;

/** The fast path, or the answer that the picture needs another module; where its head tells, the rest is not read. */
export async function resizeFastWith(
  module: PhotoModule,
  source: Uint8Array | Blob,
  options: ResizeOptions,
): Promise<ResizeOutcome> {
  const picture = new module.Picture(sizeOf(source));
  try {
    let first = true;
    for await (const piece of piecesOf(source)) {
      picture.push(piece);
      const format = first ? picture.needsCodecs() : undefined;
      if (format !== undefined) {
        picture.free();
        return { kind: "needs_codecs", format };
      }
      first = false;
    }
  } catch (thrown) {
    freeQuietly(picture);
    throw thrown;
  }
  return picture.resizeFast(options);
}

/** The format of a picture that the photo module hands on by its head. */
export async function handedOnFormat(module: PhotoModule, source: Uint8Array | Blob): Promise<string | undefined> {
  const head = source instanceof Blob ? source.slice(0, PIECE_BYTES) : source.subarray(0, PIECE_BYTES);
  const picture = await fillPicture(new module.Picture(sizeOf(head)), head);
  try {
    return picture.needsCodecs();
  } finally {
    freeQuietly(picture);
  }
}

/** The general path. */
export async function resizeGeneralWith(
  module: CodecsModule,
  source: Uint8Array | Blob,
  options: ResizeOptions,
): Promise<ResizeOutcome> {
  return (await fillPicture(new module.Picture(sizeOf(source)), source)).resizeGeneral(options);
}

/** The path of what iPhones make. */
export async function resizeHeicWith(
  module: HeicModule,
  source: Uint8Array | Blob,
  options: ResizeOptions,
): Promise<ResizeOutcome> {
  return (await fillPicture(new module.Picture(sizeOf(source)), source)).resizeHeic(options);
}

/** Gives a picture all bytes of its file. */
export async function fillPicture<P extends PictureBytes>(picture: P, source: Uint8Array | Blob): Promise<P> {
  try {
    for await (const piece of piecesOf(source)) {
      picture.push(piece);
    }
    return picture;
  } catch (thrown) {
    freeQuietly(picture);
    throw thrown;
  }
}

export function sizeOf(source: Uint8Array | Blob): number {
  return source instanceof Uint8Array ? source.length : source.size;
}

async function* piecesOf(source: Uint8Array | Blob): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) {
    yield source;
    return;
  }
  const reading: Promise<ArrayBuffer>[] = [];
  let offset = 0;
  const readAhead = (): Promise<ArrayBuffer> | undefined => {
    for (; reading.length < PIECES_AHEAD && offset < source.size; offset += PIECE_BYTES) {
      const piece = source.slice(offset, offset + PIECE_BYTES).arrayBuffer();
      // Whoever has stopped at a piece before does not wait for this one.
      piece.catch(() => undefined);
      reading.push(piece);
    }
    return reading.shift();
  };
  for (let piece = readAhead(); piece !== undefined; piece = readAhead()) {
    yield new Uint8Array(await piece);
  }
}

/** After a trap freeing traps as well; what is thrown then must not hide the first fault. */
function freeQuietly(picture: PictureBytes): void {
  try {
    picture.free();
  } catch {
    // The instance is not used again: `windlass/core` refuses to, and the page ends the worker it is in.
  }
}
