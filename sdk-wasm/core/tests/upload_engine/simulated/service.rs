//! The service, as the contract has it: announces, signs, lists, completes, aborts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use windlass_core::upload::checksum::crc64_nvme;
use windlass_core::upload::{ServiceFailure, Work};
use windlass_protocol::complete_upload::CompleteUploadRequest;
use windlass_protocol::create_uploads::{
    AcceptedUpload, CreateUploadResult, CreateUploadsRequest, CreateUploadsResponse, FileToUpload,
    RefusedUpload, SignedPart, SignedVariant, Staging, UploadMethod,
};
use windlass_protocol::list_parts::{ListPartsResponse, StagedPiece, StagedPieces};
use windlass_protocol::part_plan::SINGLE_PUT_MAX_BYTES;
use windlass_protocol::report_previews::ReportPreviewsRequest;
use windlass_protocol::sign_parts::{SignPartsRequest, SignPartsResponse};
use windlass_protocol::sign_pieces::{SignPiecesRequest, SignPiecesResponse, SignedPiece};
use windlass_protocol::{
    Checksum, ClientRef, ErrorCode, PartNumber, PartPlan, Photo, PiecePlan, SignedHeaders, UploadId,
    UploadStatus,
};

use super::bucket::{Bucket, Part, Signature, Target};
use super::replies::{moment, photo, problem, refusal};
use super::stored_before::already_stored;

/// An upload's record.
pub struct Record {
    pub file: FileToUpload,
    pub status: UploadStatus,
    /// The size of its pieces, once some were signed.
    pub piece_size: Option<u64>,
    /// It was answered once that its pieces are being put together.
    is_assembling: bool,
}

/// The service.
pub struct Service {
    pub uploads: BTreeMap<UploadId, Record>,
    pub by_ref: HashMap<ClientRef, UploadId>,
    pub url_lifetime_s: u64,
    /// URLs that were asked for, of parts.
    pub parts_signed: u32,
    /// Whether files are taken in small pieces, too.
    pub takes_pieces: bool,
    /// How often they were to be signed, and it took none.
    pub pieces_refused: u32,
    /// Whether it says of photos that they were stored before: to upload links it does not.
    pub tells_of_photos: bool,
    /// Whether the store lets it look at what was stored before.
    pub reads_photos: bool,
    /// What it says of these whenever they are to be completed.
    pub completes_not: BTreeMap<ClientRef, ErrorCode>,
    /// Parts of these it fails to sign.
    pub signs_not: BTreeSet<ClientRef>,
    /// So many uploads are recorded; the next one is refused.
    pub room: usize,
    /// When smaller pictures were first shown, by their file and name.
    pub shown: BTreeMap<(ClientRef, String), u64>,
    /// Uploads ever announced.
    announced: u64,
}

impl Service {
    pub fn new() -> Self {
        Self {
            uploads: BTreeMap::new(),
            by_ref: HashMap::new(),
            url_lifetime_s: 900,
            parts_signed: 0,
            takes_pieces: true,
            pieces_refused: 0,
            tells_of_photos: true,
            reads_photos: true,
            completes_not: BTreeMap::new(),
            signs_not: BTreeSet::new(),
            room: usize::MAX,
            shown: BTreeMap::new(),
            announced: 0,
        }
    }

    pub fn create(
        &mut self,
        now_ms: u64,
        bucket: &mut Bucket,
        request: &CreateUploadsRequest,
    ) -> CreateUploadsResponse {
        let uploads = request.files.iter().map(|file| self.create_one(now_ms, bucket, file)).collect();
        CreateUploadsResponse { uploads }
    }

