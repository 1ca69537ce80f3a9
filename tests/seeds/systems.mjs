/**
 * The upload flows of the five systems, each sending what its own clients send, with the table that leads their
 * routes and fields to Windlass (`mapped.mjs`). `fetch` is the client's, `photo` and `plan` are files of its user;
 * `office` is what stands on the server's side in the systems whose pipeline works on a file afterwards, and
 * `shown` takes the addresses the client shows its photos by. Runs in Node and in web pages.
 */

import { eventually } from "../e2e/harness/eventually.mjs";

const MIB = 1024 * 1024;
const JSON_TYPE = { "Content-Type": "application/json" };

function expect(holds, what, value) {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(value)}`);
}

async function jsonOf(response) {
  const text = await response.text();
  if (!response.ok) throw Object.assign(new Error(`${response.status} ${text}`), { status: response.status });
  return JSON.parse(text);
}

/** As all five send a file: its type, and nothing else. */
async function put(fetch, url, file) {
  const response = await fetch(url, { method: "PUT", body: file, headers: { "Content-Type": file.type } });
  expect(response.ok, "the store took the file", response.status);
}

const isTime = (value) => typeof value === "string" && !Number.isNaN(Date.parse(value));

export const SYSTEMS = [
  {
    name: "QuickDumpNow",
    does: "asks for a URL by job and name, PUTs, and lists the job's photos",
    addsToken: true,
    routes: {
      "POST /upload-url": {
        to: "POST /api/v1/photos/upload-url",
        ask: { job_id: "project_id", filename: "file_name" },
        answer: { upload_url: "presigned_url" },
      },
      "GET /list-photos": {
        to: "GET /api/v1/photos",
        ask: { job_id: "project_id" },
        answer: { photo_id: "key" },
      },
    },
    async flow({ fetch, project, photo, shown }) {
      const asked = { method: "POST", body: JSON.stringify({ job_id: project, filename: photo.name }) };
      const { presigned_url } = await jsonOf(await fetch("/upload-url", asked));
      await put(fetch, presigned_url, photo);
      const list = async () => jsonOf(await fetch(`/list-photos?job_id=${project}`));
      const { photos } = await eventually("the job lists its photo", list, ({ photos }) => photos.length === 1);
      const [{ key, size, url }] = photos;
      expect(typeof key === "string" && size === photo.size, "the list has key and size", photos);
      await shown([url]);
    },
  },
  {
    name: "PhotoVault",
    does: "asks for a URL by name and type, PUTs, confirms by key, and lists its photos",
    routes: {
      "POST /api/photos/upload-url": {
        to: "POST /api/v1/photos/upload-url",
        ask: { fileName: "file_name", contentType: "mime_type" },
        answer: { upload_url: "uploadUrl", upload_id: "key" },
      },
      "POST /api/photos/confirm": { to: "POST /api/v1/uploads/{key}/complete" },
      "GET /api/photos": { to: "GET /api/v1/photos", answer: { photo_id: "key", uploaded_at: "uploadedAt" } },
    },
    async flow({ fetch, token, photo, shown }) {
      const own = { Authorization: `Bearer ${token}` };
      const post = (path, body) =>
        fetch(path, { method: "POST", headers: { ...own, ...JSON_TYPE }, body: JSON.stringify(body) });
      const { uploadUrl, key } = await jsonOf(
        await post("/api/photos/upload-url", { fileName: photo.name, contentType: photo.type }),
      );
      await put(fetch, uploadUrl, photo);
      expect((await post("/api/photos/confirm", { key })).ok, "it is confirmed", key);
      const { photos } = await jsonOf(await fetch("/api/photos", { headers: own }));
      expect(photos.length === 1 && photos[0].key === key && isTime(photos[0].uploadedAt), "its photo", photos);
      await shown(photos.map(({ url }) => url));
    },
  },
  {
    name: "BuildPeer",
    does: "announces a photo and a large plan together, sends the plan in parts, completes it, and asks how far they are",
    addsToken: true,
    routes: {
      "POST /api/uploads/initiate": {
        to: "POST /api/v1/uploads",
        ask: { projectId: "project_id", contentType: "content_type" },
        answer: { upload_id: "uploadId", part_number: "partNumber", expires_at: "expiresAt" },
        add: (body) => ({ ...body, files: body.files.map((file) => ({ ...file, client_ref: crypto.randomUUID() })) }),
      },
      "POST /api/uploads/{uploadId}/complete": {
        to: "POST /api/v1/uploads/{uploadId}/complete",
        ask: { PartNumber: "part_number", ETag: "etag" },
      },
      "GET /api/uploads/{uploadId}/status": {
        to: "GET /api/v1/uploads/{uploadId}",
        answer: { upload_id: "uploadId", progress_percent: "progress", updated_at: "processedAt" },
        words: { pending_upload: "PENDING", uploaded: "UPLOADED", processing: "UPLOADED", completed: "COMPLETED", failed: "FAILED" },
        more: async (state, get) => {
          if (state.status !== "COMPLETED") return state;
          const { url } = await jsonOf(await get(`/api/v1/photos/${state.uploadId}`));
          return { ...state, thumbnailUrl: url };
        },
      },
    },
    async flow({ fetch, token, project, photo, plan, office, shown }) {
      const files = [plan, photo].map(({ name, type, size }) => ({ filename: name, contentType: type, size }));
      const { uploads } = await jsonOf(
        await fetch("/api/uploads/initiate", {
          method: "POST",
          headers: { ...JSON_TYPE, Authorization: `Bearer ${token}`, "X-Tenant-ID": "somebody-else" },
          body: JSON.stringify({ projectId: project, files }),
        }),
      );
      const [large, small] = uploads;
      expect(large.method === "MULTIPART" && small.method === "PUT", "each goes its way", uploads);
      expect(uploads.every(({ expiresAt }) => isTime(expiresAt)), "URLs say until when", uploads);
      await put(fetch, small.url, photo);
      const parts = [];
      for (const { partNumber, url } of large.parts) {
        const chunk = plan.slice((partNumber - 1) * 5 * MIB, partNumber * 5 * MIB);
        const response = await fetch(url, { method: "PUT", body: chunk });
        parts.push({ PartNumber: partNumber, ETag: response.headers.get("ETag") });
      }
      const body = JSON.stringify({ parts });
      const completed = await fetch(`/api/uploads/${large.uploadId}/complete`, { method: "POST", body });
      expect(completed.ok, "the plan is complete", completed.status);
      for (const { uploadId } of uploads) {
        const status = async () => jsonOf(await fetch(`/api/uploads/${uploadId}/status`));
        await eventually("it is uploaded", status, ({ status }) => status === "UPLOADED");
        await office.process(uploadId);
        const { progress, thumbnailUrl, processedAt } = await eventually(
          "it is completed",
          status,
          ({ status }) => status === "COMPLETED",
        );
        expect(progress === 100 && isTime(processedAt), "the status says how far and since when", { progress, processedAt });
        await shown([thumbnailUrl]);
      }
    },
  },
  {
    name: "CompanyCam",
    does: "asks for a URL, PUTs, says that it is uploaded, follows its status, and deletes it",
    routes: {
      "POST /api/v1/photos/upload-url": { to: "POST /api/v1/photos/upload-url" },
      "PATCH /api/v1/photos/{photo_id}/status": { to: "PATCH /api/v1/photos/{photo_id}/status" },
      "GET /api/v1/photos/{photo_id}": {
        to: "GET /api/v1/photos/{photo_id}",
        answer: { photo_id: "id", url: "s3_url", metadata: "exif_data", make: "camera_make", location: "gps_coordinates" },
      },
      "DELETE /api/v1/photos/{photo_id}": { to: "DELETE /api/v1/photos/{photo_id}" },
    },
    async flow({ fetch, token, project, photo, office, shown }) {
      const headers = { Authorization: `Bearer ${token}` };
      const typed = { ...headers, ...JSON_TYPE };
      const asked = { project_id: project, file_name: photo.name, file_size: photo.size, mime_type: photo.type };
      const answer = await fetch("/api/v1/photos/upload-url", {
        method: "POST",
        headers: typed,
        body: JSON.stringify(asked),
      });
      const { upload_id, photo_id, upload_url, s3_url, expires_in_seconds, headers: signed } = await jsonOf(answer);
      const isWhole = upload_id && s3_url.startsWith("http") && expires_in_seconds === 900;
      expect(isWhole, "the answer has all it needs", { upload_id, s3_url, expires_in_seconds });
      const sent = await fetch(upload_url, { method: "PUT", headers: signed, body: photo });
      expect(sent.ok, "the store took the file", sent.status);
      const body = JSON.stringify({ status: "uploaded" });
      await jsonOf(await fetch(`/api/v1/photos/${photo_id}/status`, { method: "PATCH", headers: typed, body }));
      await office.process(photo_id);
      const found = await jsonOf(await fetch(`/api/v1/photos/${photo_id}`, { headers }));
      const { id, project_id, status, uploaded_at, exif_data } = found;
      expect(id === photo_id && project_id === project && status === "completed" && isTime(uploaded_at), "its photo", found);
      expect(exif_data.camera_make && exif_data.gps_coordinates?.latitude, "what the camera wrote", exif_data);
      await shown([found.s3_url]);
      const gone = await fetch(`/api/v1/photos/${photo_id}`, { method: "DELETE", headers });
      expect(gone.ok, "it is deleted", gone.status);
      expect((await fetch(`/api/v1/photos/${photo_id}`, { headers })).status === 404, "it is gone", photo_id);
    },
  },
  {
    name: "the image pipeline",
    does: "asks for a URL, PUTs, and polls the results until they have labels",
    addsToken: true,
    routes: {
      "POST /upload-url": {
        to: "POST /api/v1/photos/upload-url",
        ask: { filename: "file_name", contentType: "mime_type" },
        answer: { upload_url: "uploadUrl", photo_id: "image_key" },
      },
      "GET /results": {
        to: "GET /api/v1/photos",
        answer: { photos: "results", photo_id: "image_key", tags: "labels" },
      },
    },
    async flow({ fetch, photo, office, shown }) {
      const body = JSON.stringify({ filename: photo.name, contentType: photo.type });
      const { uploadUrl, image_key } = await jsonOf(await fetch("/upload-url", { method: "POST", body }));
      await put(fetch, uploadUrl, photo);
      const results = async () => (await jsonOf(await fetch("/results"))).results;
      await eventually("there is a result", results, (results) => results.length === 1);
      await office.process(image_key, ["Roof", "Gutter"]);
      const [found] = await eventually("it has labels", results, ([{ status }]) => status === "completed");
      expect(found.image_key === image_key && found.labels.join() === "Roof,Gutter", "its labels", found);
      await shown([found.url]);
    },
  },
];

/** The `fetch` of a system's clients, which reaches Windlass at an address. */
export { mappedFetch } from "./mapped.mjs";
