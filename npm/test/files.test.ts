import assert from "node:assert/strict";
import { File } from "node:buffer";
import { mock, test } from "node:test";

import { canBeRead, contentTypeOf, filesFrom, flattenFiles, handleOf } from "../src/files.js";
import type { WindlassError } from "../src/errors.js";
import { isAccepted, onlyPictures } from "../src/elements/accept.js";
import { uploaderStrings } from "../src/elements/uploader.strings.js";

/** A folder by what is in it, a file (`null`), or what cannot be read; a folder that breaks off has given one file before. */
type Tree = { [name: string]: Tree | null | "file that is gone" | "folder that breaks off" };

function fileNamed(name: string): File {
  return new File(["x"], name);
}

/** A dropped file or folder, as browsers hand it out; folders come in portions of one. */
function entry(name: string, tree: Tree[string]): object {
  if (tree === null || tree === "file that is gone") {
    const file = (resolve: (file: File) => void, reject: (thrown: unknown) => void): void =>
      tree === null ? resolve(fileNamed(name)) : reject(new DOMException("It is not there.", "NotFoundError"));
    return { name, isFile: true, isDirectory: false, file };
  }
  return {
    name,
    isFile: false,
    isDirectory: true,
    createReader: () => {
      const breaksOff = tree === "folder that breaks off";
      const children = Object.entries(breaksOff ? { "first.jpg": null } : tree);
      return {
        readEntries: (resolve: (portion: object[]) => void, reject: (thrown: unknown) => void) => {
          const child = children.shift();
          if (child === undefined && breaksOff) {
            reject(new DOMException("It cannot be read.", "NotReadableError"));
          } else {
            resolve(child === undefined ? [] : [entry(...child)]);
          }
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
    getAsFileSystemHandle: async () => ({ kind: child === null || child === "file that is gone" ? "file" : "directory", name }),
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

test("what cannot be read of a drop is named, and takes nothing else with it", async () => {
  const dropped = (): DataTransfer =>
    transferOf({
      "a.jpg": null,
      "cloud.jpg": "file that is gone",
      site: { "b.jpg": null, "locked.jpg": "file that is gone", card: "folder that breaks off", "c.jpg": null },
      "d.jpg": null,
    });
  const unreadable: WindlassError[] = [];
  const files = await filesFrom(dropped(), (error) => unreadable.push(error));
  assert.deepEqual(names(files), ["a.jpg", "b.jpg", "first.jpg", "c.jpg", "d.jpg"]);
  assert.deepEqual(unreadable.map(({ code, file }) => [code, file]), [
    ["file_gone", "cloud.jpg"],
    ["file_gone", "locked.jpg"],
    ["file_gone", "card"],
  ]);
  assert.deepEqual(names(await filesFrom(dropped())), names(files));
});

test("the handle of a file that cannot be read is not taken for another file's", async () => {
  const files = await filesFrom(transferOf({ "a.jpg": null, "b.jpg": "file that is gone", "c.jpg": null }));
  assert.deepEqual(files.map((file) => handleOf(file)?.name), ["a.jpg", "c.jpg"]);
});

test("of many files that cannot be read a few are named", () => {
  const words = uploaderStrings.notReadable;
  assert.match(words(["a.jpg"]), /^“a\.jpg” could not be read and is not sent\./);
  assert.match(words(["a.jpg", "site"]), /^2 files or folders could not be read and are not sent: a\.jpg, site\. /);
  assert.match(words(Array.from({ length: 300 }, (_, index) => `${index}.jpg`)), /: 0\.jpg, 1\.jpg, 2\.jpg, 3\.jpg, 4\.jpg and 295 more\. /);
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

test("a list that names everything takes everything by drop, too", () => {
  for (const accept of ["*/*", "image/*, */*"]) {
    assert.equal(isAccepted({ name: "any", type: "" }, accept), true);
    assert.equal(isAccepted({ name: "notes.txt", type: "text/plain" }, accept), true);
    assert.equal(onlyPictures(accept), false);
  }
});

test("a file of which nothing comes for a minute cannot be read", async () => {
  mock.timers.enable({ apis: ["setInterval"] });
  try {
    const hanging = new Blob(["x"]);
    hanging.slice = () => Object.assign(new Blob(), { arrayBuffer: () => new Promise<ArrayBuffer>(() => undefined) });
    const answer = canBeRead(hanging);
    mock.timers.tick(60_000);
    assert.equal(await answer, false);
    assert.equal(await canBeRead(new Blob(["x"])), true);
  } finally {
    mock.timers.reset();
  }
});