    fn create_one(&mut self, now_ms: u64, bucket: &mut Bucket, file: &FileToUpload) -> CreateUploadResult {
        let known = self.by_ref.get(&file.client_ref).and_then(|id| self.uploads.get(id));
        let is_other =
            |record: &Record| (&record.file.filename, record.file.size) != (&file.filename, file.size);
        let refused = match file {
            _ if known.is_some_and(is_other) => Some(ErrorCode::ClientRefConflict),
            file if file.content_type != "image/jpeg" => Some(ErrorCode::TypeNotAllowed),
            file if file.size == 0 => Some(ErrorCode::FileTooSmall),
            _ if known.is_none() && self.uploads.len() >= self.room => Some(ErrorCode::QuotaExceeded),
            _ if !self.reads_photos && self.stored_before(bucket, file).is_some() => {
                Some(ErrorCode::StoreUnavailable)
            }
            _ => None,
        };
        if let Some(code) = refused {
            let error = problem(code, Vec::new());
            return CreateUploadResult::Refused(RefusedUpload {
                client_ref: file.client_ref.to_string(),
                error,
            });
        }
        if let Some(photo) = self.stored_before(bucket, file) {
            return CreateUploadResult::Accepted(Box::new(already_stored(photo, file)));
        }
        let next_id = UploadId::try_from(format!("00000000-0000-7000-8000-{:012x}", self.announced)).unwrap();
        self.announced += 1;
        let id = *self.by_ref.entry(file.client_ref.clone()).or_insert(next_id);
        let record = self.uploads.entry(id).or_insert_with(|| Record {
            file: file.clone(),
            status: UploadStatus::PendingUpload,
            piece_size: None,
            is_assembling: false,
        });
        let FileToUpload { preferred_part_size, unless_stored, .. } = record.file;
        let again = FileToUpload { preferred_part_size, unless_stored, ..file.clone() };
        assert_eq!(record.file, again, "a repeated announcement is the same");
        let (status, piece_size) = (record.status, record.piece_size);
        let is_multipart = file.size > SINGLE_PUT_MAX_BYTES;
        let plan = is_multipart.then(|| plan_of(&record.file));
        if is_multipart && status == UploadStatus::PendingUpload {
            bucket.parts.entry(id).or_default();
        }
        let sign = |target, size, checksum| self.signed(now_ms, id, target, size, checksum);
        let whole = (!is_multipart).then(|| sign(Target::Whole, file.size, file.checksum));
        let (url, headers) = whole.unzip();
        CreateUploadResult::Accepted(Box::new(AcceptedUpload {
            client_ref: file.client_ref.clone(),
            upload_id: id,
            photo_id: id.into(),
            status,
            already_stored: false,
            method: if is_multipart { UploadMethod::Multipart } else { UploadMethod::Put },
            url,
            headers: headers.unwrap_or_default(),
            part_size: plan.map(|plan| plan.part_size_bytes()),
            part_count: plan.map(|plan| plan.part_count()),
            parts: Vec::new(),
            staging: self.takes_pieces.then_some(Staging { piece_size }),
            variants: file
                .variants
                .iter()
                .map(|variant| {
                    let target = Target::Variant(variant.name.clone());
                    let (url, headers) = sign(target, variant.size, variant.checksum);
                    SignedVariant { name: variant.name.clone(), url, headers }
                })
                .collect(),
            expires_at: moment(),
            status_url: format!("/api/v1/uploads/{id}"),
        }))
    }

    fn signed(
        &self,
        now_ms: u64,
        id: UploadId,
        target: Target,
        size: u64,
        checksum: Option<Checksum>,
    ) -> (String, SignedHeaders) {
        let signature =
            Signature { upload_id: id, target, signed_ms: now_ms, lifetime_s: self.url_lifetime_s };
        let mut headers = SignedHeaders::from([("content-length".to_owned(), size.to_string())]);
        if let Some(checksum) = checksum {
            headers.insert(checksum.algorithm().header_name().to_owned(), checksum.to_string());
        }
        (signature.url(), headers)
    }

    pub fn sign(
        &mut self,
        now_ms: u64,
        id: UploadId,
        request: &SignPartsRequest,
    ) -> Result<SignPartsResponse, ServiceFailure> {
        let plan = plan_of(&self.open(id)?.file);
        self.parts_signed += request.parts.len() as u32;
        let parts = request.parts.iter().map(|part| {
            assert!(part.checksum.is_some(), "parts are signed with their checksum");
            let size = plan.size_of(part.part_number).expect("a part of the plan");
            let target = Target::Part(part.part_number.into());
            let (url, headers) = self.signed(now_ms, id, target, size, part.checksum);
            SignedPart { part_number: part.part_number, url, headers, size }
        });
        Ok(SignPartsResponse { parts: parts.collect(), expires_at: moment() })
    }

