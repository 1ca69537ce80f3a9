//! `DELETE /api/v1/uploads/{upload_id}` — give an upload up and remove what was stored of it. Idempotent.
//!
//! Caller: scope `upload` on the project. Answers 204, also when it was aborted before. Errors:
//! `not_found`, `upload_closed` (a finished photo is deleted with `DELETE /api/v1/photos/{photo_id}`),
//! `store_unavailable`.
