//! `GET /api/v1/photos`: a project's photos, newest first. Pages continue after a photo, not at a count,
//! so that they neither repeat nor skip when photos arrive meanwhile.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::try_join;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderName, StatusCode, Uri};
use time::OffsetDateTime;
use uuid::Uuid;
use windlass_protocol::list_photos::{DEFAULT_LIMIT, ListPhotosQuery, ListPhotosResponse, MAX_LIMIT};
use windlass_protocol::{PhotoId, Timestamp};

use super::links::PhotoSigner;
use super::present::present_with;
use crate::answers::{Fingerprint, Question};
use crate::api::access::{may_touch, project_of};
use crate::api::error::ApiError;
use crate::api::extract::{QueryOf, known_etags};
use crate::app::{App, GET_WINDOW};
use crate::auth::Caller;
use crate::domain::filter::{
    BoundingBox, InvalidRange, PageMark, PhotoFilter, TakenRange, search_words, sender, whole_term,
};
use crate::ports::object_store::SigningWindow;
use crate::ports::uploads::{KnownPhotos, ListedPhoto, PhotoQuery, PhotoVersion, ShownPhoto};
use crate::shown::ShownInWindow;

/// Lists photos.
#[utoipa::path(
    get,
    path = "/api/v1/photos",
    operation_id = "list_photos",
    tag = "photos",
    params(
        ListPhotosQuery,
        ("If-None-Match" = Option<String>, Header, description = "The ETag of an earlier answer to the same question"),
    ),
    responses(
        (status = 200, body = ListPhotosResponse, headers(("ETag" = String, description = "Names this answer"))),
        (
            status = 304,
            description = "Nothing has happened since the answer in If-None-Match",
            headers(("ETag" = String, description = "Names this answer"))
        ),
    ),
    security(("token" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    QueryOf(query): QueryOf<ListPhotosQuery>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let project = project_of(&caller, query.project_id.as_ref(), "project_id")?;
    if !may_touch(&app, &caller, project).await? {
        return Err(ApiError::NotFound("There is no such project"));
    }
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let reason = format!("must be between 1 and {MAX_LIMIT}");
        return Err(ApiError::InvalidRequest { field: Some("limit".to_owned()), reason });
    }
    let filter = read_filter(&query)?;
    let after =
        query.cursor.as_deref().map(|cursor| read_cursor(cursor, filter.taken.is_some())).transpose()?;
    // Before the list: what happens meanwhile is told again rather than not at all.
    let (latest_event, latest_at) = app.events.latest_with_time(&caller.tenant, project).await?;
    let window = app.settings.get_window(app.clock.now());
    let question = Question {
        tenant: &caller.tenant,
        project,
        query: uri.query().unwrap_or_default(),
        latest_event,
        latest_at,
        window: window.signed_at.unix_timestamp(),
    };
    let question = question.fingerprint();
    let now = app.clock.now();
    if let Some(good_until) = good_until_of_known(&headers, &question).filter(|good_until| now < *good_until)
    {
        return Ok((StatusCode::NOT_MODIFIED, fresh(&question, good_until)).into_response());
    }
    if let Some((body, good_until)) = app.answers.find(&question, now) {
        return Ok((fresh(&question, good_until), body).into_response());
    }
    let asked = PhotoQuery { tenant: &caller.tenant, project, filter: &filter, after, limit };
    let shown = Arc::new(ShownInWindow::of(&app.shown, window.signed_at, now));
    let known: Arc<dyn KnownPhotos> = shown.clone();
    let listed = app.uploads.list_photos(&asked, &known);
    let (page, totals) = try_join(listed, app.uploads.photo_totals(&caller.tenant, project)).await?;
    let photos = show(&app, &caller, window, &shown, page.photos).await?;
    let expires_at = photos.iter().filter_map(|photo| photo.url_expires_at).min();
    let good_until = good_until(expires_at, &window);
    let next_cursor = page.next.map(write_cursor);
    let body = write(&photos, ListPhotosResponse { photos: Vec::new(), next_cursor, totals, latest_event })?;
    app.answers.keep(question, body.clone(), good_until);
    Ok((fresh(&question, good_until), body).into_response())
}

/// The photos as whoever may read them gets them, those that are not known among them. A record that is no photo, as a
/// process of an older version may leave it, does not fail its page.
async fn show(
    app: &App,
    caller: &Caller,
    window: SigningWindow,
    shown: &ShownInWindow,
    listed: Vec<ListedPhoto>,
) -> Result<Vec<ShownPhoto>, ApiError> {
    let mut signer = None;
    let mut photos = Vec::with_capacity(listed.len());
    for photo in listed {
        let upload = match photo {
            ListedPhoto::Known(photo) => {
                photos.push(photo);
                continue;
            }
            ListedPhoto::Recorded(upload) => upload,
        };
        let signer = match &mut signer {
            Some(signer) => signer,
            None => signer.insert(PhotoSigner::new(app, window).await),
        };
        let photo = match present_with(signer, caller, &upload) {
            Err(ApiError::UploadClosed(status)) => {
                tracing::error!(upload = %upload.id(), ?status, "a record is left out of a list: it is no photo");
                continue;
            }
            presented => presented?,
        };
        let url_expires_at = photo.url_expires_at;
        let json = Bytes::from(serde_json::to_vec(&photo).map_err(unwritable)?.into_boxed_slice());
        let photo = ShownPhoto { json, url_expires_at };
        shown.keep(PhotoVersion::of(&upload), photo.clone(), good_until(url_expires_at, &window));
        photos.push(photo);
    }
    Ok(photos)
}

