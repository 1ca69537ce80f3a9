//! One upload: its stages, its pieces, and what it needs next.

use std::ops::Range;

use windlass_protocol::complete_upload::{CompleteUploadRequest, CompletedPart};
use windlass_protocol::create_uploads::Staging;
use windlass_protocol::part_plan::SINGLE_PUT_MAX_BYTES;
use windlass_protocol::{Checksum, ClientRef, PartNumber, UploadId};

use super::UploadPhase;
use super::checksum;
use super::errand::Errand;
use super::input::NewUpload;
use super::jobs::TransferKey;
use super::piece::{Digest, Need, Piece, PieceKind, PieceState, Rest};
use super::progress::{Counts, RateMeter};
use super::twins::Unrecognised;
use super::verdict::{Operation, Setback};

/// What an announced upload is to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Session {
    pub upload_id: UploadId,
}

/// Where an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// What is sent by a single PUT is read, so that its checksum can be announced.
    Preparing,
    /// The same bytes are on their way already, as another upload: it ends as that one does.
    Following(TransferKey),
    /// The same bytes were stored before, as that upload: the service is asked whether they still are.
    Confirming(Session),
    /// To be announced to the service.
    Announcing,
    /// Pieces are on their way.
    Sending(Session),
    /// Everything is stored as far as known here; the service is asked to verify.
    Checking(Session),
}

/// Something has gone wrong and has not healed yet.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub last: Setback,
    pub side: Side,
}

/// Who an upload has trouble with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Store,
    /// The service, and the token it wants.
    Service,
}

/// One upload.
#[derive(Debug, Clone)]
pub(super) struct Transfer {
    pub upload: NewUpload,
    pub stage: Stage,
    pub pieces: Vec<Piece>,
    pub announce: Errand,
    pub sign: Errand,
    pub list: Errand,
    pub complete: Errand,
    pub paused: bool,
    /// The user has given it up while the service was completing it.
    pub unwanted: bool,
    pub trouble: Option<Trouble>,
    /// Since when it has had setbacks and no progress, on the engine's clock of time with network.
    pub stuck_since_ms: Option<u64>,
    /// It goes into a request of its own: a request with others was refused as a whole.
    pub alone: bool,
    /// How the service takes it in small pieces, where it does.
    pub staging: Option<Staging>,
    /// It took none of them when they were to be signed, whatever it offers or has of them.
    pub pieces_refused: bool,
    /// The store is to be asked before anything is sent.
    pub survey: bool,
    /// It was announced at least once: what is said of it stays the same.
    pub was_announced: bool,
    /// The part size that was wished for then, in bytes.
    pub part_size_wish: Option<u64>,
    /// The checksum of all its bytes, where they were read at once.
    pub content: Option<Checksum>,
    /// Whether its bytes are being read for that, how often that has failed, and the rest after it.
    pub content_reading: bool,
    pub content_failures: u32,
    pub content_rest: Rest,
    /// The upload that sent these very bytes before.
    pub same_as: Option<ClientRef>,
    /// These very bytes were stored before, by this session or, as the service says, by another.
    pub stored_before: bool,
    /// It is stored, and ends with that.
    pub is_stored: bool,
    /// Since when the service cannot say whether they were.
    pub unrecognised: Option<Unrecognised>,
    /// How many of its smaller pictures the service was told of.
    pub pictures_told: usize,
    /// How often the service missed bytes the store had acknowledged.
    pub rounds: u32,
    /// How often it was begun anew.
    pub restarts: u32,
    /// How many names it had at the service before this one.
    pub names_used: u32,
    pub phase: UploadPhase,
    pub reason: Option<String>,
    pub counts: Counts,
    pub meter: RateMeter,
    /// The counts have changed since they were told.
    pub moved: bool,
    pub told_ms: Option<u64>,
}

impl Transfer {
    pub fn new(upload: NewUpload) -> Self {
        let mut transfer = Self {
            survey: upload.resumed,
            pieces: first_pieces(&upload),
            upload,
            stage: Stage::Preparing,
            announce: Errand::new(),
            sign: Errand::new(),
            list: Errand::new(),
            complete: Errand::new(),
            paused: false,
            unwanted: false,
            trouble: None,
            stuck_since_ms: None,
            alone: false,
            staging: None,
            pieces_refused: false,
            was_announced: false,
            part_size_wish: None,
            content: None,
            content_reading: false,
            content_failures: 0,
            content_rest: Rest::default(),
            same_as: None,
            stored_before: false,
            is_stored: false,
            unrecognised: None,
            pictures_told: 0,
            rounds: 0,
            restarts: 0,
            names_used: 0,
            phase: UploadPhase::Queued,
            reason: None,
            counts: Counts::default(),
            meter: RateMeter::default(),
            moved: true,
            told_ms: None,
        };
        transfer.counts = transfer.count();
        transfer.settle();
        transfer
    }