    pub fn sign_pieces(
        &mut self,
        now_ms: u64,
        id: UploadId,
        request: &SignPiecesRequest,
    ) -> Result<SignPiecesResponse, ServiceFailure> {
        self.open(id)?;
        if !self.takes_pieces {
            self.pieces_refused += 1;
            return Err(refusal(ErrorCode::InvalidRequest, Vec::new()));
        }
        let record = self.uploads.get_mut(&id).unwrap();
        let piece_size = *record.piece_size.get_or_insert(request.piece_size);
        assert_eq!(piece_size, request.piece_size, "all pieces of a file have one size");
        let plan = PiecePlan::new(record.file.size, piece_size).unwrap();
        let pieces = request.pieces.iter().map(|piece| {
            let size = plan.size_of(piece.piece_number).expect("a piece of the plan");
            let target = Target::Staged(piece.piece_number.into());
            let (url, headers) = self.signed(now_ms, id, target, size, Some(piece.checksum));
            SignedPiece { piece_number: piece.piece_number, url, headers, size }
        });
        Ok(SignPiecesResponse { pieces: pieces.collect(), expires_at: moment() })
    }

    pub fn list(&self, bucket: &Bucket, id: UploadId) -> Result<ListPartsResponse, ServiceFailure> {
        let record = self.open(id)?;
        let staged = record.piece_size.map(|piece_size| {
            let pieces = bucket.staged(id).into_iter().map(|(number, bytes)| StagedPiece {
                piece_number: number.try_into().unwrap(),
                checksum: Some(crc64_nvme(bytes)),
            });
            StagedPieces { piece_size, pieces: pieces.collect() }
        });
        Ok(ListPartsResponse { parts: bucket.list(id), staged })
    }

    /// Puts together what is missing and staged whole; `false` where that was only begun.
    pub(super) fn assemble(record: &mut Record, bucket: &mut Bucket, id: UploadId) -> bool {
        let Some(piece_size) = record.piece_size else { return true };
        let size = record.file.size;
        let plan = PiecePlan::new(size, piece_size).unwrap();
        let staged = bucket.staged(id);
        let whole = |range: &std::ops::Range<u64>| -> Option<Vec<u8>> {
            let pieces = plan.pieces_of(range)?.map(|number| staged.get(&number.get()).copied());
            Some(pieces.collect::<Option<Vec<_>>>()?.into_iter().flatten().copied().collect())
        };
        let mut made = Vec::new();
        if size > SINGLE_PUT_MAX_BYTES {
            let parts = plan_of(&record.file);
            let has =
                |number: PartNumber| bucket.parts.get(&id).is_some_and(|p| p.contains_key(&number.into()));
            for number in parts.part_numbers().filter(|number| !has(*number)) {
                let Some(bytes) = whole(&parts.byte_range(number).unwrap()) else { return true };
                made.push((Some(number), bytes));
            }
        } else if !bucket.objects.contains_key(&(id, Target::Whole)) {
            let Some(bytes) = whole(&(0..size)) else { return true };
            made.push((None, bytes));
        }
        if !made.is_empty() && !std::mem::replace(&mut record.is_assembling, true) {
            return false;
        }
        for (number, bytes) in made {
            let checksum = crc64_nvme(&bytes);
            match number {
                Some(number) => {
                    bucket.parts.entry(id).or_default().insert(number.into(), Part { bytes, checksum });
                }
                None => {
                    bucket.objects.insert((id, Target::Whole), bytes);
                }
            }
        }
        true
    }

