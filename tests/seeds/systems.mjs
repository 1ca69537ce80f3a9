/**
 * The upload flows of the five systems, each as its own clients do it, with the table that leads their routes
 * and fields to Windlass. `photo` and `plan` are files; `office` is what stands on the server's side in the
 * systems whose pipeline works on a file afterwards.
 */

import { eventually } from "../e2e/harness/eventually.mjs";

const MIB = 1024 * 1024;

export const SYSTEMS = [
  {
    name: "QuickDumpNow",
    does: "asks for a URL by job and name, PUTs, and lists the job's photos",
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
    async flow({ client, project, photo }) {
      const { presigned_url: url } = await client.call("POST /upload-url", { job_id: project, filename: photo.name });
      await client.put(url, photo.bytes, photo.type);
      const list = () => client.call("GET /list-photos", { job_id: project });
      const { photos } = await eventually("the job lists its photo", list, ({ photos }) => photos.length === 1);
      const [{ key, size, url: shown }] = photos;
      return { named: typeof key === "string" && size === photo.bytes.length, shown: [shown] };
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
      "POST /api/photos/confirm": { to: "POST /api/v1/uploads/{key}/complete", empty: true },
      "GET /api/photos": { to: "GET /api/v1/photos", answer: { photo_id: "key" } },
    },
    async flow({ client, photo }) {
      const asked = { fileName: photo.name, contentType: photo.type };
      const { uploadUrl, key } = await client.call("POST /api/photos/upload-url", asked);
      await client.put(uploadUrl, photo.bytes, photo.type);
      await client.call("POST /api/photos/confirm", { key });
      const { photos } = await client.call("GET /api/photos");
      return { named: photos.length === 1 && photos[0].key === key, shown: photos.map(({ url }) => url) };
    },
  },
  {
    name: "BuildPeer",
    does: "announces a photo and a large plan together, sends the plan in parts, completes it, and asks how far they are",
    routes: {
      "POST /api/uploads/initiate": {
        to: "POST /api/v1/uploads",
        // The name is what a file is known by when it is announced again.
        ask: { projectId: "project_id", contentType: "content_type", filename: ["filename", "client_ref"] },
        answer: { upload_id: "uploadId", part_number: "partNumber", expires_at: "expiresAt" },
      },
      "POST /api/uploads/{uploadId}/complete": {
        to: "POST /api/v1/uploads/{uploadId}/complete",
        ask: { PartNumber: "part_number", ETag: "etag" },
      },
      "GET /api/uploads/{uploadId}/status": {
        to: "GET /api/v1/uploads/{uploadId}",
        answer: { upload_id: "uploadId" },
      },
    },
    async flow({ client, project, photo, plan, office }) {
      const files = [plan, photo].map(({ name, type, bytes }) => ({ filename: name, contentType: type, size: bytes.length }));
      const { uploads } = await client.call("POST /api/uploads/initiate", { projectId: project, files });
      const [large, small] = uploads;
      if (large.method !== "MULTIPART" || small.method !== "PUT") throw new Error(JSON.stringify(uploads));
      await client.put(small.url, photo.bytes, photo.type);
      const parts = [];
      for (const { partNumber, url } of large.parts) {
        const chunk = plan.bytes.subarray((partNumber - 1) * 5 * MIB, partNumber * 5 * MIB);
        parts.push({ PartNumber: partNumber, ETag: await client.put(url, chunk) });
      }
      await client.call("POST /api/uploads/{uploadId}/complete", { uploadId: large.uploadId, parts });
      const status = (uploadId) => () => client.call("GET /api/uploads/{uploadId}/status", { uploadId });
      for (const { uploadId } of uploads) {
        await eventually("it is uploaded", status(uploadId), ({ status }) => status === "uploaded");
        await office.process(uploadId);
        await eventually("it is completed", status(uploadId), ({ status }) => status === "completed");
      }
      const shown = await office.urls(project);
      return { named: uploads.every(({ uploadId }) => typeof uploadId === "string"), shown };
    },
  },
  {
    name: "CompanyCam",
    does: "asks for a URL, PUTs, says that it is uploaded, follows its status, and deletes it",
    routes: {},
    async flow({ client, project, photo, office, compare }) {
      const asked = { project_id: project, file_name: photo.name, file_size: photo.bytes.length, mime_type: photo.type };
      const { photo_id, upload_url, headers, status_url, expires_in_seconds } = await client.call("POST /api/v1/photos/upload-url", asked);
      const { status } = await client.call(`GET ${status_url}`);
      if (status !== "pending_upload" || expires_in_seconds !== 900) throw new Error(status);
      await client.put(upload_url, photo.bytes, headers["content-type"]);
      const route = "PATCH /api/v1/photos/{photo_id}/status";
      const { metadata } = await client.call(route, { photo_id, status: "uploaded" });
      await office.process(photo_id);
      const { status: last, url } = await client.call("GET /api/v1/photos/{photo_id}", { photo_id });
      await compare([url]);
      await client.call("DELETE /api/v1/photos/{photo_id}", { photo_id });
      const after = await client.call("GET /api/v1/photos/{photo_id}", { photo_id }).catch(({ status }) => status);
      return { named: last === "completed" && metadata.make !== null && after === 404, shown: [] };
    },
  },
  {
    name: "the image pipeline",
    does: "asks for a URL, PUTs, and polls the results until they have labels",
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
    async flow({ client, photo, office }) {
      const asked = { filename: photo.name, contentType: photo.type };
      const { uploadUrl, image_key } = await client.call("POST /upload-url", asked);
      await client.put(uploadUrl, photo.bytes, photo.type);
      const results = () => client.call("GET /results");
      await eventually("there is a result", results, ({ results }) => results.length === 1);
      await office.process(image_key, ["Roof", "Gutter"]);
      const { results: found } = await eventually("it has labels", results, ({ results }) => results[0].status === "completed");
      const [{ labels, url, image_key: key }] = found;
      return { named: key === image_key && labels.join() === "Roof,Gutter", shown: [url] };
    },
  },
];
