import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { WindlassError } from "../src/errors.js";
import type { PhotoMetadata } from "../src/generated/PhotoMetadata";
import { DEFAULT_VARIANTS, pictureOptions, prepareFile, worthMaking, type ImagePool, type PictureOptions } from "../src/prepare.js";
import { settle } from "./fake-worker.js";
import type { ImageReply, ImageRequest } from "../src/workers/messages.js";

const jpeg = { content_type: "image/jpeg", width: 4048, height: 3036, warnings: [] } as unknown as PhotoMetadata;

function poolThat(answer: (request: ImageRequest) => ImageReply): ImagePool & { tasks: string[] } {
  const tasks: string[] = [];
  return {
    tasks,
    run: async (request) => {
      tasks.push(request.task);
      return answer(request);
    },
  };
}

function image(name: string, edge: number): { name: string; content_type: string; width: number; height: number; blob: Blob } {
  return { name, content_type: "image/jpeg", width: edge, height: edge, blob: new Blob([name]) };
}

const healthy = (request: ImageRequest): ImageReply =>
  request.task === "read"
    ? { task: "read", metadata: jpeg }
    : {
        task: "resize",
        images: request.options.variants.map(({ name, max_edge }) => image(name, max_edge)).reverse(),
        warnings: [],
        work: { decoder: "photo", took_ms: 78, memory_bytes: 18_000_000 },
      };

const noModule = (): Promise<WebAssembly.Module> => Promise.reject(new Error("no picture here needs another module"));
const options = { variants: DEFAULT_VARIANTS, metadata: "keep" as const, color: "srgb" as const, format: "jpeg" as const, signal: new AbortController().signal, module: noModule, onWaiting: () => undefined, isServiceThere: async () => false };
const photo = new Blob(["photo"], { type: "image/jpeg" });

test("a photo gets its metadata, its variants, and the smallest as preview", async () => {
  const prepared = await prepareFile(poolThat(healthy), photo, "roof.jpg", options);
  assert.equal(prepared.content_type, "image/jpeg");
  assert.deepEqual(prepared.variants?.map(({ name }) => name).sort(), ["thumb_200", "web_1920"]);
  assert.equal(await prepared.preview?.text(), "thumb_200");
  assert.deepEqual(prepared.warnings, []);
});

test("a photo over which pages have ended is read, and no smaller picture is tried", async () => {
  const pool = poolThat(healthy);
  const prepared = await prepareFile(pool, photo, "roof.jpg", { ...options, endsPages: true });
  assert.deepEqual(pool.tasks, ["read"]);
  assert.deepEqual(prepared.warnings.map(({ code }) => code), ["worker_crashed"]);
  assert.deepEqual([prepared.content_type, prepared.variants, prepared.preview], ["image/jpeg", undefined, null]);
});

test("what the smaller pictures shall be like reaches the worker", async () => {
  let asked: unknown;
  const pool = poolThat((request) => {
    if (request.task === "resize") asked = request.options;
    return healthy(request);
  });
  await prepareFile(pool, photo, "roof.jpg", { ...options, metadata: "strip", format: "webp" });
  assert.deepEqual(asked, { variants: DEFAULT_VARIANTS, metadata: "strip", color: "srgb", format: "webp" });
});

test("what was made is told, and what was left out because the photo is as small", async () => {
  const small = { ...jpeg, width: 1600, height: 1200 };
  const pool = poolThat((request) => (request.task === "read" ? { task: "read", metadata: small } : healthy(request)));
  const { made } = await prepareFile(pool, photo, "roof.jpg", { ...options, color: "keep" });
  assert.deepEqual(made, {
    pictures: [{ name: "thumb_200", contentType: "image/jpeg", width: 200, height: 200, sizeBytes: "thumb_200".length }],
    leftOut: ["web_1920"],
    work: { decoder: "photo", durationMs: 78, memoryBytes: 18_000_000 },
  });
});

test("modules are fetched one by one, each when the worker names it, and all are given along", async () => {
  const module = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  const given: unknown[] = [];
  const asked: string[] = [];
  const pool = poolThat((request) => {
    if (request.task !== "resize") {
      return healthy(request);
    }
    given.push(Object.keys(request.modules));
    const missing = (["pixels", "heic"] as const).find((name) => request.modules[name] === undefined);
    return missing === undefined ? healthy(request) : { task: "needs-module", module: missing };
  });
  const prepared = await prepareFile(pool, photo, "IMG_0001.HEIC", {
    ...options,
    module: async (name) => {
      asked.push(name);
      return module;
    },
  });
  assert.deepEqual(asked, ["pixels", "heic"]);
  assert.deepEqual(given, [[], ["pixels"], ["pixels", "heic"]]);
  assert.equal(prepared.variants?.length, 2);
});

