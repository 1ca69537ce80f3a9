import assert from "node:assert/strict";
import { File } from "node:buffer";
import { test } from "node:test";

import { contentTypeOf, filesFrom, flattenFiles } from "../src/files.js";
import { isAccepted, onlyPictures } from "../src/elements/accept.js";

type Tree = { [name: string]: Tree | null };

function fileNamed(name: string): File {
  return new File(["x"], name);
}

/** A dropped file or folder, as browsers hand it out; folders come in portions of one. */
function entry(name: string, tree: Tree | null): object {
  if (tree === null) {
    return { name, isFile: true, isDirectory: false, file: (resolve: (file: File) => void) => resolve(fileNamed(name)) };
  }
  return {
    name,
    isFile: false,
    isDirectory: true,
    createReader: () => {
      const children = Object.entries(tree);
      return {
        readEntries: (resolve: (portion: object[]) => void) => {
          const child = children.shift();
          resolve(child === undefined ? [] : [entry(...child)]);
        },
      };
    },
  };
}

function transferOf(tree: Tree): DataTransfer {
  const items = Object.entries(tree).map(([name, child]) => ({
    kind: "file",
    webkitGetAsEntry: () => entry(name, child),
    getAsFile: () => (child === null ? fileNamed(name) : null),
  }));
  const files = Object.entries(tree).filter(([, child]) => child === null).map(([name]) => fileNamed(name));
  return { items, files, types: ["Files"] } as unknown as DataTransfer;
}

const names = (files: readonly Blob[]): string[] => files.map((file) => (file as unknown as File).name);

test("a list of files keeps its order", () => {
  const list = { 0: fileNamed("a.jpg"), 1: fileNamed("b.jpg"), length: 2 } as unknown as FileList;
  assert.deepEqual(names(flattenFiles(list)), ["a.jpg", "b.jpg"]);
  assert.deepEqual(names(flattenFiles(new Set([fileNamed("c.jpg")]) as unknown as Iterable<Blob>)), ["c.jpg"]);
});

test("a drop gives its files at once, without its folders", () => {
  assert.deepEqual(names(flattenFiles(transferOf({ "a.jpg": null, site: { "b.jpg": null } }))), ["a.jpg"]);
});

test("dropped folders are walked to the bottom, hidden files are left out", async () => {
  const transfer = transferOf({
    "a.jpg": null,
    site: { ".DS_Store": null, "b.jpg": null, roof: { "c.jpg": null, "d.jpg": null } },
    empty: {},
  });
  assert.deepEqual(names(await filesFrom(transfer)), ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]);
});

test("a paste without entries gives its files", async () => {
  const pasted = fileNamed("image.png");
  const items = [
    { kind: "string", getAsFile: () => null },
    { kind: "file", webkitGetAsEntry: () => null, getAsFile: () => pasted },
  ];
  assert.deepEqual(names(await filesFrom({ items, files: [pasted] } as unknown as DataTransfer)), ["image.png"]);
});

test("a file browsers give no type is typed by its ending", () => {
  assert.equal(contentTypeOf(new Blob([]), "IMG_0001.HEIC"), "image/heic");
  assert.equal(contentTypeOf(new Blob([]), "no-ending"), "application/octet-stream");
  assert.equal(contentTypeOf(new Blob([], { type: "image/png" }), "liar.pdf"), "image/png");
});

test("drops obey the same rules as the file dialog", () => {
  const accept = "image/*, .pdf, video/mp4";
  const verdict = (name: string, type: string): boolean => isAccepted({ name, type }, accept);
  assert.equal(verdict("a.jpg", "image/jpeg"), true);
  assert.equal(verdict("a.HEIC", ""), true);
  assert.equal(verdict("plan.PDF", "application/pdf"), true);
  assert.equal(verdict("a.mp4", "video/mp4"), true);
  assert.equal(verdict("a.mov", "video/quicktime"), false);
  assert.equal(verdict("notes.txt", "text/plain"), false);
  assert.equal(isAccepted({ name: "any", type: "" }, ""), true);
  assert.equal(onlyPictures("image/*,.heic"), true);
  assert.equal(onlyPictures("image/*,video/*"), false);
});
