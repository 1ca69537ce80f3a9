/** A worker behind one function: the photo goes in as a handle, JPEGs come back as handles. */

export function inWorker(url, first = []) {
  const worker = new Worker(url, { type: "module" });
  for (const message of first) worker.postMessage(message);
  return (message) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        // What a worker says before it is asked is no answer.
        if (data.kind !== "ready") "error" in data ? reject(new Error(data.error)) : resolve(data);
      };
      worker.onerror = ({ message: why }) => reject(new Error(why));
      worker.postMessage(message);
    });
}

/** The other side of it. */
export function answer(make) {
  globalThis.onmessage = async ({ data }) => {
    try {
      globalThis.postMessage({ made: await make(data) });
    } catch (thrown) {
      globalThis.postMessage({ error: String(thrown?.stack ?? thrown) });
    }
  };
}
