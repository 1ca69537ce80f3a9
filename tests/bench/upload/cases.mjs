/** What is raced, and how long somebody who does not get there is waited for. */

const MIB = 1024 * 1024;
const PHOTO = 3_000_000;
const several = (count, size) => Array.from({ length: count }, () => size);

/**
 * `seeds`: one race for each, ours in all of them; the peers, who have failed in any of them so far, in the
 * first, and with `--long` in all. `rounds`: as often, and the median counts. `line`: bits per second, to
 * compare with.
 */
export const RACES = [
  { name: "loopback-40x3", title: "loopback, 40 × 3 MB", sizes: several(40, PHOTO), rounds: 5, timeoutMs: 60_000 },
  { name: "loopback-1x256", title: "loopback, 1 × 256 MiB", sizes: [256 * MIB], rounds: 5, timeoutMs: 60_000 },
  {
    name: "lte-8x3",
    title: "LTE, 8 × 3 MB",
    sizes: several(8, PHOTO),
    link: { preset: "lte" },
    line: 10_000_000,
    timeoutMs: 60_000,
  },
  {
    name: "lte-1x64",
    title: "LTE, 1 × 64 MiB",
    sizes: [64 * MIB],
    link: { preset: "lte" },
    line: 10_000_000,
    timeoutMs: 120_000,
    long: true,
  },
  { name: "bad-4x3", title: "bad, 4 × 3 MB", sizes: several(4, PHOTO), link: { preset: "bad" }, seeds: [1, 2, 3], timeoutMs: 150_000 },
  {
    name: "bad-1x12.6",
    title: "bad, 1 × 12.6 MB",
    sizes: [12_600_000],
    link: { preset: "bad" },
    seeds: [1, 2, 3],
    timeoutMs: 150_000,
    // Without it, only the first seed.
    longSeeds: true,
  },
  { name: "zombie-6x3", title: "zombie, 6 × 3 MB", sizes: several(6, PHOTO), link: { preset: "zombie" }, seeds: [1], timeoutMs: 60_000 },
];
