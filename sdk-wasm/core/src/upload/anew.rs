//! Beginning anew: how often an upload may, and under which name.
//!
//! A name (`client_ref`) stands for one upload at the service, until that is closed. So whoever begins anew announces
//! itself under the name it had, which is free then, and takes another one only where it is not; and a page that comes
//! back to a file tries them in the same order: it finds the upload an earlier page has begun, or the first name that
//! is free.

use windlass_protocol::{ClientRef, ErrorCode};

use super::FailureCode;
use super::checksum::crc64_nvme;
use super::engine::Engine;
use super::errand::Errand;
use super::jobs::TransferKey;
use super::piece::{Piece, Rest};
use super::transfer::{Side, Stage, Transfer, first_pieces};
use super::verdict::Setback;

/// An upload may begin anew this often after the service or the store forgot what this session had begun.
const RESTARTS_MAX: u32 = 3;
/// So many names an upload has at the service. Each stands for one that was begun and closed before all of it was
/// stored: a phone that is opened every few days, or waits for Wi-Fi, closes one each time.
const NAMES_MAX: u32 = 64;

/// Why an upload does not begin anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spent {
    Restarts,
    Names,
}

impl Spent {
    /// What the upload ends with, where `last` was the occasion.
    fn explain(self, last: Setback) -> Setback {
        match self {
            Self::Restarts => Setback {
                reason: format!(
                    "it was begun anew {RESTARTS_MAX} times, and closed or forgotten each time before all of it \
                     was stored. Try again later."
                ),
                ..last
            },
            Self::Names => Setback {
                code: FailureCode::Service(ErrorCode::UploadClosed),
                reason: format!(
                    "it was begun {NAMES_MAX} times, and each upload was closed before all of it was stored. Choose \
                     the file again: it then begins under a new name."
                ),
                ..last
            },
        }
    }
}

impl Transfer {
    /// The idempotency key on the wire: the client's own, with a number once the service has closed the
    /// upload of that name. `None` where its names are used up.
    pub fn wire_ref(&self) -> Option<ClientRef> {
        match self.names_used {
            0 => Some(self.upload.client_ref.clone()),
            used if used < NAMES_MAX => numbered(&self.upload.client_ref, used + 1),
            _ => None,
        }
    }

    fn take_next_name(&mut self) -> Result<(), Spent> {
        self.names_used = self.names_used.saturating_add(1);
        self.wire_ref().map(|_| ()).ok_or(Spent::Names)
    }

    /// Forgets what the service and the store have forgotten, where that did not happen too often. The name is kept:
    /// another one, where that is free, would make a second photo after the next reload, which finds nothing under the
    /// first. Where it is not free the service says so, and the next one is tried.
    fn restart(&mut self) -> Result<(), Spent> {
        self.restarts += 1;
        if self.restarts > RESTARTS_MAX {
            return Err(Spent::Restarts);
        }
        if self.pieces.is_empty() {
            self.pieces = first_pieces(&self.upload); // All of it was thought to be stored.
        }
        self.pieces.retain(Piece::is_signed_with_announcement);
        self.staging = None;
        for piece in &mut self.pieces {
            (piece.ticket, piece.is_held) = (None, false);
            piece.send_again(Rest::default());
        }
        (self.sign, self.list, self.complete) = (Errand::new(), Errand::new(), Errand::new());
        (self.survey, self.rounds, self.pictures_told) = (false, 0, 0);
        self.stage = Stage::Preparing;
        self.moved = true;
        self.settle();
        Ok(())
    }
}

impl Engine {
    /// The service takes nothing more for the upload, or the store has dropped its parts. Perhaps all of it had arrived,
    /// and it is a photo by now: the service says so, or what is missing, before anything is sent again.
    pub(super) fn ask_for_photo(&mut self, key: TransferKey) {
        self.stop_moving_bytes(key);
        let Some(transfer) = self.transfers.get_mut(&key) else { return };
        let Some(session) = transfer.session() else { return };
        transfer.stage = Stage::Checking(session);
        // They are for a multipart upload that is over.
        for piece in transfer.pieces.iter_mut().filter(|piece| piece.part_number().is_some()) {
            piece.ticket = None;
        }
    }

    /// The service has forgotten the upload, or closed it: everything anew.
    pub(super) fn start_over(&mut self, key: TransferKey, setback: Setback) {
        let Some((rest, counts)) = self.set_back(key, Side::Service, &setback, 0) else { return };
        self.stop_jobs(|job| job.of() == Some(key));
        let Some(transfer) = self.transfers.get_mut(&key) else { return };
        let is_forgotten = setback.code == FailureCode::Service(ErrorCode::NotFound);
        if let Some(session) = transfer.session().filter(|_| !is_forgotten) {
            self.aborts.insert(session.upload_id, Errand::new());
        }
        match transfer.restart() {
            Ok(()) => transfer.announce.failed(rest, counts),
            Err(spent) => self.fail(key, spent.explain(setback)),
        }
    }

    /// The upload of its name is over, or another file's. Where this session had begun nothing under that name,
    /// nothing is lost: the next name is tried at once, and what an earlier session may have stored under that one
    /// is still asked for.
    pub(super) fn leave_name(&mut self, key: TransferKey, setback: Setback) {
        let Some(transfer) = self.transfers.get_mut(&key) else { return };
        if transfer.session().is_some() {
            return self.start_over(key, setback);
        }
        transfer.pieces.iter_mut().for_each(|piece| piece.signing_ended(None));
        match transfer.take_next_name() {
            Ok(()) => transfer.announce.failed(Rest::default(), false),
            Err(spent) => self.fail(key, spent.explain(setback)),
        }
    }
}

/// A name with a number, always the same one. Where it would be too long, the end of the name gives way to a checksum
/// of all of it, so that two long names that differ only there stay two.
fn numbered(name: &ClientRef, number: u32) -> Option<ClientRef> {
    let name = name.as_str();
    if let Ok(numbered) = format!("{name}~{number}").parse() {
        return Some(numbered);
    }
    let sum = crc64_nvme(name.as_bytes());
    let mut beginnings = name.char_indices().rev().filter_map(|(end, _)| name.get(..end));
    beginnings.find_map(|beginning| format!("{beginning}~{sum}~{number}").parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ClientRef {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_with_a_number_is_the_name_and_the_number_where_there_is_room() {
        assert_eq!(numbered(&name("photo"), 2), Some(name("photo~2")));
        let longest = "x".repeat(198);
        assert_eq!(numbered(&name(&longest), 9), Some(name(&format!("{longest}~9"))));
    }

    #[test]
    fn a_long_name_with_a_number_is_valid_stable_and_no_other_ones() {
        let long = |end: &str| name(&format!("{}{end}", "ü".repeat(98)));
        let names = ["a", "b", "aaaa", "aaab"].map(long);
        let mut seen = std::collections::BTreeSet::new();
        for number in 2..=NAMES_MAX {
            for name in &names {
                let numbered_name = numbered(name, number).unwrap();
                assert_eq!(numbered(name, number), Some(numbered_name.clone()));
                assert!(seen.insert(numbered_name.clone()), "{numbered_name} is taken");
            }
        }
    }
}
