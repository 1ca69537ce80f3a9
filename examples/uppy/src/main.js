/** Uppy's own picker and uploader, with Windlass behind them, and the gallery that shows what was stored. */
import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";
import Dashboard from "@uppy/dashboard";
import { tokenFromUrl, Windlass } from "windlass";
import "@uppy/core/css/style.min.css";
import "@uppy/dashboard/css/style.min.css";
import "windlass/elements";

import { authorize } from "./authorize.js";

const project = location.hash.slice(1) || "job-1041";
// Where the Windlass service is, such as "https://photos.example.com". Here Vite hands on what is asked of the page's own.
const endpoint = location.origin;
// Your own server decides who gets a token for which project.
const token = tokenFromUrl(new URL(`/demo/token?project=${encodeURIComponent(project)}`, location.href));
authorize(endpoint, token);

const uppy = new Uppy({ restrictions: { allowedFileTypes: ["image/*", ".heic", ".pdf", ".mp4", ".mov"] } })
  .use(Dashboard, { inline: true, target: "#uppy", height: 320, theme: "auto", proudlyDisplayPoweredByUppy: false })
  .use(AwsS3, {
    companionEndpoint: endpoint,
    // From 5 MiB on in parts: what has arrived is not sent again.
    shouldUseMultipart: ({ size }) => size > 5 * 1024 * 1024,
  });

// What Windlass reads of a file's meta: the project, and the size, so that no more than that is reserved.
uppy.on("file-added", ({ id, size }) => uppy.setFileMeta(id, { project_id: project, size }));

document.querySelector("#gallery").client = new Windlass({ endpoint, project, token });
