/**
 * What schemathesis is to ask about: photos, films, pieces, links and an upload of Uppy's that are really there, written
 * as its configuration, and one good request for each operation, written into a copy of the description as its examples.
 * Without them every route with an id in it answers 404, and no answer is compared with what the description says of it.
 *
 *     node things.mjs <address> <token> <configuration> <description>
 */

import { writeFile } from "node:fs/promises";

const [address, token, configuration, description] = process.argv.slice(2);
const MIB = 1024 * 1024;
/** More than the requests that use one up: what is deleted or completed is not there for the next one. */
const MANY = 40;

async function call(method, path, body) {
  const answer = await fetch(`${address}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { "content-type": "application/json" } : {}) },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** Sends bytes as they were signed; fetch says the length itself. */
async function put({ url, headers = {} }, bytes) {
  const { "content-length": _, ...signed } = headers;
  const answer = await fetch(url, { method: "PUT", headers: signed, body: bytes });
  if (!answer.ok) throw new Error(`the store answers ${answer.status} ${await answer.text()}`);
  return answer;
}

const document = Buffer.concat([Buffer.from("%PDF-1.7\n"), Buffer.alloc(4096, "a")]);

/** Announces so many, a hundred at once, under names of their own. */
async function announce(name, count, file) {
  const files = Array.from({ length: count }, (_, number) => ({ client_ref: `${name}-${number}`, ...file }));
  const { uploads } = await call("POST", "/api/v1/uploads", { project_id: "job-7", files });
  return uploads;
}

const plan = { filename: "plan.pdf", content_type: "application/pdf", size: document.length };
const film = { filename: "site.mp4", content_type: "video/mp4", size: 11 * MIB };

async function stored(name, count) {
  const uploads = await announce(name, count, plan);
  for (const upload of uploads) await put(upload, document);
  return uploads;
}

async function photos(name, count) {
  const uploads = await stored(name, count);
  for (const { upload_id } of uploads) await call("POST", `/api/v1/uploads/${upload_id}/complete`);
  return uploads.map(({ photo_id }) => photo_id);
}

const ids = (uploads) => uploads.map(({ upload_id }) => upload_id);

/** An upload of Uppy's with its one part in the store. */
async function uppys() {
  const metadata = { project_id: "job-7" };
  const { key, uploadId } = await call("POST", "/s3/multipart", { filename: "a.pdf", type: "application/pdf", metadata });
  const query = `key=${encodeURIComponent(key)}`;
  const sent = await put(await call("GET", `/s3/multipart/${uploadId}/1?${query}`), document);
  return { key, id: uploadId, etag: sent.headers.get("etag") };
}

const links = [];
for (let number = 0; number < MANY; number += 1) {
  const { link } = await call("POST", "/api/v1/projects/job-7/upload-links", { label: `customer ${number}` });
  links.push(link.link_id);
}
const uppy = await uppys();
const uppysToJoin = await uppys();
const uppysToEnd = await uppys();

const dictionaries = {
  photos: await photos("kept", MANY),
  doomed: await photos("doomed", 2 * MANY),
  films: ids(await announce("film", MANY, film)),
  complete: ids(await stored("whole", MANY)),
  given_up: ids(await announce("given-up", 2 * MANY, plan)),
  links,
  projects: ["job-7"],
  part_numbers: [1, 2],
  piece_numbers: [1, 2, 3, 4],
  piece_sizes: [131_072],
  checksums: ["rosUhgqZiIg="],
  types: ["application/pdf", "image/jpeg"],
  names: ["roof.jpg", "plan.pdf"],
  sizes: [4096],
  batches: ["1", "1,2,3"],
  first: [1],
};
for (const [name, { key, id, etag }] of Object.entries({ uppy, uppysToJoin, uppysToEnd })) {
  Object.assign(dictionaries, { [`${name}_id`]: [id], [`${name}_key`]: [key], [`${name}_etag`]: [etag] });
}

const { photos: shown, doomed, films, complete, given_up: givenUp } = dictionaries;
const checksum = "rosUhgqZiIg=";
const project_id = "job-7";
const ofUppy = ({ id, key }) => ({ upload_id: id, key });
/** What each operation is for: the values of its parameters by name, and its body. Each has things of its own to use up. */
const examples = {
  me: {},
  create_uploads: { body: { project_id, files: [{ client_ref: "example", ...plan }] } },
  report_previews: { body: { upload_ids: [films[0]] } },
  show_upload: { upload_id: films[0] },
  abort_upload: { upload_id: givenUp[0] },
  list_parts: { upload_id: films[0] },
  sign_parts: { upload_id: films[0], body: { parts: [{ part_number: 1, checksum }] } },
  sign_pieces: { upload_id: films[1], body: { piece_size: 131_072, pieces: [{ piece_number: 1, checksum }] } },
  complete_upload: { upload_id: complete[0], body: {} },
  upload_url: { body: { project_id, file_name: "roof.jpg", file_size: 4096, mime_type: "image/jpeg" } },
  list_photos: { project_id, limit: 2 },
  photo_urls: { body: { photo_ids: shown.slice(0, 3), expires_in_seconds: 900 } },
  show_photo: { photo_id: shown[0] },
  edit_photo: { photo_id: shown[0], body: { caption: "the north side", tags: ["roof"] } },
  set_photo_status: { photo_id: shown[1], body: { status: "processing" } },
  delete_photo: { photo_id: doomed[0] },
  event_ticket: { body: { project_id } },
  create_upload_link: { project_id, body: { label: "Ann", max_files: 3 } },
  list_upload_links: { project_id },
  revoke_upload_link: { project_id, link_id: links[0] },
  companion_params: { filename: "roof.jpg", type: "image/jpeg", "metadata[project_id]": project_id, "metadata[size]": "4096" },
  companion_create_multipart: { body: { filename: "a.mp4", type: "video/mp4", metadata: { project_id } } },
  companion_list_parts: ofUppy(uppy),
  companion_sign_part: { ...ofUppy(uppy), part_number: 1 },
  companion_sign_batch: { ...ofUppy(uppy), partNumbers: "1,2" },
  companion_complete: { ...ofUppy(uppysToJoin), body: { parts: [{ PartNumber: 1, ETag: uppysToJoin.etag }] } },
  companion_abort: ofUppy(uppysToEnd),
};

const described = await call("GET", "/openapi.json");
for (const item of Object.values(described.paths)) {
  for (const { operationId, parameters = [], requestBody } of Object.values(item)) {
    const { body, ...values } = examples[operationId] ?? {};
    for (const parameter of parameters) {
      if (parameter.name in values) parameter.example = values[parameter.name];
    }
    if (body) requestBody.content["application/json"].example = body;
  }
}
await writeFile(description, JSON.stringify(described));

/** Of what is bound, one in eight is made up nevertheless. */
const bound = (name) => `{ dictionary = ${JSON.stringify(name)}, probability = 0.875 }`;
const ofUppys = (name) => ({ "path.upload_id": `${name}_id`, "query.key": `${name}_key` });
const operations = {
  show_upload: { "path.upload_id": "films" },
  abort_upload: { "path.upload_id": "given_up" },
  list_parts: { "path.upload_id": "films" },
  sign_parts: { "path.upload_id": "films", "body.parts[*].part_number": "part_numbers", "body.parts[*].checksum": "checksums" },
  sign_pieces: {
    "path.upload_id": "films",
    "body.piece_size": "piece_sizes",
    "body.pieces[*].piece_number": "piece_numbers",
    "body.pieces[*].checksum": "checksums",
  },
  complete_upload: { "path.upload_id": "complete" },
  report_previews: { "body.upload_ids[*]": "films" },
  create_uploads: {
    "body.project_id": "projects",
    "body.files[*].content_type": "types",
    "body.files[*].size": "sizes",
    "body.files[*].checksum": "checksums",
  },
  upload_url: {
    "body.project_id": "projects",
    "body.file_name": "names",
    "body.mime_type": "types",
    "body.file_size": "sizes",
  },
  list_photos: { "query.project_id": "projects" },
  photo_urls: { "body.photo_ids[*]": "photos" },
  show_photo: { "path.photo_id": "photos" },
  edit_photo: { "path.photo_id": "photos" },
  set_photo_status: { "path.photo_id": "photos" },
  delete_photo: { "path.photo_id": "doomed" },
  event_ticket: { "body.project_id": "projects" },
  create_upload_link: { "path.project_id": "projects" },
  list_upload_links: { "path.project_id": "projects" },
  revoke_upload_link: { "path.project_id": "projects", "path.link_id": "links" },
  companion_params: {
    "query.filename": "names",
    "query.type": "types",
    "query.metadata[project_id]": "projects",
    "query.metadata[size]": "sizes",
  },
  companion_create_multipart: { "body.filename": "names", "body.type": "types", "body.metadata.project_id": "projects", "body.metadata.size": "sizes" },
  companion_list_parts: ofUppys("uppy"),
  companion_sign_part: { ...ofUppys("uppy"), "path.part_number": "part_numbers" },
  companion_sign_batch: { ...ofUppys("uppy"), "query.partNumbers": "batches" },
  companion_abort: ofUppys("uppysToEnd"),
  companion_complete: { ...ofUppys("uppysToJoin"), "body.parts[*].PartNumber": "first", "body.parts[*].ETag": "uppysToJoin_etag" },
};

const lines = [];
for (const [name, values] of Object.entries(dictionaries)) {
  lines.push(`[dictionaries.${name}]`, `values = ${JSON.stringify(values)}`, "");
}
for (const [operation, parameters] of Object.entries(operations)) {
  lines.push("[[operations]]", `include-operation-id = ${JSON.stringify(operation)}`, "[operations.parameters]");
  for (const [place, name] of Object.entries(parameters)) lines.push(`${JSON.stringify(place)} = ${bound(name)}`);
  lines.push("");
}
await writeFile(configuration, lines.join("\n"));
