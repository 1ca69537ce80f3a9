//! `DELETE /api/v1/photos/{photo_id}` — remove a photo, its variants and its objects.
//!
//! Caller: scope `delete` on the project. Answers 204. Errors: `not_found`, `store_unavailable`.
