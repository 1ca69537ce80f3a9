/** The page of a customer: what the link's token stands for is all it needs. */
import "windlass/elements";
import type { WindlassUploader } from "windlass/elements";

import { endpoint } from "./endpoint";

const uploader = document.querySelector<WindlassUploader>("windlass-uploader");
if (uploader !== null) {
  uploader.endpoint = endpoint;
  const follow = (): void => {
    uploader.link = location.hash.slice(1);
  };
  follow();
  // Another link that is opened in this tab differs only after the #, for which no browser loads the page again.
  addEventListener("hashchange", follow);
}
