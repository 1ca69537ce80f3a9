//! Telling the service which smaller pictures are stored, so that the office sees a photo before its original is
//! there.
//!
//! One small request for all that gathered for a moment, beside the bytes and never in their place. Nothing depends
//! on it: whatever becomes of it, the photo is seen when its original is. So a failure is nobody's setback; it is
//! told again with what comes next, and a service that does not want to know is not told any more. A photo whose
//! original follows at once is not worth a request, and the larger pictures of one that is seen already can wait.

use std::collections::BTreeSet;

use windlass_protocol::UploadId;
use windlass_protocol::report_previews::{MAX_UPLOADS, ReportPreviewsRequest};

use super::answer::ServiceFailure;
use super::answers::Asked;
use super::command::Work;
use super::engine::Engine;
use super::errand::Errand;
use super::jobs::{Job, TransferKey};
use super::piece::{Piece, PieceKind, Rest};
use super::transfer::{Stage, Transfer};
use super::verdict::{self, Operation, ServiceVerdict};

/// How long the first pictures of photos gather, in milliseconds.
const FIRST_MS: u64 = 250;
/// How long further ones do: by then some originals are there.
const FURTHER_MS: u64 = 2_000;
/// Where all originals should be there within that time, in milliseconds, they are waited for so long: each picture
/// is looked at in the store.
const SOON_MS: u64 = 3_000;

/// What is to be told, and when.
#[derive(Debug)]
pub(super) struct Previews {
    errand: Errand,
    /// Uploads that have pictures to tell of.
    untold: BTreeSet<TransferKey>,
    /// Since when something is to be told; `None` where there is nothing.
    since_ms: Option<u64>,
    /// When what has gathered is to be told.
    due_ms: Option<u64>,
    /// The service does not want to know.
    is_unwanted: bool,
}

impl Previews {
    pub const fn new() -> Self {
        Self {
            errand: Errand::new(),
            untold: BTreeSet::new(),
            since_ms: None,
            due_ms: None,
            is_unwanted: false,
        }
    }

    /// The network is back.
    pub fn wake(&mut self, until_ms: u64) {
        self.errand.wake(until_ms);
    }

    /// Uploads that have pictures to tell of; `None` where nobody wants to know.
    #[cfg(debug_assertions)]
    pub fn untold(&self) -> Option<&BTreeSet<TransferKey>> {
        (!self.is_unwanted).then_some(&self.untold)
    }

    /// When something is to be told, where nothing is being told.
    pub fn next_ms(&self) -> Option<u64> {
        Some(self.due_ms?.max(self.errand.rests_until_ms()?))
    }
}

impl Engine {
    /// Looks for pictures that were stored and not told of.
    pub(super) fn notice_pictures(&mut self) {
        if self.previews.is_unwanted {
            return;
        }
        let transfers = &self.transfers;
        self.previews.untold.extend(transfers.touched());
        let is_untold = |key: &TransferKey| transfers.get(key).is_some_and(|t| t.untold_for_ms().is_some());
        self.previews.untold.retain(is_untold);
        let untold = self.previews.untold.iter().filter_map(|key| self.transfers.get(key));
        let untold = untold.filter(|transfer| !self.is_held(transfer));
        let Some(wait_ms) = untold.filter_map(Transfer::untold_for_ms).min() else {
            (self.previews.since_ms, self.previews.due_ms) = (None, None);
            return;
        };
        let least_ms = if self.originals_are_there_soon() { SOON_MS } else { 0 };
        let since_ms = *self.previews.since_ms.get_or_insert(self.now_ms);
        self.previews.due_ms = Some(since_ms + wait_ms.max(least_ms));
    }

