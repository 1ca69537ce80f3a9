/** Reads metadata and makes smaller pictures, one photo at a time, away from the page's main thread. */
import { isTrap, toPlainError } from "../errors.js";
import { readMetadataWith } from "../read-metadata.js";
import { resizeFastWith, resizeGeneralWith, resizeHeicWith } from "../resize-picture.js";
import initCodecs, { Picture as GeneralPicture } from "../wasm/generated/windlass_codecs.js";
import initHeic, { Picture as HeicPicture } from "../wasm/generated/windlass_heic.js";
import initPhoto, { MetadataReader, Picture, readMetadata } from "../wasm/generated/windlass_photo.js";
import { decoderOf, type CodecsModule, type HeicModule, type PhotoModule, type ResizeOutcome } from "../wasm/photo.js";
import type { ImageReply, ImageRequest, Job, JobAnswer, ResizeRequest, Start } from "./messages.js";
import { workerScope } from "./scope.js";

const scope = workerScope<Start<null> | Job<ImageRequest>, JobAnswer<ImageReply>>();
const photo: PhotoModule = { MetadataReader, Picture, readMetadata };
const codecs: CodecsModule = { Picture: GeneralPicture };
const heic: HeicModule = { Picture: HeicPicture };
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
  const outcome = await resize(request);
  if (outcome.kind === "needs_codecs") {
    return { task: "needs-decoder", decoder: decoderOf(outcome.format) };
  }
  return {
    task: "resize",
    images: outcome.images.map(({ bytes: encoded, ...image }) => ({
      ...image,
      blob: new Blob([encoded], { type: image.content_type }),
    })),
    warnings: outcome.warnings,
  };
}

async function resize({ file, options, decoder }: ResizeRequest): Promise<ResizeOutcome> {
  if (decoder === null) {
    return resizeFastWith(photo, file, options);
  }
  // Instantiating a second time returns what is there.
  if (decoder.name === "heic") {
    await initHeic({ module_or_path: decoder.module });
    return resizeHeicWith(heic, file, options);
  }
  await initCodecs({ module_or_path: decoder.module });
  return resizeGeneralWith(codecs, file, options);
}
