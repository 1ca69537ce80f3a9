//! The bucket itself: does it let us in, is its clock ours, does it take what we sign.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};

use super::probe::Probe;
use super::{Finding, checksums, refused};
use crate::adapters::s3::{ClearedAfter, S3Store, read_http_date};
use crate::adapters::system::{RandomIds, SystemClock};
use crate::config::LimitOptions;
use crate::domain::clock_skew::ClockSkew;
use crate::domain::object_key::{DOCTOR_PREFIX, KeyTemplate, ObjectKey};
use crate::domain::staging::STAGING_PREFIX;
use crate::ports::clock::Clock as _;
use crate::ports::ids::IdSource as _;
use crate::ports::object_store::{ObjectStore, PutToSign, SigningWindow, StoreError};

/// The check of credentials.
pub const ACCESS: &str = "bucket";
/// The check of signed writes.
pub const WRITES: &str = "signed writes";
/// The check of what the bucket clears away.
pub const LIFECYCLE: &str = "lifecycle";
const CLOCK: &str = "clock";

/// What the bucket says to our credentials; `Err` where it says nothing at all, and asking on is idle.
pub async fn access(store: &dyn ObjectStore) -> Result<Finding, Finding> {
    Ok(match store.check().await {
        Ok(()) => Finding::good(ACCESS, format!("{} answers and lets us in.", store.browser_origin())),
        Err(StoreError::PermissionDenied(reason)) => Finding::bad(
            ACCESS,
            format!("it refuses our credentials ({reason}). Give them the policy below, or use others."),
        ),
        Err(StoreError::Unavailable(reason)) => {
            let advice = "Check WINDLASS_S3_ENDPOINT, the region and the network.";
            return Err(Finding::bad(ACCESS, format!("it does not answer ({reason}). {advice}")));
        }
        Err(error) => {
            Finding::bad(ACCESS, format!("{error}. Check WINDLASS_S3_BUCKET, the region and the endpoint."))
        }
    })
}

pub async fn clock(store: &dyn ObjectStore, probe: &Probe) -> Finding {
    let request = Request::get(store.browser_origin()).body(Bytes::new());
    let Ok(request) = request else { return Finding::bad(CLOCK, "the endpoint is no address.") };
    let answer = match probe.send(request).await {
        Ok(answer) => answer,
        Err(reason) => return Finding::bad(CLOCK, format!("the bucket's clock cannot be read: {reason}")),
    };
    let date = answer.headers().get(http::header::DATE).and_then(|date| date.to_str().ok());
    let Some(date) = date.and_then(read_http_date) else {
        return Finding::note(CLOCK, "the bucket does not say what time it is.");
    };
    let skew = ClockSkew::between(SystemClock.now(), date);
    let says = format!("{skew}.");
    if skew.is_too_far() { Finding::bad(CLOCK, says) } else { Finding::good(CLOCK, says) }
}

/// Whether the bucket itself clears away what multipart uploads, and pieces where they are taken, leave behind when
/// the service cannot; and neither photos nor what is still on its way.
pub async fn lifecycle(store: &S3Store, limits: &LimitOptions) -> Finding {
    let (takes_pieces, hours) = (limits.weak_signal, limits.upload_deadline_hours);
    let kept = |what: &str| {
        let kept =
            format!("{what} stay in the bucket, and are paid for, when the service cannot remove them.");
        Finding::note(LIFECYCLE, format!("{kept} Set the rules below."))
    };
    let template = KeyTemplate::parse(&limits.key_template).ok();
    let photos = template.as_ref().map(KeyTemplate::prefix).unwrap_or_default();
    let cleared = store.cleared_after(photos).await;
    if let Ok(cleared) = &cleared
        && let Some(found) = removed_photos(&cleared.expiring_prefixes, photos)
    {
        return found;
    }
    match cleared {
        Ok(ClearedAfter { multiparts_days: None, .. }) => kept("incomplete multipart uploads"),
        Ok(ClearedAfter { staged_days: None, .. }) if takes_pieces => kept("staged pieces"),
        Ok(ClearedAfter { multiparts_days: Some(days), staged_days, .. }) => {
            let soonest = days.min(staged_days.unwrap_or(days));
            if i64::from(soonest) * 24 < i64::from(hours) {
                return Finding::note(
                    LIFECYCLE,
                    format!(
                        "the bucket removes what has arrived of an upload after {soonest} days, but it has {hours} \
                         hours to arrive (WINDLASS_UPLOAD_DEADLINE_HOURS). Set the rules below."
                    ),
                );
            }
            let staged = staged_days.map(|days| format!(", staged pieces after {days}")).unwrap_or_default();
            let says = "incomplete multipart uploads are removed by the bucket after";
            Finding::good(LIFECYCLE, format!("{says} {days} days{staged}."))
        }
        Err(error) => Finding::note(
            LIFECYCLE,
            format!(
                "whether the bucket removes what is left behind cannot be seen ({error}). With \
                 s3:GetLifecycleConfiguration it could; see to the rules below."
            ),
        ),
    }
}

