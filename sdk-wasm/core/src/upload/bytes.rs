//! What becomes of bytes: read from a file, moved to the store, stored or not.

use windlass_protocol::Checksum;

use super::FailureCode;
use super::answer::{PutAccepted, ReadFailure, StoreFailure};
use super::answer_times::Wait;
use super::command::{CommandId, Server};
use super::engine::Engine;
use super::jobs::{Job, TransferKey};
use super::piece::{Piece, PieceKind, Reading, Rest};
use super::refused_urls::RefusedUrls;
use super::transfer::Side;
use super::verdict::{self, Cause, PutVerdict, Setback};

/// What cannot be read is tried again after this long, in milliseconds, and then after twice as long each time: some file
/// providers need a second call, and a page that was in the background may be refused for some seconds.
const READ_AGAIN_MS: u64 = 500;
/// So many failures in a row end the upload where the file is said to be gone …
const GONE_MOST: u32 = 3;
/// … where it is only kept from us …
const KEPT_FROM_US_MOST: u32 = 5;
/// … and where nothing of it comes, which takes its time each time.
const SILENT_MOST: u32 = 4;

impl Engine {
    pub(super) fn piece_mut(&mut self, of: TransferKey, piece: usize) -> Option<&mut Piece> {
        self.transfers.get_mut(&of)?.pieces.get_mut(piece)
    }

    pub(super) fn was_read(&mut self, of: TransferKey, index: usize, result: Result<Checksum, ReadFailure>) {
        let now_ms = self.now_ms;
        let Some(piece) = self.piece_mut(of, index) else { return };
        match result {
            Ok(checksum) => match piece.was_read(checksum) {
                Ok(Reading::Changed) => self.fail(of, unreadable(ReadFailure::Changed)),
                Ok(Reading::Good | Reading::AlreadyStored) => {
                    if let Some(transfer) = self.transfers.get_mut(&of) {
                        transfer.moved = true;
                        if transfer.pieces.get(index).is_some_and(|piece| piece.kind == PieceKind::Whole) {
                            transfer.content = Some(checksum);
                        }
                        if transfer.was_changed_since_it_was_read(index)
                            || transfer.was_changed_since_it_was_recognised()
                        {
                            return self.fail(of, unreadable(ReadFailure::Changed));
                        }
                    }
                    self.prepared_further(of);
                }
                Err(_) => {}
            },
            Err(failure) => {
                let rest = rest_before_reading(now_ms, failure, piece.read_failures + 1);
                let refused = piece.could_not_be_read(rest.unwrap_or_default()).is_err();
                if refused || rest.is_some() {
                    return;
                }
                if !matches!(piece.kind, PieceKind::Variant(_)) {
                    return self.fail(of, unreadable(failure));
                }
                piece.leave_out();
                if let Some(transfer) = self.transfers.get_mut(&of) {
                    transfer.moved = true;
                }
                self.prepared_further(of);
            }
        }
    }

    pub(super) fn bytes_moved(&mut self, id: CommandId, sent_bytes: u64) {
        let Some(Job::Put { of, piece }) = self.running.get(&id).map(|running| &running.job) else { return };
        let (of, piece, now_ms) = (*of, *piece, self.now_ms);
        let active = self.flying().count();
        let Some(transfer) = self.transfers.get_mut(&of) else { return };
        let piece = transfer.pieces.get_mut(piece);
        let Some((silence_ms, flight)) = piece.and_then(|piece| piece.moved(sent_bytes, now_ms)) else {
            return;
        };
        self.watchdog.heard_after(silence_ms);
        let is_first = flight.milestone.is_none();
        flight.milestone =
            self.link.moved(active, flight.started_ms, flight.milestone, now_ms, flight.sent_bytes);
        if is_first && flight.milestone.is_some() {
            flight.burst_bytes = flight.sent_bytes;
        }
        transfer.moved = true;
    }

    pub(super) fn was_put(
        &mut self,
        of: TransferKey,
        index: usize,
        asked_ms: u64,
        result: Result<PutAccepted, StoreFailure>,
    ) {
        let has_moved =
            self.piece_mut(of, index).and_then(|piece| piece.flight()).is_some_and(|f| f.sent_bytes > 0);
        match &result {
            Err(StoreFailure::NoAnswer) if !has_moved => {
                self.not_answered(Server::Store, self.now_ms.saturating_sub(asked_ms));
            }
            // Where bytes have moved, the page was let in.
            _ => self.barred(Server::Store).answered(),
        }
        match result {
            Ok(accepted) => {
                self.network_answered(asked_ms);
                self.was_stored(of, index, accepted.etag);
            }
            Err(failure) => {
                if failure != StoreFailure::NoAnswer {
                    self.network_answered(asked_ms);
                }
                self.was_not_stored(of, index, verdict::of_put(failure));
            }
        }
    }