    pub fn session(&self) -> Option<Session> {
        match self.stage {
            Stage::Preparing | Stage::Following(_) | Stage::Confirming(_) | Stage::Announcing => None,
            Stage::Sending(session) | Stage::Checking(session) => Some(session),
        }
    }

    /// Moves on to the next stage where everything for it is there.
    pub fn settle(&mut self) {
        match self.stage {
            Stage::Preparing if self.is_read() => self.stage = Stage::Announcing,
            Stage::Sending(session) if self.is_all_there() && !self.wants_etags() && !self.survey => {
                self.stage = Stage::Checking(session);
            }
            _ => {}
        }
    }

    fn is_read(&self) -> bool {
        self.pieces.iter().all(|piece| matches!(piece.digest, Digest::Known(_)) || piece.is_stored())
            && (self.content.is_some() || !self.wants_content())
    }

    fn is_all_there(&self) -> bool {
        self.pieces.iter().all(Piece::is_settled)
    }

    /// Whether the store acknowledged parts without telling their entity tags.
    pub fn wants_etags(&self) -> bool {
        self.pieces.iter().any(has_hidden_etag)
    }

    /// Whether the store should be asked what it has.
    pub fn wants_listing(&self) -> bool {
        matches!(self.stage, Stage::Sending(_))
            && (self.survey
                || self.pieces.iter().any(is_unsure)
                || (self.is_all_there() && self.wants_etags()))
    }

    /// The pieces a listing asked for now can tell about.
    pub fn pieces_in_question(&self) -> Vec<usize> {
        let is_asked = |piece: &Piece| {
            is_unsure(piece)
                || has_hidden_etag(piece)
                // The service misses some of them, and does not say which.
                || (self.survey && piece.staged_number().is_some() && piece.is_stored())
        };
        let asked = self.pieces.iter().enumerate();
        asked.filter(|(_, piece)| is_asked(piece)).map(|(index, _)| index).collect()
    }

    /// Whether pieces may be read and sent: not before the store was asked, where it has to be.
    pub fn may_send(&self) -> bool {
        matches!(self.stage, Stage::Sending(_)) && !self.survey
    }

    /// What the service is told at the end.
    pub fn completion(&self) -> CompleteUploadRequest {
        let mut parts = Vec::new();
        for piece in &self.pieces {
            if let (Some(part_number), PieceState::Stored { etag: Some(etag) }) =
                (piece.part_number(), &piece.state)
            {
                parts.push(CompletedPart { part_number, etag: etag.clone(), checksum: piece.checksum() });
            }
        }
        CompleteUploadRequest {
            parts: (!parts.is_empty()).then_some(parts),
            checksum: self.checksum_as_read(&(0..self.upload.size_bytes)),
        }
    }

    /// The checksum of these bytes of the original as its pieces were read, once all of them were.
    pub fn checksum_as_read(&self, of: &Range<u64>) -> Option<Checksum> {
        let is_sent = |piece: &&Piece| {
            !matches!(piece.kind, PieceKind::Variant(_)) && !piece.is_cut() && of.contains(&piece.range.start)
        };
        let mut pieces: Vec<&Piece> = self.pieces.iter().filter(is_sent).collect();
        pieces.sort_unstable_by_key(|piece| piece.range.start);
        let sums = pieces.into_iter().map(|piece| Some((piece.checksum()?, piece.size_bytes())));
        sums.collect::<Option<Vec<_>>>().filter(|sums| !sums.is_empty()).and_then(checksum::combine)
    }

    /// Whether its pieces are of another version of the file than the one that was recognised, or of two.
    pub fn was_changed_since_it_was_recognised(&self) -> bool {
        let all = 0..self.upload.size_bytes;
        self.content.is_some_and(|content| self.checksum_as_read(&all).is_some_and(|read| read != content))
    }

    /// The service misses these parts, or does not say which.
    pub fn send_parts_again(&mut self, missing: &[PartNumber], rest: Rest) {
        if let Stage::Checking(session) = self.stage {
            self.stage = Stage::Sending(session);
        }
        let is_missing = |piece: &Piece| piece.part_number().is_some_and(|number| missing.contains(&number));
        self.survey =
            missing.is_empty() || self.pieces.iter().any(|piece| piece.is_cut() && is_missing(piece));
        for piece in &mut self.pieces {
            if piece.is_stored() && is_missing(piece) {
                piece.send_again(rest);
            }
        }
    }

    /// The service misses the whole; answers whether the store had acknowledged it.
    pub fn send_whole_again(&mut self) -> bool {
        if let Stage::Checking(session) = self.stage {
            self.stage = Stage::Sending(session);
        }
        let Some(whole) = self.pieces.iter_mut().find(|piece| piece.kind == PieceKind::Whole) else {
            self.survey = true;
            return true;
        };
        let acknowledged = whole.is_stored() || whole.is_cut();
        if whole.is_cut() {
            self.survey = true;
        } else {
            whole.send_again(whole.rest_if_lost);
        }
        acknowledged
    }