test("a worker that asks for what it was given is not asked for ever", async () => {
  const module = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  const pool = poolThat((request) => (request.task === "resize" ? { task: "needs-module", module: "codecs" } : healthy(request)));
  const prepared = await prepareFile(pool, photo, "odd.png", { ...options, module: async () => module });
  assert.equal(prepared.variants, undefined);
  assert.deepEqual(pool.tasks, ["read", "resize", "resize"]);
});

test("an incomplete picture is sent unchanged, with a warning in its metadata", async () => {
  const pool = poolThat((request) => {
    if (request.task === "resize") {
      throw new WindlassError("incomplete", "The JPEG is incomplete.");
    }
    return healthy(request);
  });
  const prepared = await prepareFile(pool, photo, "half.jpg", options);
  assert.equal(prepared.variants, undefined);
  assert.equal(prepared.preview, null);
  assert.equal(prepared.made, null);
  assert.deepEqual(prepared.metadata?.warnings, [{ code: "incomplete", message: "The JPEG is incomplete." }]);
  assert.deepEqual(jpeg.warnings, [], "the reader's own object is left alone");
});

test("a worker that crashes while resizing costs the variants only", async () => {
  const pool = poolThat((request) => {
    if (request.task === "resize") {
      throw new WindlassError("worker_crashed", "unreachable");
    }
    return healthy(request);
  });
  const prepared = await prepareFile(pool, photo, "poison.jpg", options);
  assert.equal(prepared.metadata?.width, 4048);
  assert.deepEqual(prepared.warnings.map(({ code }) => code), ["worker_crashed"]);
});

test("without any working reader the original is sent all the same", async () => {
  const pool = poolThat(() => {
    throw new WindlassError("wasm_unavailable", "no network");
  });
  const prepared = await prepareFile(pool, photo, "roof.jpg", options);
  assert.equal(prepared.content_type, "image/jpeg");
  assert.equal(prepared.metadata, undefined);
  assert.deepEqual(prepared.warnings.map(({ code }) => code), ["wasm_unavailable"]);
});

test("documents and films are not read at all", async () => {
  const pool = poolThat(healthy);
  const pdf = await prepareFile(pool, new Blob(["%PDF"], { type: "application/pdf" }), "plan.pdf", options);
  const film = await prepareFile(pool, new Blob(["film"], { type: "video/mp4" }), "walk.mp4", options);
  assert.deepEqual([pdf.content_type, film.content_type, pool.tasks], ["application/pdf", "video/mp4", []]);
});

test("a file without a type is typed by its content", async () => {
  const prepared = await prepareFile(poolThat(healthy), new Blob(["photo"]), "clipboard", options);
  assert.equal(prepared.content_type, "image/jpeg");
});

test("an abort is no warning: it stops the file", async () => {
  const pool = poolThat(() => {
    throw new WindlassError("cancelled", "stopped");
  });
  await assert.rejects(prepareFile(pool, photo, "roof.jpg", options), { code: "cancelled" });
});

test("copies as large as a small photo are not made, its thumbnail always is", () => {
  const names = (type: string, width: number, height: number): string[] =>
    worthMaking(pictureOptions({}), type, { width, height }).map(({ name }) => name);
  assert.deepEqual(names("image/jpeg", 1600, 1200), ["thumb_200"]);
  assert.deepEqual(names("image/jpeg", 120, 90), ["thumb_200"]);
  assert.deepEqual(names("image/jpeg", 1921, 1200), ["thumb_200", "web_1920"]);
  assert.deepEqual(names("image/tiff", 1600, 1200), ["thumb_200", "web_1920"], "browsers cannot show the original");
});

test("where the photo cannot serve as it is, one picture of its full size is made, and no second one", () => {
  const print = { name: "print_4000", max_edge: 4000, quality: 0.9 };
  const names = (given: Partial<PictureOptions>, width: number): string[] =>
    worthMaking(pictureOptions({ variants: [print, ...DEFAULT_VARIANTS], ...given }), "image/jpeg", { width, height: 90 }).map(({ name }) => name);
  const others = [{ metadata: "strip-location" }, { metadata: "strip" }, { color: "srgb" }, { format: "webp" }] as const;
  for (const given of others) {
    assert.deepEqual(names(given, 1600), ["thumb_200", "web_1920"], JSON.stringify(given));
    assert.deepEqual(names(given, 120), ["thumb_200"]);
    assert.deepEqual(names(given, 3000), ["print_4000", "thumb_200", "web_1920"]);
    assert.deepEqual(names(given, 5000), ["print_4000", "thumb_200", "web_1920"]);
  }
});

