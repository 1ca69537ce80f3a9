/** Reads metadata and makes smaller pictures, one photo at a time, away from the page's main thread. */
import { isTrap, toPlainError } from "../errors.js";
import { readMetadataWith } from "../read-metadata.js";
import initPhoto, { MetadataReader, readMetadata, resizePhoto } from "../wasm/generated/windlass_photo.js";
import type { PhotoModule } from "../wasm/photo.js";
import type { ImageReply, ImageRequest, Job, JobAnswer, Start } from "./messages.js";
import { workerScope } from "./scope.js";

const scope = workerScope<Start<null> | Job<ImageRequest>, JobAnswer<ImageReply>>();
const photo: PhotoModule = { MetadataReader, readMetadata, resizePhoto };
let ready: Promise<unknown>;

scope.onmessage = ({ data }) => {
  if (data.kind === "start") {
    ready = initPhoto({ module_or_path: data.module });
    return;
  }
  void answer(data.request);
};

async function answer(request: ImageRequest): Promise<void> {
  try {
    await ready;
    scope.postMessage({ kind: "done", reply: await perform(request) });
  } catch (thrown) {
    scope.postMessage({ kind: "failed", error: toPlainError(thrown), trapped: isTrap(thrown) });
  }
}

async function perform(request: ImageRequest): Promise<ImageReply> {
  if (request.task === "read") {
    return { task: "read", metadata: await readMetadataWith(photo, request.file) };
  }
  const bytes = new Uint8Array(await request.file.arrayBuffer());
  const { images, warnings } = photo.resizePhoto(bytes, request.options);
  return {
    task: "resize",
    images: images.map(({ bytes: encoded, ...image }) => ({
      ...image,
      blob: new Blob([encoded], { type: image.content_type }),
    })),
    warnings,
  };
}
