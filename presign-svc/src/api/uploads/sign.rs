//! The signed URLs of an accepted upload.

use time::OffsetDateTime;
use windlass_protocol::create_uploads::{AcceptedUpload, SignedPart, SignedVariant, Staging, UploadMethod};
use windlass_protocol::{API_PREFIX, Checksum, ClientRef, PartNumber, PartPlan, Timestamp};

use super::already_there::AlreadyThere;
use crate::api::error::ApiError;
use crate::app::App;
use crate::domain::announce::{SizeClaim, Transfer};
use crate::domain::upload::{Upload, UploadState};
use crate::domain::variant::Variant;
use crate::jobs::multipart;
use crate::ports::object_store::{MultipartId, PartToSign, PutToSign, SignedRequest};

/// Parts signed at once, for clients that send no checksums. More are asked for when they are wanted, so
/// that none dies of old age unused.
const FIRST_PARTS: usize = 4;
/// The same for clients that ask for no more: files up to 5,000 MiB.
const PLAIN_PARTS: usize = 1000;

/// Signs what is still wanted of an upload: its original while it is pending, and those of the announced
/// variants that are as recorded and not stored yet. What is `there` gets no URL.
pub async fn sign_upload(
    app: &App,
    upload: &mut Upload,
    client_ref: ClientRef,
    announced: &[Variant],
    there: &AlreadyThere,
) -> Result<AcceptedUpload, ApiError> {
    let now = app.clock.now();
    let mut accepted = AcceptedUpload {
        client_ref,
        upload_id: upload.id(),
        photo_id: upload.photo_id(),
        status: upload.status(),
        already_stored: false,
        method: UploadMethod::Put,
        url: None,
        headers: Default::default(),
        part_size: None,
        part_count: None,
        parts: Vec::new(),
        staging: None,
        variants: Vec::new(),
        expires_at: Timestamp::from(now + app.settings.put_url_lifetime),
        status_url: format!("{API_PREFIX}/uploads/{}", upload.id()),
    };
    let is_pending = *upload.state() == UploadState::Pending;
    if is_pending && app.settings.weak_signal {
        accepted.staging = Some(Staging { piece_size: upload.progress().piece_size_bytes });
    }
    let mut expires_at = now + app.settings.put_url_lifetime;
    match upload.facts().file.transfer {
        Transfer::Put if is_pending && !there.original => {
            let signed = sign_original(app, upload, now).await?;
            expires_at = expires_at.min(signed.expires_at);
            (accepted.url, accepted.headers) = (Some(signed.url), signed.headers);
        }
        Transfer::Put => {}
        Transfer::Multipart(plan) => {
            accepted.method = UploadMethod::Multipart;
            accepted.part_size = Some(plan.part_size_bytes());
            accepted.part_count = Some(plan.part_count());
            if is_pending {
                let multipart = multipart::ensure_open(app, upload).await?;
                let count = if app.settings.plain_clients { PLAIN_PARTS } else { FIRST_PARTS };
                let first: Vec<_> = plan.part_numbers().take(count).map(|number| (number, None)).collect();
                let (parts, parts_expire_at) =
                    sign_parts(app, upload, &multipart, &plan, &first, now).await?;
                expires_at = expires_at.min(parts_expire_at);
                accepted.parts = parts;
            }
        }
    }
    for variant in &upload.progress().variants {
        let is_wanted = !variant.is_stored && !there.variants.contains(&variant.name);
        if is_wanted && announced.iter().any(|other| other.is_same_as(variant)) {
            let signed = sign_variant(app, upload, variant, now).await?;
            expires_at = expires_at.min(signed.expires_at);
            accepted.variants.push(SignedVariant {
                name: variant.name.to_string(),
                url: signed.url,
                headers: signed.headers,
            });
        }
    }
    accepted.expires_at = Timestamp::from(expires_at);
    Ok(accepted)
}

/// Signs the PUT of an original.
pub async fn sign_original(
    app: &App,
    upload: &Upload,
    now: OffsetDateTime,
) -> Result<SignedRequest, ApiError> {
    let (file, window) = (&upload.facts().file, app.settings.put_window(now));
    if file.size_claim == SizeClaim::AtMost {
        return Ok(app.store.sign_plain_put(&upload.original_key(), file.media_type.mime(), window).await?);
    }
    let put = PutToSign {
        key: &upload.original_key(),
        size_bytes: file.size_bytes,
        content_type: file.media_type.mime(),
        checksum: file.checksum.as_ref(),
        only_if_absent: app.settings.conditional_writes && !app.settings.plain_clients,
    };
    Ok(app.store.sign_put(&put, window).await?)
}

async fn sign_variant(
    app: &App,
    upload: &Upload,
    variant: &Variant,
    now: OffsetDateTime,
) -> Result<SignedRequest, ApiError> {
    let put = PutToSign {
        key: &upload.variant_key(variant),
        size_bytes: variant.size_bytes,
        content_type: variant.media_type.mime(),
        checksum: variant.checksum.as_ref(),
        only_if_absent: app.settings.conditional_writes,
    };
    Ok(app.store.sign_put(&put, app.settings.put_window(now)).await?)
}

/// Signs parts of the plan, in the order given. Numbers beyond the plan are refused.
pub async fn sign_parts(
    app: &App,
    upload: &Upload,
    multipart: &MultipartId,
    plan: &PartPlan,
    wanted: &[(PartNumber, Option<Checksum>)],
    now: OffsetDateTime,
) -> Result<(Vec<SignedPart>, OffsetDateTime), ApiError> {
    let mut parts = Vec::with_capacity(wanted.len());
    for (index, (part_number, checksum)) in wanted.iter().enumerate() {
        let size_bytes = plan.size_of(*part_number).ok_or_else(|| ApiError::InvalidRequest {
            field: Some(format!("parts[{index}].part_number")),
            reason: format!("must be between 1 and {} for this upload", plan.part_count()),
        })?;
        parts.push((size_bytes, *part_number, *checksum));
    }
    let is_known = upload.facts().file.size_claim == SizeClaim::Exactly;
    let to_sign: Vec<_> = parts
        .iter()
        .map(|(size_bytes, part_number, checksum)| PartToSign {
            part_number: *part_number,
            size_bytes: is_known.then_some(*size_bytes),
            checksum: *checksum,
        })
        .collect();
    let window = app.settings.put_window(now);
    let signed = app.store.sign_parts(&upload.original_key(), multipart, &to_sign, window).await?;
    let expires_at = signed.iter().map(|part| part.expires_at).min().unwrap_or(now + window.lifetime);
    let answered = parts.into_iter().zip(signed).map(|((size, part_number, _), signed)| SignedPart {
        part_number,
        url: signed.url,
        headers: signed.headers,
        size,
    });
    Ok((answered.collect(), expires_at))
}
