/** Reading metadata with the photo module; shared by `windlass/core` and the image worker. */
import type { PhotoMetadata } from "./generated/PhotoMetadata";
import type { PhotoModule } from "./wasm/photo.js";

/** Of a blob only the slices the reader asks for are read: a few kilobytes of a 12-megapixel photo. */
export async function readMetadataWith(module: PhotoModule, source: Uint8Array | Blob): Promise<PhotoMetadata> {
  if (source instanceof Uint8Array) {
    return module.readMetadata(source);
  }
  const reader = new module.MetadataReader(source.size);
  try {
    for (let wanted = reader.nextRead(); wanted !== undefined; wanted = reader.nextRead()) {
      const slice = source.slice(wanted.offset, wanted.offset + wanted.length);
      reader.supply(wanted.offset, new Uint8Array(await slice.arrayBuffer()));
    }
    return reader.finish();
  } finally {
    reader.free();
  }
}
