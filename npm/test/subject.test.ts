import assert from "node:assert/strict";
import { test } from "node:test";

import { subjectOf } from "../src/keep/subject.js";

const token = (claims: unknown): string => {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "HS256" })}.${part(claims)}.signature`;
};

test("a token's subject is read, whatever its letters", () => {
  assert.equal(subjectOf(token({ sub: "ann" })), "ann");
  assert.equal(subjectOf(token({ sub: "Zoë ÿ?>~ 山" })), "Zoë ÿ?>~ 山");
});

test("what names nobody is nobody", () => {
  for (const nobody of ["", "opaque", "a.b.c", token({}), token({ sub: "" }), token({ sub: 7 }), token("text")]) {
    assert.equal(subjectOf(nobody), null, nobody);
  }
});
