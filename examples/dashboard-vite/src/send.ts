/** The page of a customer: what the link's token stands for is all it needs. */
import "windlass/elements";
import type { WindlassUploader } from "windlass/elements";

const uploader = document.querySelector<WindlassUploader>("windlass-uploader");
if (uploader !== null) {
  uploader.endpoint = "/";
  uploader.link = location.hash.slice(1);
}
