/** Reads metadata and makes smaller pictures, one photo at a time, away from the page's main thread. */
import { isTrap, toPlainError } from "../errors.js";
import { readMetadataWith } from "../read-metadata.js";
import { resizeFastWith, resizeGeneralWith } from "../resize-picture.js";
import initCodecs, { Picture as GeneralPicture } from "../wasm/generated/windlass_codecs.js";
import initPhoto, { MetadataReader, Picture, readMetadata } from "../wasm/generated/windlass_photo.js";
import type { CodecsModule, PhotoModule, ResizeOutcome } from "../wasm/photo.js";
import type { ImageReply, ImageRequest, Job, JobAnswer, ResizeRequest, Start } from "./messages.js";
import { workerScope } from "./scope.js";

const scope = workerScope<Start<null> | Job<ImageRequest>, JobAnswer<ImageReply>>();
const photo: PhotoModule = { MetadataReader, Picture, readMetadata };
const codecs: CodecsModule = { Picture: GeneralPicture };
/** Of every module that was started here. */
const memories = new Set<WebAssembly.Memory>();
let ready: Promise<unknown>;

scope.onmessage = ({ data }) => {
  if (data.kind === "start") {
    ready = initPhoto({ module_or_path: data.module }).then(({ memory }) => memories.add(memory));
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
  const begun = performance.now();
  const outcome = await resize(request);
  if (outcome.kind === "needs_codecs") {
    return { task: "needs-codecs" };
  }
  return {
    task: "resize",
    images: outcome.images.map(({ bytes: encoded, ...image }) => ({
      ...image,
      blob: new Blob([encoded], { type: image.content_type }),
    })),
    warnings: outcome.warnings,
    work: {
      decoder: request.codecs === null ? "photo" : "codecs",
      took_ms: performance.now() - begun,
      memory_bytes: [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
    },
  };
}

async function resize({ file, options, codecs: module }: ResizeRequest): Promise<ResizeOutcome> {
  if (module === null) {
    return resizeFastWith(photo, file, options);
  }
  // Instantiating a second time returns what is there.
  memories.add((await initCodecs({ module_or_path: module })).memory);
  return resizeGeneralWith(codecs, file, options);
}
