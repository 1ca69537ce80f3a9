/** `windlass`: the client. Importing it does nothing; making a `Windlass` starts no worker before there is a file to send. */
export { Windlass } from "./client.js";
export { Photos, UploadLinks, type CreateLinkOptions, type ListOptions } from "./api.js";
export { WindlassError, type ClientErrorCode, type WindlassErrorCode } from "./errors.js";
export {
  UploadAddedEvent,
  UploadErrorEvent,
  UploadPhotoEvent,
  UploadProgressEvent,
  UploadsKeptEvent,
  UploadsRestoredEvent,
  UploadStateEvent,
  UploadWarningEvent,
  type MissingFile,
  type WindlassEventMap,
} from "./events.js";
export { LivePhotos, type LiveListener, type LiveSource, type LiveState } from "./live.js";
export { filesFrom, type FileSource } from "./files.js";
export type { NotKeptCode, StorageReport } from "./keep/messages.js";
export type { AddManyOptions, AddOptions, OriginalsPolicy, WindlassOptions } from "./options.js";
export type { OutputFormat } from "./resize-photo.js";
export { DEFAULT_VARIANTS, type MadePicture, type MadePictures, type MakingOfPictures } from "./prepare.js";
export type { RequestOptions } from "./requests.js";
export { fromLink, tokenFromUrl, type TokenProvider } from "./token.js";
export { Upload, type UploadOrigin, type UploadState } from "./upload.js";

export type { CreatedUploadLink } from "./generated/CreatedUploadLink";
export type { EditPhotoRequest } from "./generated/EditPhotoRequest";
export type { ErrorCode } from "./generated/ErrorCode";
export type { EventKind } from "./generated/EventKind";
export type { ListPhotosResponse } from "./generated/ListPhotosResponse";
export type { Location } from "./generated/Location";
export type { MediaKind } from "./generated/MediaKind";
export type { ColorPolicy } from "./generated/ColorPolicy";
export type { MetadataPolicy } from "./generated/MetadataPolicy";
export type { MetadataWarning } from "./generated/MetadataWarning";
export type { Photo } from "./generated/Photo";
export type { PhotoEvent } from "./generated/PhotoEvent";
export type { PhotoMetadata } from "./generated/PhotoMetadata";
export type { PhotoTotals } from "./generated/PhotoTotals";
export type { ProgressCounts } from "./generated/ProgressCounts";
export type { TakenAt } from "./generated/TakenAt";
export type { UploadLink } from "./generated/UploadLink";
export type { UploadStatus } from "./generated/UploadStatus";
export type { Variant } from "./generated/Variant";
export type { VariantOptions } from "./generated/VariantOptions";