/// As long as URLs that stop working then live as long as new ones would: credentials may have cut their life short.
fn good_until(expires_at: Option<Timestamp>, window: &SigningWindow) -> OffsetDateTime {
    let expires_at = expires_at.map_or(window.signed_at + window.lifetime, Timestamp::as_datetime);
    expires_at - window.lifetime + GET_WINDOW
}

/// Writes a page: these photos where the list is empty, which comes first.
fn write(photos: &[ShownPhoto], page: ListPhotosResponse) -> Result<Bytes, ApiError> {
    const BEGIN: &[u8] = b"{\"photos\":[";
    let page = serde_json::to_vec(&page).map_err(unwritable)?;
    let rest = page
        .strip_prefix(BEGIN)
        .ok_or_else(|| ApiError::Internal("a page does not begin with its photos".to_owned()))?;
    // No more than that: it may be kept for a while.
    let size = page.len() + photos.iter().map(|photo| photo.json.len() + 1).sum::<usize>();
    let mut body = Vec::with_capacity(size);
    body.extend_from_slice(BEGIN);
    for (number, photo) in photos.iter().enumerate() {
        if number > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&photo.json);
    }
    body.extend_from_slice(rest);
    Ok(Bytes::from(body))
}

fn unwritable(error: serde_json::Error) -> ApiError {
    ApiError::Internal(error.to_string())
}

/// The headers of an answer: its ETag is the same for as long as the answer would be, and says how long it is good.
/// What it depends on is in the question; only how long its URLs live is known from the answer alone.
fn fresh(question: &Fingerprint, good_until: OffsetDateTime) -> [(HeaderName, String); 3] {
    let etag = format!("W/\"{}.{}\"", tag_of(question), good_until.unix_timestamp());
    [
        (ETAG, etag),
        (CACHE_CONTROL, "private, no-cache".to_owned()),
        (CONTENT_TYPE, "application/json".to_owned()),
    ]
}

/// How long the answer to this question is good that the client has.
fn good_until_of_known(headers: &HeaderMap, question: &Fingerprint) -> Option<OffsetDateTime> {
    let tag = tag_of(question);
    known_etags(headers).find_map(|etag| {
        let seconds = etag.trim_matches('"').strip_prefix(tag.as_str())?.strip_prefix('.')?;
        OffsetDateTime::from_unix_timestamp(seconds.parse().ok()?).ok()
    })
}

fn tag_of(question: &Fingerprint) -> String {
    URL_SAFE_NO_PAD.encode(&question.as_bytes()[..16])
}

fn read_filter(query: &ListPhotosQuery) -> Result<PhotoFilter, ApiError> {
    let taken = TakenRange::parse(query.taken_from.as_deref(), query.taken_to.as_deref());
    let taken = taken.map_err(|error| match error {
        InvalidRange::From(reason) => wrong("taken_from", reason),
        InvalidRange::To(reason) => wrong("taken_to", reason),
    })?;
    let whole = |name: &'static str, text: &Option<String>| {
        text.as_deref().map(whole_term).transpose().map_err(|reason| wrong(name, reason))
    };
    let place = query.bbox.as_deref().map(BoundingBox::parse).transpose();
    let words = query.q.as_deref().map(search_words).transpose();
    let sender = query.created_by.as_deref().map(sender).transpose();
    Ok(PhotoFilter {
        status: query.status,
        with_arriving: query.arriving.unwrap_or_default(),
        kind: query.kind,
        sender: sender.map_err(|reason| wrong("created_by", reason))?,
        taken,
        place: place.map_err(|reason| wrong("bbox", reason))?,
        camera: whole("camera", &query.camera)?,
        tag: whole("label", &query.label)?,
        words: words.map_err(|reason| wrong("q", reason))?.unwrap_or_default(),
    })
}

fn wrong(field: &str, reason: impl ToString) -> ApiError {
    ApiError::InvalidRequest { field: Some(field.to_owned()), reason: reason.to_string() }
}

/// The photo's id, and the time it was taken where the list is by that.
fn write_cursor(last: PageMark) -> String {
    let mut bytes = last.photo.as_uuid().as_bytes().to_vec();
    bytes.extend(last.taken_ms.map(i64::to_be_bytes).into_iter().flatten());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read_cursor(cursor: &str, by_taken: bool) -> Result<PageMark, ApiError> {
    let foreign = || {
        wrong(
            "cursor",
            "is not one this service gave out under these filters; use next_cursor of the page before as it is",
        )
    };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| foreign())?;
    let (id, taken) = bytes.split_at_checked(16).ok_or_else(foreign)?;
    let photo = Uuid::from_slice(id).map(PhotoId::from).map_err(|_| foreign())?;
    let taken_ms = match (taken, by_taken) {
        ([], false) => None,
        (taken, true) => Some(i64::from_be_bytes(taken.try_into().map_err(|_| foreign())?)),
        _ => return Err(foreign()),
    };
    Ok(PageMark { photo, taken_ms })
}
