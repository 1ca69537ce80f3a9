//! How many signatures somebody gets: what a request signs is taken from the buckets of its subject, of its
//! tenant and of the place it comes from.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::HeaderName;
use http::request::Parts;
use windlass_protocol::UploadId;

use super::error::ApiError;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::client_address::AddressBlock;
use crate::domain::rate::Rate;
use crate::ports::rate_limiter::{BucketKey, Draw, Verdict};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What one file costs, with all its variants.
pub const FILE: u32 = 100;
/// What one part costs: a hundred parts are as much as one file.
pub const PART: u32 = 1;
/// What one question to the bucket costs that a request has asked: as much as a part.
pub const LOOK: u32 = PART;
/// What one change of a caption or of tags costs: the news of it are kept for a week, and told to all who watch.
pub const EDIT: u32 = FILE / 10;
/// What one upload link costs: its record stays, and in it what it may bring.
pub const LINK: u32 = FILE / 10;
/// How often each part of an upload may be signed in a day, on average.
const SIGNATURES_PER_PART: u32 = 10;
/// The same for uploads of few parts, altogether.
const MIN_PER_UPLOAD: u32 = 1000;

/// Whom the connection is with: the server says so.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Where a request comes from, where that can be said: behind proxies that are configured.
pub struct Place(pub Option<AddressBlock>);

impl FromRequestParts<Arc<App>> for Place {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let Some(proxies) = &app.settings.rates.proxies else { return Ok(Self(None)) };
        // Whatever bytes a client has sent before it: what our proxy appended to them counts.
        let values = parts.headers.get_all(X_FORWARDED_FOR).iter();
        let forwarded: Vec<String> =
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
        let forwarded = forwarded.iter().map(String::as_str);
        let peer = parts.extensions.get::<Peer>();
        Ok(Self(peer.map(|Peer(peer)| proxies.client_of(*peer, forwarded).into())))
    }
}

/// Takes what a request costs from all buckets, or says when to ask again.
pub(super) async fn draw(app: &App, caller: &Caller, place: &Place, cost: u32) -> Result<(), ApiError> {
    take(app, draws(app, caller, place, cost)).await
}

/// The same for so many questions to the bucket.
pub(super) async fn draw_looks(
    app: &App,
    caller: &Caller,
    place: &Place,
    looks: usize,
) -> Result<(), ApiError> {
    draw(app, caller, place, u32::try_from(looks).unwrap_or(u32::MAX).saturating_mul(LOOK)).await
}

/// The same for parts of one upload, which are counted by themselves as well: nobody signs the same parts
/// for ever.
pub(super) async fn draw_parts(
    app: &App,
    caller: &Caller,
    place: &Place,
    upload: UploadId,
    parts: (usize, u32),
) -> Result<(), ApiError> {
    let (asked, planned) = parts;
    let cost = u32::try_from(asked).unwrap_or(u32::MAX).saturating_mul(PART);
    let mut draws = draws(app, caller, place, cost);
    if !draws.is_empty() {
        let capacity = planned.saturating_mul(SIGNATURES_PER_PART).max(MIN_PER_UPLOAD);
        draws.push(Draw { bucket: BucketKey::of_upload(upload), rate: Rate::per_day(capacity), cost });
    }
    take(app, draws).await
}

fn draws(app: &App, caller: &Caller, place: &Place, cost: u32) -> Vec<Draw> {
    let rates = &app.settings.rates;
    let place = place.0.map(BucketKey::of_address);
    [
        (rates.per_subject, Some(BucketKey::of_subject(&caller.tenant, &caller.subject))),
        (rates.per_tenant, Some(BucketKey::of_tenant(&caller.tenant))),
        (rates.per_address, place),
    ]
    .into_iter()
    .filter_map(|(per_minute, bucket)| {
        let rate = Rate::per_minute(per_minute?.saturating_mul(FILE));
        Some(Draw { bucket: bucket?, rate, cost })
    })
    .collect()
}

async fn take(app: &App, draws: Vec<Draw>) -> Result<(), ApiError> {
    if draws.is_empty() {
        return Ok(());
    }
    match app.limiter.take(&draws, app.clock.now()).await {
        Ok(Verdict::Granted) => Ok(()),
        Ok(Verdict::Wait(wait)) => Err(ApiError::RateLimited(wait)),
        Err(error) => Err(ApiError::Unavailable(error.to_string())),
    }
}
