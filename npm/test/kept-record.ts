/** What a queue keeps of a photo. */
import type { KeptUpload } from "../src/generated/KeptUpload";

/** Of one that was chosen just now and waits for its turn, with these bytes; `change` says what is different about it. */
export function keptRecord(ref: string, bytes: Blob, change: Partial<KeptUpload> = {}): KeptUpload {
  return {
    schema: 1,
    client_ref: ref,
    subject: null,
    filename: `${ref}.jpg`,
    content_type: "image/jpeg",
    size_bytes: bytes.size,
    last_modified_ms: null,
    chosen_at_ms: Date.now(),
    paused: false,
    again: false,
    bytes: "opfs",
    prepared: null,
    ...change,
  };
}
