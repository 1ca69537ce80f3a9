//! What is begun next: who is served, in which order, and when to wake up.
//!
//! Which uploads are worked on, and which of their pieces are sent next, is in `sending`.

use windlass_protocol::UploadId;
use windlass_protocol::complete_upload::CompleteUploadRequest;
use windlass_protocol::create_uploads::{CreateUploadsRequest, MAX_FILES};
use windlass_protocol::sign_parts::{PartToSign, SignPartsRequest};
use windlass_protocol::sign_pieces::{PieceToSign, SignPiecesRequest};

use super::command::{BlobRef, CommandId, Server, Work};
use super::engine::Engine;
use super::jobs::{Announcing, Job, TransferKey};
use super::piece::{Need, Piece, PieceKind, PieceState};
use super::reading::READERS_OF_HARD_MAX;
use super::transfer::{Stage, Transfer};

/// Pieces being read at once: one is hashed while others come from the disk, which on a busy device takes its
/// time for each, however many there are.
const READERS_MAX: usize = 4;
/// Announcements in flight at once: while one travels, the next batch gathers.
const ANNOUNCEMENTS_MAX: usize = 2;
/// Parts in one signing request.
const PARTS_PER_SIGNING: usize = 16;

/// Small pieces in one signing request: on a weak signal every request is dear.
const PIECES_PER_SIGNING: usize = 32;

/// So many are worth a request while more are being read.
const PIECES_WORTH_SIGNING: usize = 8;

/// A request wanted of the service.
enum Wish {
    Complete(TransferKey),
    List(TransferKey),
    Sign(TransferKey, Vec<usize>),
    Create(Vec<TransferKey>),
    Report(Vec<TransferKey>),
    Abort(UploadId),
}

impl Engine {
    /// Begins everything that may begin now.
    pub(super) fn schedule(&mut self) {
        self.sort_out();
        let active = self.active();
        self.cut_for_weak_signal(&active);
        self.notice_pictures();
        self.ask_the_service(&active);
        self.read(&active);
        self.send(&active);
    }

