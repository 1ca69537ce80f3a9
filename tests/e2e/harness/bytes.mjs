/** Files to upload, and what was stored of them, compared by SHA-256 from outside. */

import { createHash } from "node:crypto";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that is gone when this file's tests have ended. */
export function scratchFolder() {
  const folder = mkdtempSync(join(tmpdir(), "windlass-files-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A photo made by `cargo run -p windlass-core --example make_photo`; xtask makes them. */
export function fixture(name) {
  const folder = process.env.WINDLASS_FIXTURES;
  if (!folder) {
    throw new Error("WINDLASS_FIXTURES is not set: run these tests with `cargo xtask test browser engines`");
  }
  return join(folder, name);
}

/** A small generator of repeatable bytes (xorshift32). */
function noise(seed, length) {
  const words = new Uint32Array(length / 4);
  let state = seed >>> 0 || 1;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state >>> 0;
  }
  return Buffer.from(words.buffer);
}

/** A box of an MP4. */
function boxed(kind, ...bodies) {
  const head = Buffer.alloc(8);
  const body = Buffer.concat(bodies);
  head.writeUInt32BE(head.length + body.length, 0);
  head.write(kind, 4, "latin1");
  return Buffer.concat([head, body]);
}

/** Behind the samples, as phones write it: when (25 July 2018, 14:34:23 UTC) and where (37.422, -122.084). */
function movie() {
  const header = Buffer.alloc(100);
  // Seconds since 1904.
  header.writeUInt32BE(1_532_529_263 + 2_082_844_800, 4);
  return boxed("moov", boxed("mvhd", header), boxed("udta", boxed("\xA9xyz", Buffer.from("\0\x12\x15\xC7+37.4220-122.0840/", "latin1"))));
}

/** A film as a phone writes it, but that its samples are noise: what a camera's video is to an uploader. */
export async function makeVideo(path, sizeBytes, seed = 7) {
  const brand = Buffer.from("\0\0\0\x18ftypisom\0\0\x02\0isommp42", "latin1");
  const media = Buffer.alloc(16);
  const end = movie();
  media.writeUInt32BE(1, 0);
  media.write("mdat", 4, "latin1");
  media.writeBigUInt64BE(BigInt(sizeBytes - brand.length - end.length), 8);
  const file = await open(path, "w");
  try {
    await file.write(Buffer.concat([brand, media]));
    let left = sizeBytes - brand.length - media.length - end.length;
    const block = noise(seed, 1 << 20);
    for (let turn = 0; left > 0; turn++) {
      block.writeUInt32LE(turn, 0);
      const length = Math.min(left, block.length);
      await file.write(block, 0, length);
      left -= length;
    }
    await file.write(end);
  } finally {
    await file.close();
  }
  return path;
}

/** The first part of a file, as a copy that was interrupted leaves it. */
export async function truncate(path, target, share) {
  const bytes = await readFile(path);
  await writeFile(target, bytes.subarray(0, Math.floor(bytes.length * share)));
  return target;
}

/** A copy whose bytes differ, so that it is another photo: a JPEG comment at the end of the file's head. */
export async function variation(path, target, number) {
  const bytes = await readFile(path);
  const text = Buffer.from(`photo ${number}`);
  const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, text.length + 2]), text]);
  await writeFile(target, Buffer.concat([bytes.subarray(0, 2), comment, bytes.subarray(2)]));
  return target;
}

export async function sha256OfFile(path) {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

export async function sha256OfUrl(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`the store answered ${answer.status} to a signed GET: ${await answer.text()}`);
  const hash = createHash("sha256");
  for await (const chunk of answer.body) hash.update(chunk);
  return hash.digest("hex");
}