test("a photo smaller than a picture that must not tell the place is not all there is of it", async () => {
  const small = { ...jpeg, width: 1600, height: 1200 };
  const pool = poolThat((request) => (request.task === "read" ? { task: "read", metadata: small } : healthy(request)));
  const { variants } = await prepareFile(pool, photo, "roof.jpg", { ...options, color: "keep", metadata: "strip-location" });
  assert.deepEqual(variants?.map(({ name }) => name).sort(), ["thumb_200", "web_1920"]);
});

test("what reads photos is waited for while there is no network, and nothing of the photo is left out", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let attempts = 0;
    const pool: ImagePool = {
      run: async (request) => {
        attempts += 1;
        if (attempts <= 3) {
          throw new WindlassError("wasm_unavailable", "nobody answers", { retryable: true, cause: new TypeError("failed to fetch") });
        }
        return healthy(request);
      },
    };
    const waits: boolean[] = [];
    const preparing = prepareFile(pool, photo, "roof.jpg", { ...options, onWaiting: (wait) => waits.push(wait) });
    for (let round = 0; round < 3; round += 1) {
      await settle();
      mock.timers.tick(30_000);
    }
    const prepared = await preparing;
    assert.deepEqual(waits, [true, false]);
    assert.deepEqual(prepared.warnings, []);
    assert.equal(prepared.variants?.length, 2);
  } finally {
    mock.timers.reset();
  }
});

test("a file of the SDK that somebody says is not there is not waited for: the photo goes without", async () => {
  const answered = new WindlassError("wasm_unavailable", "status 503", { retryable: true });
  const pool: ImagePool = {
    run: async () => {
      throw new WindlassError("wasm_unavailable", "could not be loaded", { retryable: true, cause: answered });
    },
  };
  const prepared = await prepareFile(pool, photo, "roof.jpg", options);
  assert.deepEqual(prepared.warnings.map(({ code }) => code), ["wasm_unavailable"]);
  assert.equal(prepared.variants, undefined);
});

test("a photo that waits for a network can be cancelled", async () => {
  const stop = new AbortController();
  const pool: ImagePool = {
    run: async () => {
      throw new WindlassError("wasm_unavailable", "nobody answers", { retryable: true, cause: new TypeError("failed to fetch") });
    },
  };
  const preparing = prepareFile(pool, photo, "roof.jpg", { ...options, signal: stop.signal });
  await settle();
  stop.abort();
  await assert.rejects(preparing, { code: "cancelled" });
});

const notReached = (): WindlassError =>
  new WindlassError("wasm_unavailable", "nobody answers", { retryable: true, cause: new TypeError("failed to fetch") });

test("what cannot be reached though the service answers is not the network's fault: the photo goes without", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const pool: ImagePool = { run: () => Promise.reject(notReached()) };
    let questions = 0;
    const isServiceThere = async (): Promise<boolean> => {
      questions += 1;
      return questions > 1;
    };
    const preparing = prepareFile(pool, photo, "roof.jpg", { ...options, isServiceThere });
    for (let round = 0; round < 8; round += 1) {
      await settle();
      mock.timers.tick(30_000);
    }
    const prepared = await preparing;
    assert.deepEqual(prepared.warnings.map(({ code }) => code), ["wasm_unavailable"]);
    assert.ok(questions >= 2, "while the service does not answer either, it is waited for");
  } finally {
    mock.timers.reset();
  }
});

test("a decoder that comes too slowly holds no photo up, and one that nobody can load waits for the network", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let isThere = false;
    const pool = poolThat((request) => (request.task === "resize" ? { task: "needs-module", module: "codecs" } : healthy(request)));
    const module = (): Promise<WebAssembly.Module> => new Promise(() => undefined);
    let ended = false;
    const preparing = prepareFile(pool, photo, "plan.png", { ...options, module, isServiceThere: async () => isThere });
    void preparing.then(() => (ended = true));
    for (let round = 0; round < 3; round += 1) {
      await settle();
      mock.timers.tick(60_000);
    }
    await settle();
    assert.equal(ended, false);
    isThere = true;
    mock.timers.tick(60_000);
    const prepared = await preparing;
    assert.deepEqual(prepared.warnings.map(({ code }) => code), ["wasm_unavailable"]);
    assert.equal(prepared.variants, undefined);
  } finally {
    mock.timers.reset();
  }
});
