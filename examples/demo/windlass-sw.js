// What closed tabs have left is sent in the background, where the browser can (Background Sync). No token
// is stored: this worker asks for one itself, as the page does.
import { drainInBackground, tokenFromUrl } from "./windlass/service-worker.js";

drainInBackground({
  token: ({ project }) => tokenFromUrl(`demo/token?project=${encodeURIComponent(project)}`)(),
});
