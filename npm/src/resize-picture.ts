/** Resizing with the photo module, and with the codecs module; shared by `windlass/core` and the image worker. */
import type { ResizeOptions } from "./generated/ResizeOptions";
import type { CodecsModule, PhotoModule, PictureBytes, ResizeOutcome } from "./wasm/photo.js";

/** Pieces this large are read into JavaScript's memory before they go into the module's, which holds the file. */
const PIECE_BYTES = 1 << 20;

/** The fast path, or the answer that the picture needs the codecs; where its head tells, the rest is not read. */
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

/** The general path. */
export async function resizeGeneralWith(
  module: CodecsModule,
  source: Uint8Array | Blob,
  options: ResizeOptions,
): Promise<ResizeOutcome> {
  const picture = new module.Picture(sizeOf(source));
  try {
    for await (const piece of piecesOf(source)) {
      picture.push(piece);
    }
  } catch (thrown) {
    freeQuietly(picture);
    throw thrown;
  }
  return picture.resizeGeneral(options);
}

function sizeOf(source: Uint8Array | Blob): number {
  return source instanceof Uint8Array ? source.length : source.size;
}

async function* piecesOf(source: Uint8Array | Blob): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) {
    yield source;
    return;
  }
  for (let offset = 0; offset < source.size; offset += PIECE_BYTES) {
    yield new Uint8Array(await source.slice(offset, offset + PIECE_BYTES).arrayBuffer());
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
