/**
 * Each of the five systems Windlass was made for uploads to the real service, with only its URL prefix and the
 * names of its fields mapped (`docs/plain-clients.md`).
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";

import { fixture, sha256OfUrl } from "../e2e/harness/bytes.mjs";
import { Service } from "../e2e/harness/service.mjs";
import { MappedClient } from "./mapped.mjs";
import { SYSTEMS } from "./systems.mjs";

let service;
let photo;
let plan;

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

before(async () => {
  service = await Service.start({ env: { WINDLASS_PLAIN_CLIENTS: "true" } });
  photo = { name: "roof damage.jpg", type: "image/jpeg", bytes: await readFile(fixture("photo_2mp_o1.jpg")) };
  // A PDF by its head and end, as large as an architect's.
  const bytes = Buffer.alloc(15 * 1024 * 1024, "drawing ");
  bytes.write("%PDF-1.7\n", 0, "latin1");
  bytes.write("\n%%EOF\n", bytes.length - 7, "latin1");
  plan = { name: "plan.pdf", type: "application/pdf", bytes };
});
after(() => service?.stop());

/** The systems' own server side: what their pipelines do with a file that is there. */
function office(project) {
  const call = (path, body) => service.api(path, { method: "PATCH", body, token });
  const token = service.token({ project, scope: "upload read pipeline" });
  return {
    async process(id, tags) {
      if (tags !== undefined) assert.equal((await call(`/photos/${id}`, { tags })).status, 200);
      for (const status of ["processing", "completed"]) {
        assert.equal((await call(`/photos/${id}/status`, { status })).status, 200);
      }
    },
    urls: async (project) => (await service.photos(project)).map(({ url }) => url),
  };
}

describe("the five systems' clients", () => {
  for (const [index, { name, does, routes, flow }] of SYSTEMS.entries()) {
    test(`${name} ${does}`, async () => {
      const project = `seed-${index}`;
      // What a phone may: nothing that sets other people's photos to failed.
      const token = service.token({ project, scope: "upload read delete" });
      const client = new MappedClient(service.address, token, routes);
      const known = new Set([photo, plan].map(({ bytes }) => sha256(bytes)));
      let seen = 0;
      const compare = async (urls) => {
        for (const url of urls) assert.ok(known.has(await sha256OfUrl(url)), `other bytes at ${url.split("?")[0]}`);
        seen += urls.length;
      };
      const { named, shown } = await flow({ client, project, photo, plan, office: office(project), compare });
      assert.ok(named, "its fields hold what it expects in them");
      await compare(shown);
      assert.ok(seen > 0, "its files are stored byte for byte");
      assert.equal((await service.photos(project)).length, shown.length);
    });
  }

  const system = (name) => SYSTEMS.find((system) => system.name === name);
  const clientOf = (name, project) =>
    new MappedClient(service.address, service.token({ project, scope: "upload read delete" }), system(name).routes);
  const MIB = 1024 * 1024;

  for (const [what, status, code, asked] of [
    ["a program", 415, "type_not_allowed", { file_name: "setup.exe", mime_type: "application/x-msdownload", file_size: 4096 }],
    ["a photo over 50 MiB", 413, "file_too_large", { file_name: "a.jpg", mime_type: "image/jpeg", file_size: 50 * MIB + 1 }],
    ["a file of another project", 403, "forbidden", { project_id: "others", file_name: "a.jpg", mime_type: "image/jpeg", file_size: 4096 }],
  ]) {
    test(`CompanyCam is told why ${what} is refused`, async () => {
      const project = "seed-refused";
      const refused = clientOf("CompanyCam", project).call("POST /api/v1/photos/upload-url", { project_id: project, ...asked });
      await assert.rejects(refused, (error) => error.status === status && error.message.includes(`"${code}"`));
      assert.deepEqual(await service.photos(project), []);
    });
  }

  test("BuildPeer's other files go on beside one that is refused", async () => {
    const project = "seed-beside";
    const files = [
      { filename: "setup.exe", contentType: "application/x-msdownload", size: 4096 },
      { filename: photo.name, contentType: photo.type, size: photo.bytes.length },
    ];
    const client = clientOf("BuildPeer", project);
    const { uploads } = await client.call("POST /api/uploads/initiate", { projectId: project, files });
    assert.equal(uploads[0].error.code, "type_not_allowed");
    await client.put(uploads[1].url, photo.bytes, photo.type);
    await client.call("POST /api/uploads/{uploadId}/complete", { uploadId: uploads[1].uploadId });
    assert.equal((await service.photos(project)).length, 1);
  });
});
