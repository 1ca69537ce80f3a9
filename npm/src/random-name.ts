/** A name nobody else has made up. Not `randomUUID`: that is missing on plain-http pages of a local network. */
export function randomName(bytes = 16): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