    pub fn complete(
        &mut self,
        bucket: &mut Bucket,
        id: UploadId,
        request: &CompleteUploadRequest,
    ) -> Result<Box<Photo>, ServiceFailure> {
        let record = self.uploads.get_mut(&id).ok_or_else(|| refusal(ErrorCode::NotFound, Vec::new()))?;
        if let Some(code) = self.completes_not.get(&record.file.client_ref) {
            return Err(refusal(*code, Vec::new()));
        }
        if record.status == UploadStatus::PendingUpload && !Self::assemble(record, bucket, id) {
            return Err(refusal(ErrorCode::Assembling, Vec::new()));
        }
        let file = &record.file;
        if record.status == UploadStatus::PendingUpload {
            let whole = (id, Target::Whole);
            if file.size > SINGLE_PUT_MAX_BYTES {
                let plan = plan_of(file);
                let parts =
                    bucket.parts.get(&id).ok_or_else(|| refusal(ErrorCode::UploadClosed, Vec::new()))?;
                let claimed = request.parts.iter().flatten();
                let claimed: HashMap<PartNumber, &str> =
                    claimed.map(|part| (part.part_number, part.etag.as_str())).collect();
                let etag = |n: &PartNumber| parts.get(&u32::from(*n)).map(Part::etag);
                // What was put together here nobody claims.
                let contradicts =
                    |n: &PartNumber| claimed.get(n).is_some_and(|claim| Some(*claim) != etag(n).as_deref());
                let is_missing = |n: &PartNumber| etag(n).is_none() || contradicts(n);
                let missing: Vec<PartNumber> = plan.part_numbers().filter(is_missing).collect();
                if !missing.is_empty() {
                    return Err(refusal(ErrorCode::PartsMissing, missing));
                }
                let bytes = parts.values().map(|part| part.bytes.as_slice()).collect::<Vec<_>>().concat();
                if request.checksum != Some(crc64_nvme(&bytes)) {
                    return Err(refusal(ErrorCode::ChecksumMismatch, Vec::new()));
                }
                bucket.parts.remove(&id);
                bucket.objects.insert(whole.clone(), bytes);
            }
            let Some(bytes) = bucket.objects.get(&whole) else {
                return Err(refusal(ErrorCode::BytesMissing, Vec::new()));
            };
            if bytes.len() as u64 != file.size {
                return Err(refusal(ErrorCode::SizeMismatch, Vec::new()));
            }
            if file.checksum.is_some_and(|announced| announced != crc64_nvme(bytes)) {
                return Err(refusal(ErrorCode::ChecksumMismatch, Vec::new()));
            }
            record.status = UploadStatus::Uploaded;
            bucket.remove_staged(id);
        }
        match record.status {
            UploadStatus::Uploaded | UploadStatus::Failed | UploadStatus::Quarantined => {
                Ok(Box::new(photo(id, &record.file)))
            }
            _ => Err(refusal(ErrorCode::UploadClosed, Vec::new())),
        }
    }

    pub fn abort(&mut self, bucket: &mut Bucket, id: UploadId) -> Result<(), ServiceFailure> {
        let record = self.uploads.get_mut(&id).ok_or_else(|| refusal(ErrorCode::NotFound, Vec::new()))?;
        if record.status == UploadStatus::PendingUpload {
            record.status = UploadStatus::Aborted;
            bucket.parts.remove(&id);
            bucket.remove_staged(id);
        }
        Ok(())
    }

    /// Looks for the smaller pictures of these uploads: what the store does not have is not shown.
    pub fn report_previews(
        &mut self,
        now_ms: u64,
        bucket: &Bucket,
        request: &ReportPreviewsRequest,
    ) -> Result<(), ServiceFailure> {
        for id in &request.upload_ids {
            let Some(record) = self.uploads.get(id) else { continue };
            let names = record.file.variants.iter().map(|variant| variant.name.clone());
            for name in
                names.filter(|name| bucket.objects.contains_key(&(*id, Target::Variant(name.clone()))))
            {
                self.shown.entry((record.file.client_ref.clone(), name)).or_insert(now_ms);
            }
        }
        Ok(())
    }

    /// The record is gone: the service came back from an older backup.
    pub fn forget(&mut self, id: UploadId) {
        let record = self.uploads.remove(&id).expect("a record to forget");
        self.by_ref.remove(&record.file.client_ref);
    }

    fn open(&self, id: UploadId) -> Result<&Record, ServiceFailure> {
        let record = self.uploads.get(&id).ok_or_else(|| refusal(ErrorCode::NotFound, Vec::new()))?;
        match record.status {
            UploadStatus::PendingUpload => Ok(record),
            _ => Err(refusal(ErrorCode::UploadClosed, Vec::new())),
        }
    }

    /// The upload a request is about.
    pub fn subject(work: &Work) -> Option<UploadId> {
        match work {
            Work::SignParts { upload_id, .. }
            | Work::SignPieces { upload_id, .. }
            | Work::ListParts { upload_id }
            | Work::Complete { upload_id, .. }
            | Work::Abort { upload_id } => Some(*upload_id),
            Work::FetchToken
            | Work::Hash { .. }
            | Work::CreateUploads(_)
            | Work::ReportPreviews(_)
            | Work::Put { .. }
            | Work::TryConnections(_) => None,
        }
    }
}

/// How its parts are cut: as its first announcement wished, as near as S3 allows.
fn plan_of(file: &FileToUpload) -> PartPlan {
    let preferred = file.preferred_part_size.map(|preferred| PartPlan::preferring(file.size, preferred));
    preferred.unwrap_or_else(|| PartPlan::for_size(file.size)).unwrap()
}
