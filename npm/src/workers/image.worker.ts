/** Reads metadata and makes smaller pictures, one photo at a time, away from the page's main thread. */
import { isTrap, toPlainError } from "../errors.js";
import { readMetadataWith } from "../read-metadata.js";
import { resizePhotoWith, type Modules } from "../resize-photo.js";
import type { ModuleName } from "../routes.js";
import initCodecs, { Picture as GeneralPicture } from "../wasm/generated/windlass_codecs.js";
import initHeic, { Picture as HeicPicture } from "../wasm/generated/windlass_heic.js";
import initPhoto, { MetadataReader, Picture, readMetadata } from "../wasm/generated/windlass_photo.js";
import initPixels, { Picture as PixelPicture, webpWithExif } from "../wasm/generated/windlass_pixels.js";
import type { PhotoModule } from "../wasm/photo.js";
import type { ImageReply, ImageRequest, Job, JobAnswer, Ready, ResizeRequest, Start } from "./messages.js";
import { workerScope } from "./scope.js";

const scope = workerScope<Start<null> | Job<ImageRequest>, Ready | JobAnswer<ImageReply>>();
const photo: PhotoModule = { MetadataReader, Picture, readMetadata };
/** Of every module that was started here. */
const memories = new Set<WebAssembly.Memory>();
let ready: Promise<unknown>;

/** A module that the page has not given: it is asked for. */
class Missing {
  constructor(readonly module: ModuleName) {}
}

scope.onmessage = ({ data }) => {
  if (data.kind === "start") {
    ready = initPhoto({ module_or_path: data.module }).then(({ memory }) => memories.add(memory));
    return;
  }
  void answer(data.request);
};
scope.postMessage({ kind: "ready" });

async function answer(request: ImageRequest): Promise<void> {
  try {
    await ready;
    scope.postMessage({ kind: "done", reply: await perform(request) });
  } catch (thrown) {
    if (thrown instanceof Missing) {
      scope.postMessage({ kind: "done", reply: { task: "needs-module", module: thrown.module } });
      return;
    }
    scope.postMessage({ kind: "failed", error: toPlainError(thrown), trapped: isTrap(thrown) });
  }
}

async function perform(request: ImageRequest): Promise<ImageReply> {
  if (request.task === "read") {
    return { task: "read", metadata: await readMetadataWith(photo, request.file) };
  }
  const begun = performance.now();
  const { images, warnings, decoder } = await resizePhotoWith(photo, given(request), request.file, request.options, request.only);
  return {
    task: "resize",
    images: images.map(({ bytes: encoded, ...image }) => ({
      ...image,
      blob: new Blob([encoded], { type: image.content_type }),
    })),
    warnings,
    work: {
      decoder,
      took_ms: performance.now() - begun,
      memory_bytes: [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
    },
  };
}

/** Starting a module a second time returns what is there. */
function given({ modules }: ResizeRequest): Modules {
  const module = (name: ModuleName): { module_or_path: WebAssembly.Module } => {
    const compiled = modules[name];
    if (compiled === undefined) {
      throw new Missing(name);
    }
    return { module_or_path: compiled };
  };
  return {
    async pixels() {
      memories.add((await initPixels(module("pixels"))).memory);
      return { Picture: PixelPicture, webpWithExif };
    },
    async codecs() {
      memories.add((await initCodecs(module("codecs"))).memory);
      return { Picture: GeneralPicture };
    },
    async heic() {
      memories.add((await initHeic(module("heic"))).memory);
      return { Picture: HeicPicture };
    },
    browserFailed: modules.codecs !== undefined || modules.heic !== undefined,
  };
}
