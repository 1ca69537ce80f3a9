/** The samples of the documentation, type-checked against this package's own types, so that none of them rots. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";

const FOLDER = "node_modules/.windlass-samples";
const SHARED = {
  extends: "../../../tsconfig.json",
  compilerOptions: {
    allowJs: true,
    checkJs: true,
    // `strict`, as a reader has it, without what this package asks of its own code on top; a sample is a part of a program.
    noPropertyAccessFromIndexSignature: false,
    noUncheckedIndexedAccess: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    paths: {
      windlass: ["../../../src/index.ts"],
      "windlass/core": ["../../../src/core.ts"],
      "windlass/elements": ["../../../src/elements/index.ts"],
      "windlass/service-worker": ["../../../src/service-worker.ts"],
    },
  },
  include: ["*", "../../../src/elements/index.ts"],
};

/** Each block of a language, in front of it as many empty lines as make the compiler name lines of the page. */
function blocks(page: string, language: string): string[] {
  const fences = [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "gm"))];
  return fences.map((fence) => {
    const before = page.slice(0, fence.index).split("\n").length;
    return `${"\n".repeat(before)}${fence[1] ?? ""}\nexport {};\n`;
  });
}

/** What the compiler says; nothing where all is well. One that was killed, or has died, may have said nothing either. */
function compile(project: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["node_modules/typescript/bin/tsc", "-p", project], (error, stdout, stderr) =>
      resolve(stdout + stderr || (error?.message ?? "")),
    );
  });
}

for (const [language, compilerOptions] of [
  ["ts", SHARED.compilerOptions],
  // JavaScript names no types of its parameters.
  ["js", { ...SHARED.compilerOptions, noImplicitAny: false }],
] as const) {
  test(`the ${language} samples of the documentation use what there is`, async () => {
    const folder = `${FOLDER}/${language}`;
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const docs = (await readdir("../docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
    let found = 0;
    for (const page of ["README.md", "npm/README.md", ...docs]) {
      for (const [index, block] of blocks(await readFile(`../${page}`, "utf8"), language).entries()) {
        await writeFile(`${folder}/${page.replaceAll("/", "-")}-${index + 1}.${language}`, block);
        found += 1;
      }
    }
    assert.ok(found >= 5, `${found} samples`);
    await copyFile("test/samples/ambient.d.ts", `${folder}/ambient.d.ts`);
    await writeFile(`${folder}/tsconfig.json`, JSON.stringify({ ...SHARED, compilerOptions }));
    assert.equal(await compile(folder), "");
  });
}
