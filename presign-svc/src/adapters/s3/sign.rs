//! Signed requests for browsers, in the port's words.

use std::sync::Arc;

use windlass_protocol::{Checksum, ChecksumAlgorithm};
use windlass_signing::{
    self as signing, GetOptions, PartHeaders, PostConditions, PutHeaders, SignError, Signer, Validity,
};

use super::signer_source::SignerSource;
use crate::domain::object_key::ObjectKey;
use crate::ports::object_store::{
    FormToSign, GetSigner, GetToSign, MultipartId, PartToSign, PutToSign, SignedForm, SignedRequest,
    SigningWindow, StoreError, StoreResult,
};

pub(super) async fn put(
    signers: &SignerSource,
    put: &PutToSign<'_>,
    window: SigningWindow,
) -> StoreResult<SignedRequest> {
    let checksum = put.checksum.map(Text::of);
    let headers = PutHeaders {
        content_length: Some(put.size_bytes),
        content_type: Some(put.content_type),
        checksum: checksum.as_ref().map(Text::header),
        only_if_absent: put.only_if_absent,
    };
    with_signer(signers, |signer| {
        let signed = signer.put_object(put.key.as_str(), &headers, &validity(window))?;
        Ok(ported(signed))
    })
    .await
}

pub(super) async fn plain_put(
    signers: &SignerSource,
    key: &ObjectKey,
    content_type: &str,
    window: SigningWindow,
) -> StoreResult<SignedRequest> {
    let headers = PutHeaders { content_type: Some(content_type), ..PutHeaders::default() };
    with_signer(signers, |signer| Ok(ported(signer.put_object(key.as_str(), &headers, &validity(window))?)))
        .await
}

pub(super) async fn form(
    signers: &SignerSource,
    form: &FormToSign<'_>,
    window: SigningWindow,
) -> StoreResult<SignedForm> {
    let conditions = PostConditions {
        min_bytes: *form.sizes_bytes.start(),
        max_bytes: *form.sizes_bytes.end(),
        content_type: form.content_type,
        checksum: None,
    };
    with_signer(signers, |signer| {
        let signed = signer.post_object(form.key.as_str(), &conditions, &validity(window))?;
        Ok(SignedForm {
            url: signed.url,
            fields: signed.fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            expires_at: signed.expires_at,
        })
    })
    .await
}

pub(super) async fn parts(
    signers: &SignerSource,
    key: &ObjectKey,
    multipart: &MultipartId,
    parts: &[PartToSign],
    window: SigningWindow,
) -> StoreResult<Vec<SignedRequest>> {
    let checksums: Vec<_> = parts.iter().map(|part| part.checksum.as_ref().map(Text::of)).collect();
    let headers: Vec<_> = parts
        .iter()
        .zip(&checksums)
        .map(|(part, checksum)| PartHeaders {
            part_number: part.part_number.get(),
            content_length: part.size_bytes,
            checksum: checksum.as_ref().map(Text::header),
        })
        .collect();
    with_signer(signers, |signer| {
        let signed = signer.upload_parts(key.as_str(), &multipart.0, &headers, &validity(window))?;
        Ok(signed.into_iter().map(ported).collect())
    })
    .await
}

/// A signer whose credentials last for what it is to sign.
struct SignerInWindow {
    signer: Arc<Signer>,
    validity: Validity,
}

pub(super) async fn get_signer(
    signers: &SignerSource,
    window: SigningWindow,
) -> StoreResult<Box<dyn GetSigner>> {
    let validity = validity(window);
    let signer = with_signer(signers, |signer| {
        signer.presigner(&validity)?;
        Ok(Arc::clone(signer))
    })
    .await?;
    Ok(Box::new(SignerInWindow { signer, validity }))
}

impl GetSigner for SignerInWindow {
    fn sign(&self, get: &GetToSign<'_>) -> StoreResult<SignedRequest> {
        let options = GetOptions {
            response_content_type: Some(get.content_type),
            response_content_disposition: Some(get.content_disposition),
            response_cache_control: get.cache_control,
            ..GetOptions::default()
        };
        let signed = self.signer.get_object(get.key.as_str(), &options, &self.validity);
        signed.map(ported).map_err(refusal)
    }
}

/// Signs with the signer of the moment, and once more with a newer one where its credentials are ending.
async fn with_signer<T>(
    signers: &SignerSource,
    sign: impl Fn(&Arc<Signer>) -> Result<T, SignError>,
) -> StoreResult<T> {
    let signer = signers.signer().await?;
    match sign(&signer) {
        Err(SignError::CredentialsExpiring { .. }) => {
            sign(&signers.newer_than(&signer).await?).map_err(refusal)
        }
        result => result.map_err(refusal),
    }
}

fn validity(window: SigningWindow) -> Validity {
    Validity::new(window.signed_at, window.lifetime).given_out_at(window.now)
}

/// A checksum as text, and which one it is.
struct Text(signing::ChecksumAlgorithm, String);

impl Text {
    fn of(checksum: &Checksum) -> Self {
        let algorithm = match checksum.algorithm() {
            ChecksumAlgorithm::Crc32c => signing::ChecksumAlgorithm::Crc32c,
            ChecksumAlgorithm::Crc64Nvme => signing::ChecksumAlgorithm::Crc64Nvme,
            ChecksumAlgorithm::Sha256 => signing::ChecksumAlgorithm::Sha256,
        };
        Self(algorithm, checksum.to_string())
    }

    fn header(&self) -> signing::Checksum<'_> {
        signing::Checksum { algorithm: self.0, base64: &self.1 }
    }
}

fn ported(signed: signing::SignedRequest<'_>) -> SignedRequest {
    SignedRequest {
        headers: signed.headers.iter().map(|(name, value)| (name.to_owned(), value.into_owned())).collect(),
        url: signed.url.into_string(),
        expires_at: signed.expires_at,
    }
}

fn refusal(error: SignError) -> StoreError {
    match error {
        // New credentials or a right clock make the same call succeed.
        SignError::CredentialsExpiring { .. } | SignError::Clock(_) => {
            StoreError::Unavailable(error.to_string())
        }
        SignError::Key(_)
        | SignError::HeaderValue { .. }
        | SignError::PartNumber(_)
        | SignError::NoUploadId
        | SignError::LifetimeTooShort => StoreError::Unexpected(error.to_string()),
    }
}