    pub fn count(&self) -> Counts {
        let variants: u64 = self.upload.variants.iter().map(|variant| variant.size_bytes).sum();
        let total_bytes = self.upload.size_bytes + variants;
        // What an earlier session has stored has no pieces here; what has not got its parts yet has none, either.
        if self.is_stored || (self.pieces.is_empty() && self.session().is_some()) {
            return Counts { confirmed_bytes: total_bytes, sent_bytes: total_bytes, total_bytes };
        }
        let mut counts = Counts { confirmed_bytes: 0, sent_bytes: 0, total_bytes };
        for piece in &self.pieces {
            match &piece.state {
                PieceState::Stored { .. } => {
                    counts.confirmed_bytes += piece.size_bytes();
                    counts.sent_bytes += piece.size_bytes();
                }
                PieceState::Unsure => counts.sent_bytes += piece.size_bytes(),
                PieceState::Sending(flight) => counts.sent_bytes += flight.arrived_bytes,
                _ => {}
            }
        }
        counts
    }

    pub fn errands(&self) -> [&Errand; 4] {
        [&self.announce, &self.sign, &self.list, &self.complete]
    }

    pub fn errands_mut(&mut self) -> [&mut Errand; 4] {
        [&mut self.announce, &mut self.sign, &mut self.list, &mut self.complete]
    }

    /// The errand of an operation; aborting outlives the upload and reporting concerns many: neither is one of its
    /// errands.
    pub fn errand_mut(&mut self, operation: Operation) -> Option<&mut Errand> {
        match operation {
            Operation::Create => Some(&mut self.announce),
            Operation::Sign => Some(&mut self.sign),
            Operation::List => Some(&mut self.list),
            Operation::Complete => Some(&mut self.complete),
            Operation::Report | Operation::Abort => None,
        }
    }

    /// Whether it cannot go on without an answer of the service.
    pub fn waits_for_service(&self, now_ms: u64) -> bool {
        match self.stage {
            Stage::Preparing | Stage::Following(_) => false,
            Stage::Confirming(_) | Stage::Announcing | Stage::Checking(_) => true,
            Stage::Sending(_) => {
                self.wants_listing()
                    || self.wants_fresh_urls(now_ms)
                    || !self.pieces_to_sign(now_ms, 1).is_empty()
                    || !self.parts_to_sign(now_ms, 1).is_empty()
            }
        }
    }

    /// Whether bytes of it have moved, or are being got ready to.
    pub fn has_begun(&self) -> bool {
        self.phase == UploadPhase::Uploading
            || self.errands().iter().any(|errand| errand.is_running())
            || self.pieces.iter().any(|piece| !matches!(piece.state, PieceState::Idle(_)))
    }

    /// Parts that could be signed now.
    pub fn parts_to_sign(&self, now_ms: u64, at_most: usize) -> Vec<usize> {
        self.to_sign(now_ms, at_most, |piece| piece.part_number().is_some())
    }

    pub fn to_sign(&self, now_ms: u64, at_most: usize, which: impl Fn(&Piece) -> bool) -> Vec<usize> {
        let pieces = self.pieces.iter().enumerate();
        pieces
            .filter(|(_, piece)| which(piece) && piece.need(now_ms) == Need::Signing)
            .map(|(index, _)| index)
            .take(at_most)
            .collect()
    }

    /// Whether a single PUT lacks a usable URL, which only a repeated announcement gives.
    pub fn wants_fresh_urls(&self, now_ms: u64) -> bool {
        self.pieces
            .iter()
            .any(|piece| piece.is_signed_with_announcement() && piece.need(now_ms) == Need::Signing)
    }

    /// Whether a smaller picture lacks a usable URL.
    pub fn wants_fresh_pictures(&self, now_ms: u64) -> bool {
        let mut pictures = self.pieces.iter().filter(|piece| matches!(piece.kind, PieceKind::Variant(_)));
        pictures.any(|piece| piece.need(now_ms) == Need::Signing)
    }
}

/// The pieces that are known before the service has said how the original goes.
pub(super) fn first_pieces(upload: &NewUpload) -> Vec<Piece> {
    let sizes = upload.variants.iter().map(|variant| variant.size_bytes).enumerate();
    let pictures = sizes.map(|(index, size)| Piece::new(PieceKind::Variant(index), 0..size));
    let is_whole = upload.size_bytes <= SINGLE_PUT_MAX_BYTES;
    let whole = is_whole.then(|| Piece::new(PieceKind::Whole, 0..upload.size_bytes));
    pictures.chain(whole).collect()
}

fn is_unsure(piece: &Piece) -> bool {
    piece.is_listed() && matches!(piece.state, PieceState::Unsure)
}

fn has_hidden_etag(piece: &Piece) -> bool {
    piece.part_number().is_some() && matches!(piece.state, PieceState::Stored { etag: None })
}