    /// Whether the line is so fast that everything it has to carry is there in a moment.
    fn originals_are_there_soon(&self) -> bool {
        let Some(bytes_per_s) = self.link.cautious_bytes_per_s(None) else { return false };
        let soon_bytes = (SOON_MS as f64 * bytes_per_s / 1_000.0) as u64;
        let under_way = self.transfers.values().filter(|transfer| !self.is_held(transfer));
        // Of a long queue only as many are looked at as it takes to know.
        let left = under_way.map(Transfer::bytes_to_send).try_fold(soon_bytes, u64::checked_sub);
        !self.originals_wait && left.is_some_and(|left| left > 0)
    }

    /// Of whom to tell now.
    pub(super) fn pictures_to_report(&self) -> Option<Vec<TransferKey>> {
        let previews = &self.previews;
        let is_due = previews.due_ms.is_some_and(|due_ms| due_ms <= self.now_ms);
        if !is_due || !previews.errand.is_due(self.now_ms) {
            return None;
        }
        Some(previews.untold.iter().copied().take(MAX_UPLOADS).collect())
    }

    pub(super) fn start_report(&mut self, keys: &[TransferKey]) {
        let of_key = |key: &TransferKey| {
            let transfer = self.transfers.get(key)?;
            Some((transfer.session()?.upload_id, (*key, transfer.pictures_stored())))
        };
        let (upload_ids, told): (Vec<UploadId>, Vec<_>) = keys.iter().filter_map(of_key).unzip();
        (self.previews.since_ms, self.previews.due_ms) = (None, None);
        if upload_ids.is_empty() {
            return;
        }
        let work = Work::ReportPreviews(ReportPreviewsRequest { upload_ids });
        let id = self.start(Job::Report { told }, work, self.previews.errand.failures());
        self.previews.errand.start(id);
    }

    pub(super) fn reported(
        &mut self,
        asked: Asked,
        told: &[(TransferKey, usize)],
        result: Result<(), ServiceFailure>,
    ) {
        let Err(failure) = self.heard(asked, result) else {
            self.previews.errand.succeeded();
            for (key, count) in told {
                if let Some(transfer) = self.transfers.get_mut(key) {
                    transfer.pictures_told = transfer.pictures_told.max(*count);
                }
            }
            return;
        };
        let failures = self.previews.errand.failures();
        match verdict::of_service(Operation::Report, failure) {
            ServiceVerdict::Retry(setback) => {
                let (rest, counts) = self.rest_after(&setback, failures);
                self.previews.errand.failed(rest, counts);
            }
            ServiceVerdict::RefreshToken(setback) => {
                self.token_refused(asked, &setback);
                let rest = Rest { until_ms: self.now_ms + FURTHER_MS, ends_with_network: false };
                self.previews.errand.failed(rest, true);
            }
            ServiceVerdict::AskAgain(_)
            | ServiceVerdict::AskForPhoto
            | ServiceVerdict::StartOver(_)
            | ServiceVerdict::SendParts(..)
            | ServiceVerdict::SendWhole(_)
            | ServiceVerdict::GiveUp(_) => {
                self.previews.errand.succeeded();
                (self.previews.is_unwanted, self.previews.due_ms) = (true, None);
            }
        }
    }
}

impl Transfer {
    /// How many of its smaller pictures are stored. They come before all other pieces, of which there may be many.
    fn pictures_stored(&self) -> usize {
        let pictures = self.pieces.iter().take_while(|piece| matches!(piece.kind, PieceKind::Variant(_)));
        pictures.filter(|piece| piece.is_stored()).count()
    }

    /// How long there is to gather before the service is told of its pictures; `None` where there is nothing to
    /// tell: all is told, or all is there and the service is about to look itself.
    pub(super) fn untold_for_ms(&self) -> Option<u64> {
        let is_on_its_way =
            matches!(self.stage, Stage::Sending(_)) && !self.pieces.iter().all(Piece::is_settled);
        let is_untold = is_on_its_way && self.pictures_stored() > self.pictures_told;
        is_untold.then_some(if self.pictures_told == 0 { FIRST_MS } else { FURTHER_MS })
    }
}
