/** What this engine's WebAssembly can do. */

/** A module of one function that uses `i8x16.splat` and `i8x16.popcnt`: valid only with simd128. */
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** 128-bit SIMD: Chromium since 91, Firefox since 89, Safari since 16.4. */
export function hasSimd(): boolean {
  return WebAssembly.validate(SIMD_PROBE);
}