    pub(super) fn active_transfers<'a>(
        &'a self,
        active: &'a [TransferKey],
    ) -> impl Iterator<Item = (TransferKey, &'a Transfer)> {
        active.iter().filter_map(|key| Some((*key, self.transfers.get(key)?)))
    }

    fn ask_the_service(&mut self, active: &[TransferKey]) {
        let wishes = self.wishes(active);
        if wishes.is_empty() {
            return;
        }
        if !self.token.is_present() {
            if self.token.wants_fetching(self.now_ms) {
                let failures = self.token.fetch_failures();
                let id = self.start(Job::Token, Work::FetchToken, failures);
                self.token.fetching(id);
            }
            return;
        }
        if self.is_trying(Server::Service) {
            return;
        }
        let busy = self.running.values().filter(|running| running.job.is_service_request()).count();
        for wish in wishes.into_iter().take(self.config.service_requests_max.saturating_sub(busy)) {
            match wish {
                Wish::Complete(of) => self.start_complete(of),
                Wish::List(of) => self.start_list(of),
                Wish::Sign(of, pieces) => self.start_sign(of, pieces),
                Wish::Create(keys) => self.start_create(&keys),
                Wish::Report(keys) => self.start_report(&keys),
                Wish::Abort(upload_id) => self.start_abort(upload_id),
            }
        }
    }

    /// What is wanted of the service now, the most urgent first.
    fn wishes(&self, active: &[TransferKey]) -> Vec<Wish> {
        let now_ms = self.now_ms;
        let (mut finishing, mut signing, mut announcing) = (Vec::new(), Vec::new(), Vec::new());
        let mut ready = self.pieces_ready(active);
        let enough = 2 * self.window.limit() as usize;
        for (key, transfer) in self.active_transfers(active) {
            match transfer.stage {
                Stage::Preparing | Stage::Following(_) => {}
                Stage::Announcing if transfer.announce.is_due(now_ms) => announcing.push(key),
                Stage::Announcing => {}
                Stage::Confirming(_) | Stage::Checking(_) => {
                    if transfer.complete.is_due(now_ms) {
                        finishing.push((transfer.complete.rests_until_ms(), Wish::Complete(key)));
                    }
                }
                Stage::Sending(_) => {
                    if transfer.wants_listing() && transfer.list.is_due(now_ms) {
                        finishing.push((transfer.list.rests_until_ms(), Wish::List(key)));
                    }
                    if !transfer.may_send() {
                        continue;
                    }
                    let has_enough = ready >= enough;
                    if !has_enough && transfer.sign.is_due(now_ms) && !self.originals_wait {
                        let mut parts = transfer.pieces_to_sign(now_ms, PIECES_PER_SIGNING);
                        // They are read one by one: a few more are waited for while others can be sent.
                        if ready > 0 && parts.len() < PIECES_WORTH_SIGNING && transfer.has_pieces_to_read() {
                            parts.clear();
                        } else if parts.is_empty() {
                            parts = transfer.parts_to_sign(now_ms, PARTS_PER_SIGNING);
                        }
                        ready += parts.len();
                        if !parts.is_empty() {
                            signing.push(Wish::Sign(key, parts));
                        }
                    }
                    // What is ready may be originals that wait for these pictures.
                    let is_wanted = !has_enough || transfer.wants_fresh_pictures(now_ms);
                    if is_wanted && transfer.wants_fresh_urls(now_ms) && transfer.announce.is_due(now_ms) {
                        announcing.push(key);
                    }
                }
            }
        }
        let mut preparing = signing;
        preparing.extend(self.announcements(announcing));
        // Who asks each second whether it is put together must not keep out who has waited for longer.
        let mut wishes = Vec::new();
        while wishes.len() < self.config.service_requests_max
            && let Some((at, _)) = finishing.iter().enumerate().min_by_key(|(_, (since_ms, _))| *since_ms)
        {
            wishes.push(finishing.remove(at).1);
        }
        // What was sent is not finished at the price of a line that runs dry.
        let is_dry = ready < enough && !self.is_preparing();
        if is_dry && !preparing.is_empty() {
            wishes.insert(0, preparing.remove(0));
        }
        wishes.append(&mut preparing);
        wishes.extend(self.pictures_to_report().map(Wish::Report));
        wishes.extend(
            self.aborts.iter().filter(|(_, errand)| errand.is_due(now_ms)).map(|(id, _)| Wish::Abort(*id)),
        );
        wishes
    }

    /// Whether URLs are being asked for.
    fn is_preparing(&self) -> bool {
        self.running.values().any(|running| matches!(running.job, Job::Create { .. } | Job::Sign { .. }))
    }

    /// Announcements to begin: in batches, but those that must go alone.
    fn announcements(&self, keys: Vec<TransferKey>) -> Vec<Wish> {
        if self.announcements_held_until_ms > self.now_ms {
            return Vec::new();
        }
        let in_flight =
            self.running.values().filter(|running| matches!(running.job, Job::Create { .. })).count();
        let is_alone = |key: &TransferKey| self.transfers.get(key).is_some_and(|transfer| transfer.alone);
        let (alone, together): (Vec<_>, Vec<_>) = keys.into_iter().partition(is_alone);
        let batches = together.chunks(MAX_FILES).map(|batch| Wish::Create(batch.to_vec()));
        batches
            .chain(alone.into_iter().map(|key| Wish::Create(vec![key])))
            .take(ANNOUNCEMENTS_MAX.saturating_sub(in_flight))
            .collect()
    }

    /// Pieces that only wait for room in the window, or for the URL that is being signed.
    fn pieces_ready(&self, active: &[TransferKey]) -> usize {
        let pieces = self.active_transfers(active).flat_map(|(_, transfer)| &transfer.pieces);
        pieces
            .filter(|piece| matches!(piece.kind, PieceKind::Variant(_)) || !self.originals_wait)
            .filter(|piece| {
                matches!(piece.state, PieceState::Signing) || piece.need(self.now_ms) == Need::Sending
            })
            .count()
    }

    fn start_complete(&mut self, of: TransferKey) {
        let Some(transfer) = self.transfers.get(&of) else { return };
        let (session, request) = match transfer.stage {
            Stage::Sending(session) | Stage::Checking(session) => (session, transfer.completion()),
            Stage::Confirming(session) => {
                (session, CompleteUploadRequest { parts: None, checksum: transfer.content })
            }
            Stage::Preparing | Stage::Following(_) | Stage::Announcing => return,
        };
        let work = Work::Complete { upload_id: session.upload_id, request };
        let job = Job::Complete { of, in_parts: transfer.pieces.iter().any(Piece::is_listed) };
        let id = self.start(job, work, transfer.complete.failures());
        if let Some(transfer) = self.transfers.get_mut(&of) {
            transfer.complete.start(id);
        }
    }

    fn start_list(&mut self, of: TransferKey) {
        let Some(transfer) = self.transfers.get(&of) else { return };
        let Some(session) = transfer.session() else { return };
        let job = Job::List { of, asked: transfer.pieces_in_question() };
        let id = self.start(job, Work::ListParts { upload_id: session.upload_id }, transfer.list.failures());
        if let Some(transfer) = self.transfers.get_mut(&of) {
            transfer.list.start(id);
        }
    }

    fn start_sign(&mut self, of: TransferKey, pieces: Vec<usize>) {
        let Some(transfer) = self.transfers.get_mut(&of) else { return };
        let Some(session) = transfer.session() else { return };
        let mut indices = Vec::with_capacity(pieces.len());
        let (mut parts, mut staged) = (Vec::new(), Vec::new());
        for index in pieces {
            let Some(piece) = transfer.pieces.get_mut(index) else { continue };
            if piece.start_signing().is_err() {
                continue;
            }
            indices.push(index);
            let checksum = piece.checksum();
            if let Some(part_number) = piece.part_number() {
                parts.push(PartToSign { part_number, checksum });
            } else if let (Some(piece_number), Some(checksum)) = (piece.staged_number(), checksum) {
                staged.push(PieceToSign { piece_number, checksum });
            }
        }
        let failures = transfer.sign.failures();
        let upload_id = session.upload_id;
        let work = match transfer.staging.and_then(|staging| staging.piece_size) {
            Some(piece_size) if !staged.is_empty() => {
                Work::SignPieces { upload_id, request: SignPiecesRequest { piece_size, pieces: staged } }
            }
            _ => Work::SignParts { upload_id, request: SignPartsRequest { parts } },
        };
        let id = self.start(Job::Sign { of, pieces: indices }, work, failures);
        if let Some(transfer) = self.transfers.get_mut(&of) {
            transfer.sign.start(id);
        }
    }

    fn start_create(&mut self, keys: &[TransferKey]) {
        let mut announced = Vec::with_capacity(keys.len());
        let mut files = Vec::with_capacity(keys.len());
        let mut failures = 0;
        for key in keys {
            let wish =
                self.transfers.get(key).and_then(|transfer| self.part_size_wish(transfer.upload.size_bytes));
            let Some(transfer) = self.transfers.get_mut(key) else { continue };
            if !transfer.was_announced {
                (transfer.was_announced, transfer.part_size_wish) = (true, wish);
            }
            let Some(file) = transfer.announcement() else { continue };
            for piece in transfer.pieces.iter_mut().filter(|piece| piece.need(self.now_ms) == Need::Signing) {
                if piece.is_signed_with_announcement() {
                    piece.start_signing().ok();
                }
            }
            failures = failures.max(transfer.announce.failures());
            let client_ref = transfer.upload.client_ref.clone();
            announced.push(Announcing { of: *key, client_ref, wire_ref: file.client_ref.clone() });
            files.push(file);
        }
        let request = CreateUploadsRequest { project_id: self.config.project_id.clone(), files };
        let id = self.start(Job::Create { files: announced }, Work::CreateUploads(request), failures);
        for key in keys {
            if let Some(transfer) = self.transfers.get_mut(key) {
                transfer.announce.start(id);
            }
        }
    }

    fn start_abort(&mut self, upload_id: UploadId) {
        let Some(failures) = self.aborts.get(&upload_id).map(|errand| errand.failures()) else { return };
        let id = self.start(Job::Abort { upload_id }, Work::Abort { upload_id }, failures);
        if let Some(errand) = self.aborts.get_mut(&upload_id) {
            errand.start(id);
        }
    }

    fn read(&mut self, active: &[TransferKey]) {
        let readers = self
            .running
            .values()
            .filter(|running| matches!(running.job, Job::Read { .. } | Job::Recognise { .. }))
            .count();
        if readers >= READERS_MAX {
            return;
        }
        let all = self.active_transfers(active).map(|(_, transfer)| transfer);
        let others = all.filter(|transfer| !self.is_in_lasting_trouble(transfer));
        let mut ahead_of_others: usize = others.map(|transfer| self.parts_ahead(transfer)).sum();
        let (mut wanted, mut unknown) = (Vec::new(), Vec::new());
        for (key, transfer) in self.active_transfers(active) {
            if readers + wanted.len() + unknown.len() >= READERS_MAX {
                break;
            }
            if transfer.stage != Stage::Preparing && !transfer.may_send() {
                continue;
            }
            let places = if transfer.is_hard_to_read() { READERS_OF_HARD_MAX } else { READERS_MAX };
            if transfer.needs_recognising(self.now_ms) && readers + wanted.len() + unknown.len() < places {
                unknown.push(key);
            }
            // What was read of one in lasting trouble, and does not leave, keeps no other from being read.
            let mut ahead_of_it = self.is_in_lasting_trouble(transfer).then(|| self.parts_ahead(transfer));
            let parts_ahead = ahead_of_it.as_mut().unwrap_or(&mut ahead_of_others);
            for (index, piece) in self.reading_order(transfer) {
                if readers + wanted.len() + unknown.len() >= places {
                    break;
                }
                if piece.need(self.now_ms) != Need::Reading {
                    continue;
                }
                if piece.is_listed() {
                    let most = if piece.is_unit() { self.config.pieces_ahead } else { PIECES_PER_SIGNING };
                    if *parts_ahead >= most {
                        break;
                    }
                    *parts_ahead += 1;
                }
                wanted.push((key, index));
            }
        }
        unknown.into_iter().for_each(|of| self.start_recognising(of));
        for (of, index) in wanted {
            let Some(blob) = self.blob_of(of, index) else { continue };
            let Some(piece) = self.piece_mut(of, index) else { continue };
            let (range, failures) = (piece.range.clone(), piece.read_failures);
            self.start(Job::Read { of, piece: index }, Work::Hash { blob, range }, failures);
            if let Some(piece) = self.piece_mut(of, index) {
                piece.start_reading().ok();
            }
        }
    }

    /// What is to be sent first is read first: while nothing is known of the line, the smallest, which of a film is
    /// its last part.
    fn reading_order<'a>(&self, transfer: &'a Transfer) -> Vec<(usize, &'a Piece)> {
        let mut pieces: Vec<_> = transfer.pieces.iter().enumerate().collect();
        if !self.link.is_known() {
            pieces.sort_by_key(|(_, piece)| piece.size_bytes());
        }
        pieces
    }

    /// Parts of it that are being read, or were read and are not on their way yet.
    fn parts_ahead(&self, transfer: &Transfer) -> usize {
        let parts = transfer.pieces.iter().filter(|piece| piece.is_listed());
        parts
            .filter(|piece| match piece.need(self.now_ms) {
                Need::Signing | Need::Sending => true,
                Need::Reading => false,
                Need::Nothing => matches!(piece.state, PieceState::Reading | PieceState::Signing),
            })
            .count()
    }

    pub(super) fn blob_of(&self, of: TransferKey, index: usize) -> Option<BlobRef> {
        let transfer = self.transfers.get(&of)?;
        let source = transfer.pieces.get(index)?.source();
        Some(BlobRef { client_ref: transfer.upload.client_ref.clone(), source })
    }

    /// When something has to happen without an input: a rest ends, silence becomes death, progress is due.
    /// What is due already waits for an answer, not for time.
    pub(super) fn find_deadline(&self) -> Option<u64> {
        let active = self.active();
        let pieces = self.active_transfers(&active).flat_map(|(_, transfer)| &transfer.pieces);
        let piece_rests = pieces.filter_map(|piece| match &piece.state {
            PieceState::Idle(rest) | PieceState::Claimed { rest, .. } => Some(rest.until_ms),
            _ => None,
        });
        let content_rests = self.active_transfers(&active).map(|(_, it)| it.content_rest.until_ms);
        let errands = self.active_transfers(&active).flat_map(|(_, transfer)| transfer.errands());
        let errand_rests = errands.chain(self.aborts.values()).filter_map(|errand| errand.rests_until_ms());
        let flights = self.flights().map(|(_, _, deadline_ms, _): (_, _, _, CommandId)| deadline_ms);
        let answers = self.running.values().filter_map(|running| running.deadline_ms);
        piece_rests
            .chain(content_rests)
            .chain(errand_rests)
            .chain(flights)
            .chain(answers)
            .chain(self.token.rests_until_ms())
            .chain([self.window.held_until_ms(), self.announcements_held_until_ms])
            .chain(self.next_progress_ms())
            .chain(self.next_overdue_ms())
            .chain(self.previews.next_ms())
            .filter(|at_ms| *at_ms > self.now_ms)
            .min()
    }
}