/// Photos, whose keys begin with `photos`, that the bucket removes by rules for keys that begin so.
fn removed_photos(expiring: &[String], photos: &str) -> Option<Finding> {
    if expiring.iter().any(|prefix| photos.starts_with(prefix)) {
        return Some(Finding::bad(
            LIFECYCLE,
            format!(
                "the bucket removes every photo after a time: one of its rules with Expiration holds for them all. Take \
                 it away, or give it the prefix {STAGING_PREFIX}, as below."
            ),
        ));
    }
    let some = expiring.iter().find(|prefix| prefix.starts_with(photos))?;
    Some(Finding::note(
        LIFECYCLE,
        format!(
            "the bucket removes what begins with {some} after a time, as one of its rules says. See to it that no \
             photos do; the rules below are all that Windlass needs."
        ),
    ))
}

/// Signs a PUT as for a browser, sends it, and removes the object again.
pub async fn writes(store: &dyn ObjectStore, probe: &Probe, conditional: bool) -> Finding {
    match try_write(store, probe, conditional).await {
        Ok(()) => {
            Finding::good(WRITES, "the bucket takes what is signed for it, and lets us read and remove it.")
        }
        Err(reason) => Finding::bad(WRITES, reason),
    }
}

async fn try_write(store: &dyn ObjectStore, probe: &Probe, conditional: bool) -> Result<(), String> {
    const CONTENT: &[u8] = b"windlass doctor";
    let key = new_key(".txt")?;
    let put = PutToSign {
        key: &key,
        size_bytes: CONTENT.len() as u64,
        content_type: "text/plain",
        checksum: Some(&checksums::crc64_nvme(CONTENT)),
        only_if_absent: conditional,
    };
    match send(store, probe, &put, CONTENT).await? {
        StatusCode::OK => {}
        StatusCode::FORBIDDEN => {
            return Err("the bucket refuses a signed PUT (403). The credentials may lack s3:PutObject, or \
                        WINDLASS_S3_REGION or WINDLASS_S3_PATH_STYLE is not what the bucket expects."
                .to_owned());
        }
        StatusCode::NOT_IMPLEMENTED if conditional => {
            return Err(
                "the store knows no If-None-Match. Set WINDLASS_S3_CONDITIONAL_WRITES=false.".to_owned()
            );
        }
        status @ (StatusCode::BAD_REQUEST | StatusCode::NOT_IMPLEMENTED) => {
            return Err(format!(
                "the bucket answers a signed PUT with {status}. A store that does not know \
                 x-amz-checksum-crc64nvme may answer so; Windlass needs one that does."
            ));
        }
        other => return Err(format!("the bucket answers a signed PUT with {other}.")),
    }
    let read = store.read_range(&key, 0..CONTENT.len() as u64, None).await;
    let unsigned =
        Request::get(store.object_url(&key)).body(Bytes::new()).map_err(|error| error.to_string())?;
    let unsigned = probe.send(unsigned).await;
    let removed = store.delete(&key).await;
    match read {
        Ok(bytes) if bytes == CONTENT => {}
        Ok(_) => return Err("the bucket gives back other bytes than it was given.".to_owned()),
        Err(error) => {
            let permissions = "s3:GetObject, and kms:Decrypt with a key of yours";
            return Err(refused("what was written cannot be read", &error, permissions));
        }
    }
    removed.map_err(|error| {
        let missing = refused("what was written cannot be removed", &error, "s3:DeleteObject");
        format!("{missing} {key} stays behind.")
    })?;
    if unsigned?.status().is_success() {
        return Err(
            "anyone can read what is in the bucket, without a signature. Block public access.".to_owned()
        );
    }
    Ok(())
}

/// A key that no other object has, of a name that ends so.
pub fn new_key(ending: &str) -> Result<ObjectKey, String> {
    let key = format!("{DOCTOR_PREFIX}{}{ending}", RandomIds::new().upload_id(SystemClock.now()));
    ObjectKey::try_from(key).map_err(|error| error.to_string())
}

/// Signs a PUT as for a browser, and sends these bytes by it: what the bucket answers.
pub async fn send(
    store: &dyn ObjectStore,
    probe: &Probe,
    put: &PutToSign<'_>,
    bytes: &'static [u8],
) -> Result<StatusCode, String> {
    let window = SigningWindow::beginning_at(SystemClock.now(), Duration::from_secs(300));
    let signed = store.sign_put(put, window).await;
    let signed = signed.map_err(|error| format!("nothing can be signed: {error}."))?;
    probe.put(&signed, bytes).await
}
