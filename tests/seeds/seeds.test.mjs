/**
 * Each of the five systems Windlass was made for uploads to the real service: its URL prefix and the names of its
 * fields are mapped, and what is changed besides is what `docs/plain-clients.md` names.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Service } from "../e2e/harness/service.mjs";
import { Office, files } from "./office.mjs";
import { SYSTEMS, mappedFetch } from "./systems.mjs";

let service;
let photo;
let plan;

before(async () => {
  service = await Service.start({ env: { WINDLASS_PLAIN_CLIENTS: "true" } });
  ({ photo, plan } = await files());
});
after(() => service?.stop());

/** What a phone may: nothing that sets other people's photos to failed. */
const tokenFor = (project) => service.token({ project, scope: "upload read delete" });

/** The `fetch` of a system's client. */
function fetchOf(name, project) {
  const { routes, addsToken } = SYSTEMS.find((system) => system.name === name);
  return mappedFetch({ address: service.address, routes, token: addsToken ? tokenFor(project) : undefined });
}

describe("the five systems' clients", () => {
  for (const [index, { name, does, flow }] of SYSTEMS.entries()) {
    test(`${name} ${does}`, async () => {
      const project = `seed-${index}`;
      const office = new Office(service, project, [photo, plan]);
      const shown = (urls) => office.compare(urls);
      await flow({ fetch: fetchOf(name, project), token: tokenFor(project), project, photo, plan, office, shown });
      assert.ok(office.seen > 0, "its files are stored byte for byte");
      assert.equal((await service.photos(project)).length, name === "CompanyCam" ? 0 : office.seen);
    });
  }

  const MIB = 1024 * 1024;
  const post = (project, body) => ({
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${tokenFor(project)}` },
    body: JSON.stringify(body),
  });

  for (const [what, status, code, asked] of [
    ["a program", 415, "type_not_allowed", { file_name: "setup.exe", mime_type: "application/x-msdownload", file_size: 4096 }],
    ["a photo over 50 MiB", 413, "file_too_large", { file_name: "a.jpg", mime_type: "image/jpeg", file_size: 50 * MIB + 1 }],
    ["a file of another project", 403, "forbidden", { project_id: "others", file_name: "a.jpg", mime_type: "image/jpeg", file_size: 4096 }],
  ]) {
    test(`CompanyCam is told why ${what} is refused`, async () => {
      const project = "seed-refused";
      const init = post(project, { project_id: project, ...asked });
      const refused = await fetchOf("CompanyCam", project)("/api/v1/photos/upload-url", init);
      assert.deepEqual([refused.status, (await refused.json()).code], [status, code]);
      assert.deepEqual(await service.photos(project), []);
    });
  }

  test("BuildPeer's other files go on beside one that is refused", async () => {
    const project = "seed-beside";
    const files = [
      { filename: "setup.exe", contentType: "application/x-msdownload", size: 4096 },
      { filename: photo.name, contentType: photo.type, size: photo.size },
    ];
    const fetch = fetchOf("BuildPeer", project);
    const { uploads } = await (await fetch("/api/uploads/initiate", post(project, { projectId: project, files }))).json();
    assert.equal(uploads[0].error.code, "type_not_allowed");
    const put = await fetch(uploads[1].url, { method: "PUT", body: photo, headers: { "Content-Type": photo.type } });
    assert.ok(put.ok);
    const body = JSON.stringify({ parts: [] });
    const completed = await fetch(`/api/uploads/${uploads[1].uploadId}/complete`, { method: "POST", body });
    assert.equal(completed.status, 200);
    assert.equal((await service.photos(project)).length, 1);
  });
});