    fn was_stored(&mut self, of: TransferKey, index: usize, etag: Option<String>) {
        let now_ms = self.now_ms;
        let Some(piece) = self.piece_mut(of, index) else { return };
        let size_bytes = piece.size_bytes();
        let Ok(flight) = piece.was_stored(etag) else { return };
        self.window.succeeded(flight.started_ms, now_ms);
        self.stored_began_ms = self.stored_began_ms.max(flight.started_ms);
        let took_ms = now_ms.saturating_sub(flight.started_ms);
        self.link.stored(size_bytes, &flight.beside, took_ms);
        let handed_over_bytes = self.flying().filter_map(Piece::flight).map(|flight| flight.sent_bytes).sum();
        self.link.confirmed(size_bytes, &flight.beside, handed_over_bytes, took_ms);
        for (of, index) in self.puts() {
            if let Some(other) = self.piece_mut(of, index).and_then(Piece::flight_mut) {
                let together_ms = now_ms.saturating_sub(other.started_ms);
                other.beside.confirmed(size_bytes, took_ms, together_ms);
            }
        }
        self.calm.carried(flight.started_ms, now_ms);
        self.progressed(of);
        if let Some(transfer) = self.transfers.get_mut(&of) {
            transfer.moved = true;
            transfer.recover_together();
            transfer.settle();
        }
    }

    fn was_not_stored(&mut self, of: TransferKey, index: usize, verdict: PutVerdict) {
        match verdict {
            PutVerdict::Retry(setback) => {
                let setback = self.barred(Server::Store).explain(Server::Store, setback);
                self.put_failed(of, index, setback);
            }
            PutVerdict::GoAndLook => self.go_and_look(of, index),
            PutVerdict::SignAgain(setback) => {
                let Some(piece) = self.piece_mut(of, index) else { return };
                piece.ticket = None;
                if setback.cause == Cause::Stranger {
                    self.put_failed(of, index, setback);
                } else {
                    self.url_refused(of, index, setback);
                }
            }
            PutVerdict::AskForPhoto(setback) => {
                let Some((rest, _)) = self.set_back(of, Side::Store, &setback, 0) else { return };
                if let Some(piece) = self.piece_mut(of, index) {
                    piece.send_again(rest);
                }
                self.ask_for_photo(of);
            }
            PutVerdict::GiveUp(setback) => self.fail(of, setback),
        }
    }

    fn put_failed(&mut self, of: TransferKey, index: usize, setback: Setback) {
        let now_ms = self.now_ms;
        let Some(piece) = self.piece_mut(of, index) else { return };
        piece.refused_urls = RefusedUrls::default();
        let failures = piece.failures;
        let Some((mut rest, counts)) = self.set_back(of, Side::Store, &setback, failures) else { return };
        let is_staged = self.piece_mut(of, index).is_some_and(|piece| piece.staged_number().is_some());
        if is_staged && setback.cause == Cause::NoAnswer {
            rest = self.rest_of_piece(rest, failures);
        }
        let reread = matches!(setback.cause, Cause::NoAnswer | Cause::Corrupted);
        let look = setback.cause == Cause::NoAnswer;
        let active = self.flying().count();
        let Some(piece) = self.piece_mut(of, index) else { return };
        let size_bytes = piece.size_bytes();
        let Ok(flight) = piece.was_not_stored(rest, reread, look) else { return };
        if !counts {
            piece.failures = failures;
        }
        let failures = piece.failures;
        let has_moved = flight.sent_bytes > 0;
        let elapsed_ms = now_ms.saturating_sub(flight.started_ms);
        let arrived = flight.sent_bytes - self.link.in_buffers(active, elapsed_ms, flight.sent_bytes);
        // Where all had arrived, only the answer was lost.
        let is_broken = has_moved && counts && arrived < size_bytes / 10 * 9;
        if setback.cause == Cause::NoAnswer && is_broken {
            if let Some(piece) = self.piece_mut(of, index) {
                piece.deaths += 1;
            }
            self.calm.broke(flight.started_ms, now_ms);
        }
        if matches!(setback.cause, Cause::NoAnswer | Cause::Overloaded) {
            self.window.troubled(flight.started_ms, now_ms);
        }
        if let (Cause::Overloaded, Some(after_ms)) = (setback.cause, setback.retry_after_ms) {
            self.window.hold_until(now_ms + after_ms);
        }
        if let Some(transfer) = self.transfers.get_mut(&of) {
            if is_staged && !has_moved {
                transfer.rest_together(rest, failures);
            }
            transfer.settle();
        }
    }

    /// Something is in the piece's place already. The service verifies it at the end, whatever it is.
    fn go_and_look(&mut self, of: TransferKey, index: usize) {
        let Some(piece) = self.piece_mut(of, index) else { return };
        if piece.was_stored(None).is_ok()
            && let Some(transfer) = self.transfers.get_mut(&of)
        {
            transfer.moved = true;
            transfer.settle();
        }
    }

    /// PUTs and reading are stopped, and what they had begun is dropped.
    pub(super) fn stop_moving_bytes(&mut self, key: TransferKey) {
        self.stop_jobs(|job| match job {
            Job::Read { of, .. } | Job::Recognise { of } | Job::Put { of, .. } => *of == key,
            _ => false,
        });
        if let Some(transfer) = self.transfers.get_mut(&key) {
            transfer.pieces.iter_mut().for_each(Piece::interrupt);
            transfer.content_reading = false;
            transfer.moved = true;
        }
    }

