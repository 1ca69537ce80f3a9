//! `GET /api/v1/photos/{photo_id}` — one [`Photo`] with fresh signed URLs.
//!
//! Caller: scope `read` on the project. Errors: `not_found`.
//!
//! [`Photo`]: crate::Photo
