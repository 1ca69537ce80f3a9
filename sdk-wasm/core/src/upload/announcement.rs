//! Announcing an upload to the service, at first and again for fresh URLs, and taking its answer in.

use windlass_protocol::create_uploads::{
    AcceptedUpload, FileToUpload, Staging, UploadMethod, VariantToUpload,
};
use windlass_protocol::part_plan::SINGLE_PUT_MAX_BYTES;
use windlass_protocol::{PartPlan, SignedHeaders, UploadStatus};

use super::piece::{Piece, PieceKind, PieceState};
use super::ticket::Ticket;
use super::transfer::{Session, Stage, Transfer};

/// What an answer to the announcement means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Announced {
    /// Bytes are wanted, or the service wants to look.
    Open,
    /// An upload of that name was given up before.
    Closed,
    /// The answer breaks the contract.
    Nonsense,
}

impl Transfer {
    /// What the service is told about it.
    pub fn announcement(&self) -> Option<FileToUpload> {
        let checksum_of =
            |kind| self.pieces.iter().find(|piece| piece.kind == kind).and_then(Piece::checksum);
        let variants = self.upload.variants.iter().enumerate().map(|(index, variant)| VariantToUpload {
            name: variant.name.clone(),
            content_type: variant.content_type.clone(),
            size: variant.size_bytes,
            width: variant.width,
            height: variant.height,
            checksum: checksum_of(PieceKind::Variant(index)),
        });
        Some(FileToUpload {
            client_ref: self.wire_ref()?,
            filename: self.upload.filename.clone(),
            content_type: self.upload.content_type.clone(),
            size: self.upload.size_bytes,
            // Only where it was announced at first as well: a whole that turned out to be sent in one
            // PUT after all was announced without.
            checksum: (self.upload.size_bytes <= SINGLE_PUT_MAX_BYTES)
                .then(|| checksum_of(PieceKind::Whole))
                .flatten(),
            metadata: self.upload.metadata.clone(),
            preferred_part_size: self.part_size_wish,
            unless_stored: self.unless_stored(),
            variants: variants.collect(),
        })
    }

    /// Takes the service's answer in; `ticket_of` makes a ticket of a signed URL.
    pub fn announced(
        &mut self,
        accepted: AcceptedUpload,
        ticket_of: impl Fn(String, SignedHeaders) -> Ticket,
    ) -> Announced {
        let session = Session { upload_id: accepted.upload_id };
        if accepted.already_stored {
            // Its pieces stay: the photo may be deleted before it is asked for.
            self.pieces.iter_mut().for_each(|piece| piece.signing_ended(None));
            (self.stage, self.stored_before) = (Stage::Confirming(session), true);
            return Announced::Open;
        }
        match accepted.status {
            UploadStatus::PendingUpload => {}
            // What the pipeline failed at, or has locked away, is a photo all the same: sent under another name it would
            // be there twice, and past the quarantine. Where it is none, completing it says so.
            UploadStatus::Uploaded
            | UploadStatus::Processing
            | UploadStatus::Completed
            | UploadStatus::Failed
            | UploadStatus::Quarantined => {
                self.pieces.clear();
                self.stage = Stage::Checking(session);
                return Announced::Open;
            }
            UploadStatus::Aborted | UploadStatus::Expired => return Announced::Closed,
        }
        if !self.plan_original(accepted.method, accepted.part_size) {
            return Announced::Nonsense;
        }
        // What was chosen here stays, though the answer that settled it was lost.
        let chosen = self.staging.and_then(|staging| staging.piece_size);
        let offered = accepted.staging.filter(|_| !self.pieces_refused);
        // Where none are taken any more, those that are left are refused when they are to be signed, and what was held
        // back for them goes as usual.
        let begun = self.staging.filter(|_| self.has_pieces());
        self.staging = offered.map(|offered| Staging { piece_size: offered.piece_size.or(chosen) }).or(begun);
        let is_there = accepted.method == UploadMethod::Put && accepted.url.is_none();
        let mut whole = accepted.url.map(|url| ticket_of(url, accepted.headers));
        let mut variants = accepted.variants;
        for piece in &mut self.pieces {
            let ticket = match piece.kind {
                PieceKind::Part(_) | PieceKind::Staged(_) => continue,
                PieceKind::Whole => whole.take(),
                PieceKind::Variant(index) => {
                    let name = self.upload.variants.get(index).map(|variant| variant.name.as_str());
                    let found = variants.iter().position(|signed| Some(signed.name.as_str()) == name);
                    found
                        .map(|at| variants.swap_remove(at))
                        .map(|signed| ticket_of(signed.url, signed.headers))
                }
            };
            let wanted = ticket.is_some();
            piece.signing_ended(ticket);
            // No URL means that the store has it already.
            if !wanted && let PieceState::Idle(_) = piece.state {
                piece.state = PieceState::Stored { etag: None };
            }
        }
        if is_there {
            // Put together already, of what was staged.
            self.pieces.retain(|piece| piece.staged_number().is_none());
        }
        if self.session().is_none() {
            self.stage = Stage::Sending(session);
        }
        Announced::Open
    }

    /// Makes the original's pieces as the service wants them; false where that cannot be.
    fn plan_original(&mut self, method: UploadMethod, part_size: Option<u64>) -> bool {
        let has = |pieces: &[Piece], part: bool| {
            pieces.iter().any(|piece| match piece.kind {
                PieceKind::Part(_) => part,
                PieceKind::Whole => !part,
                PieceKind::Variant(_) | PieceKind::Staged(_) => false,
            })
        };
        match method {
            UploadMethod::Put => {
                if has(&self.pieces, true) {
                    return false;
                }
                if !has(&self.pieces, false) {
                    self.pieces.push(Piece::new(PieceKind::Whole, 0..self.upload.size_bytes));
                }
            }
            UploadMethod::Multipart => {
                if has(&self.pieces, true) {
                    return true;
                }
                let plan = part_size.map(|size| PartPlan::with_part_size(self.upload.size_bytes, size));
                let Some(Ok(plan)) = plan else { return false };
                self.pieces.retain(|piece| piece.kind != PieceKind::Whole);
                self.pieces.extend(plan.part_numbers().filter_map(|number| {
                    plan.byte_range(number).map(|range| Piece::new(PieceKind::Part(number), range))
                }));
            }
        }
        true
    }
}