    /// Gives up what has been silent for too long.
    pub(super) fn watch(&mut self) {
        let silent: Vec<(CommandId, TransferKey, usize)> = self
            .flights()
            .filter(|(_, _, deadline_ms, _)| *deadline_ms <= self.now_ms)
            .map(|(of, index, _, id)| (id, of, index))
            .collect();
        if !silent.is_empty() {
            self.suspect_connections();
        }
        for (id, of, index) in silent {
            self.stop(id);
            if let Some(piece) = self.piece_mut(of, index) {
                piece.kills += 1;
            }
            self.put_failed(of, index, Setback::no_answer("The connection to the store has gone silent."));
        }
        let overdue: Vec<CommandId> = self
            .running
            .iter()
            .filter(|(_, running)| running.deadline_ms.is_some_and(|deadline| deadline <= self.now_ms))
            .map(|(id, _)| *id)
            .collect();
        for id in overdue {
            if let Some(running) = self.stop(id) {
                // A service that looks at many pictures says nothing of the network.
                if running.job.is_service_request() && running.job.wait() != Wait::Aside {
                    self.suspect_connections();
                }
                self.no_answer_to(id, running);
            }
        }
    }

    /// All PUTs in flight, with the moment each is dead without a sign of life.
    pub(super) fn flights(&self) -> impl Iterator<Item = (TransferKey, usize, u64, CommandId)> + '_ {
        let buffered_bytes = self.buffered_bytes();
        let overdue_ms = self.overdue_ms();
        let puts = self.running.iter().filter_map(|(id, running)| match &running.job {
            Job::Put { of, piece } => Some((*id, *of, *piece)),
            _ => None,
        });
        puts.filter_map(move |(id, of, index)| {
            let piece = self.transfers.get(&of)?.pieces.get(index)?;
            let flight = piece.flight()?;
            let was_overtaken = flight.sent_bytes > 0 && self.stored_began_ms > flight.heard_ms;
            let patience_ms = if was_overtaken {
                // Whoever is killed again and again may be slow after all.
                overdue_ms.saturating_mul(1 << piece.kills.min(6))
            } else {
                // Its own share may be underestimated; as much as the buffers took at once may lie in them.
                let buffered_bytes = buffered_bytes.max(flight.burst_bytes);
                self.watchdog.patience_ms(&self.link, buffered_bytes, piece.kills)
            };
            let silent_ms = flight.heard_ms.saturating_add(patience_ms);
            let deadline_ms = flight.prove_by_ms.map_or(silent_ms, |prove| prove.min(silent_ms));
            Some((of, index, deadline_ms, id))
        })
    }

    /// When the first PUT in flight is overdue, so that another may begin.
    pub(super) fn next_overdue_ms(&self) -> Option<u64> {
        let overdue_ms = self.overdue_ms();
        let moments = self.flying().filter_map(Piece::flight).map(|flight| flight.heard_ms + overdue_ms);
        moments.filter(|at_ms| *at_ms > self.now_ms).min()
    }

    /// How long a PUT may be silent that only waits for its turn on the line.
    pub(super) fn overdue_ms(&self) -> u64 {
        self.watchdog.overdue_ms(&self.link, self.buffered_bytes())
    }

    /// Bytes of all PUTs that were handed to the system and lie in its buffers as far as one can tell.
    pub(super) fn buffered_bytes(&self) -> u64 {
        let active = self.flying().count();
        let flights = self.flying().filter_map(Piece::flight);
        flights
            .map(|flight| {
                let elapsed_ms = flight.heard_ms.saturating_sub(flight.started_ms);
                self.link.in_buffers(active, elapsed_ms, flight.sent_bytes)
            })
            .sum()
    }
}

/// The rest before a file is read again that could not be read so many times in a row; `None` where it was too often.
pub(super) fn rest_before_reading(now_ms: u64, failure: ReadFailure, failures: u32) -> Option<Rest> {
    let most = match failure {
        ReadFailure::Gone => GONE_MOST,
        ReadFailure::Changed => KEPT_FROM_US_MOST,
        ReadFailure::Silent => SILENT_MOST,
    };
    let rest_ms = || READ_AGAIN_MS << (failures - 1);
    (failures < most).then(|| Rest { until_ms: now_ms + rest_ms(), ends_with_network: false })
}

pub(super) fn unreadable(failure: ReadFailure) -> Setback {
    let (code, reason) = match failure {
        ReadFailure::Gone => (
            FailureCode::FileGone,
            "the file was deleted, moved or changed since it was chosen. Choose it again from where it is now.",
        ),
        ReadFailure::Changed => (
            FailureCode::FileChanged,
            "the file was changed or locked since it was chosen. Choose it again to send it as it is now.",
        ),
        ReadFailure::Silent => (
            FailureCode::FileGone,
            "nothing of the file could be read for minutes. Open it where it is, as in a cloud or on a card, and \
             choose it again.",
        ),
    };
    Setback { cause: Cause::Refused, code, reason: reason.to_owned(), retry_after_ms: None, request_id: None }
}
