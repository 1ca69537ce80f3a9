/** What both Uppys have in common: files go in at once, untouched by anybody afterwards, and their ends are noted. */

/** How large a file is when it goes in parts: as with ours. */
export const PARTS_FROM_BYTES = 5 * 1024 * 1024;

/** Asks the bench's signer, which signs for the same bucket as our service does. */
export async function ask(path, question, signal) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(question),
    signal,
  });
  if (!answer.ok) throw new Error(`the signer answered ${answer.status}`);
  return answer.json();
}

/** `uppy` with its uploader plugin in it. */
export function enter(uppy) {
  const ends = [];
  const bench = { ends, startedMs: null, isOver: false };
  uppy.on("upload-success", ({ name }) => ends.push({ name, ok: true, atMs: performance.now() }));
  uppy.on("upload-error", ({ name } = {}) => ends.push({ name, ok: false, atMs: performance.now() }));
  // Nobody presses "retry".
  uppy.on("complete", () => (bench.isOver = true));
  bench.begin = (files) => {
    bench.startedMs = performance.now();
    for (const file of files) uppy.addFile({ name: file.name, type: file.type, data: file });
    void uppy.upload().catch(() => (bench.isOver = true));
  };
  globalThis.bench = bench;
}
