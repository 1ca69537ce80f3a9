/** `windlass`: the client. Importing it does nothing; making a `Windlass` starts no worker before a file comes. */
export { Windlass, type AddManyOptions, type AddOptions } from "./client.js";
export { Photos, type ListOptions, type RequestOptions } from "./api.js";
export { WindlassError, type ClientErrorCode, type WindlassErrorCode } from "./errors.js";
export {
  UploadErrorEvent,
  UploadPhotoEvent,
  UploadProgressEvent,
  UploadStateEvent,
  type WindlassEventMap,
} from "./events.js";
export { filesFrom, type FileSource } from "./files.js";
export type { WindlassOptions } from "./options.js";
export { DEFAULT_VARIANTS } from "./prepare.js";
export { fromLink, tokenFromUrl, type TokenProvider } from "./token.js";
export { Upload, type UploadState } from "./upload.js";

export type { ErrorCode } from "./generated/ErrorCode";
export type { ListPhotosResponse } from "./generated/ListPhotosResponse";
export type { Location } from "./generated/Location";
export type { MediaKind } from "./generated/MediaKind";
export type { MetadataPolicy } from "./generated/MetadataPolicy";
export type { MetadataWarning } from "./generated/MetadataWarning";
export type { Photo } from "./generated/Photo";
export type { PhotoMetadata } from "./generated/PhotoMetadata";
export type { ProgressCounts } from "./generated/ProgressCounts";
export type { TakenAt } from "./generated/TakenAt";
export type { UploadStatus } from "./generated/UploadStatus";
export type { Variant } from "./generated/Variant";
export type { VariantOptions } from "./generated/VariantOptions";
