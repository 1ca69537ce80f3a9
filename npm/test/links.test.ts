/** The documentation's links to files and headings of the repository: none of them leads nowhere. */
import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";

/** As GitHub names a heading: lower case, blanks as hyphens, without punctuation. */
function anchorOf(heading: string): string {
  const words = heading.replace(/`/g, "").trim().toLowerCase();
  return words.replace(/[^\p{Letter}\p{Number}\s_-]/gu, "").replace(/\s/g, "-");
}

function withoutCode(page: string): string {
  return page.replace(/^```[^]*?^```$/gm, "");
}

async function anchorsOf(path: string): Promise<Set<string>> {
  const page = withoutCode(await readFile(path, "utf8"));
  return new Set([...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading)));
}

test("every link of the documentation leads to a file and a heading that are there", async () => {
  const docs = (await readdir("../docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
  const pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "BENCHMARKS.md", "CHANGELOG.md", "npm/README.md", "examples/README.md", ...docs];
  let followed = 0;
  for (const page of pages) {
    const text = withoutCode(await readFile(join("..", page), "utf8"));
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) {
        continue;
      }
      const [file = "", anchor] = target.split("#");
      const path = file === "" ? page : normalize(join(dirname(page), file));
      await assert.doesNotReject(stat(join("..", path)), `${page}: ${target} is not there`);
      if (anchor !== undefined) {
        const anchors = await anchorsOf(join("..", path));
        assert.ok(anchors.has(anchor), `${page}: ${target} is no heading of ${[...anchors].join(", ")}`);
      }
      followed += 1;
    }
  }
  assert.ok(followed >= 50, `${followed} links`);
});
