//! The same photo chosen twice: recognised by its content, and sent once.
//!
//! An original's CRC-64/NVME and its size tell it from every other photo a person will ever choose (two
//! different ones agree with a chance of 1 in 2^64). What this session has sent, it knows itself; what the same
//! person has stored before, from another page or device, the service is asked with the announcement
//! (`unless_stored`). Whoever wants it a second time says so ([`NewUpload::again`](super::NewUpload::again)).

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use windlass_protocol::{Checksum, ClientRef, ErrorCode, Photo, UploadId};

use super::answer::ReadFailure;
use super::bytes::{rest_before_reading, unreadable};
use super::command::{BlobRef, Source, Work};
use super::engine::Engine;
use super::errand::Errand;
use super::jobs::{Job, TransferKey};
use super::transfer::{Session, Stage, Transfer};

/// Files up to this size are read as a whole before they are announced, to recognise them: photos, and no
/// long videos.
const RECOGNISED_MOST_BYTES: u64 = 64 * 1024 * 1024;
/// So long a file is not announced without the question whether it was stored before, though the service cannot say, in
/// milliseconds: longer than most stores are away.
const RECOGNISING_MOST_MS: u64 = 10 * 60_000;
/// After a longer pause, of the user's or of the network, that begins anew, in milliseconds: nobody knows what the service
/// could have said meanwhile.
const SAME_ROW_MS: u64 = 3 * 60_000;
/// So many stored photos are remembered.
const REMEMBERED_MOST: usize = 2_000;

/// An original's content, as good as its bytes: their number and their checksum.
pub(super) type ContentKey = (u64, Checksum);

/// Answers in a row that could not say whether a file was stored before: when the first of them came, and the newest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unrecognised {
    since_ms: u64,
    newest_ms: u64,
}

/// Where some content is.
#[derive(Debug, Clone)]
enum Place {
    UnderWay(TransferKey),
    Stored(ClientRef, UploadId),
}

/// What is being sent and what was stored, by content.
#[derive(Debug, Default)]
pub(super) struct Twins {
    places: HashMap<ContentKey, Place>,
    /// What was stored, in that order.
    stored: VecDeque<ContentKey>,
    /// Who follows whom.
    followers: BTreeMap<TransferKey, BTreeSet<TransferKey>>,
}

impl Twins {
    /// Those that follow one of these.
    pub fn followers_of_any(&self, leaders: &BTreeSet<TransferKey>) -> Vec<TransferKey> {
        // Whichever is fewer is gone through: a queue may be long, and hardly a photo is chosen twice.
        if self.followers.len() < leaders.len() {
            let followed = self.followers.iter().filter(|(leader, _)| leaders.contains(leader));
            return followed.flat_map(|(_, followers)| followers).copied().collect();
        }
        leaders.iter().filter_map(|leader| self.followers.get(leader)).flatten().copied().collect()
    }

    /// It follows that one no more.
    fn unfollow(&mut self, of: TransferKey, leader: TransferKey) {
        if let Some(followers) = self.followers.get_mut(&leader) {
            followers.remove(&of);
            if followers.is_empty() {
                self.followers.remove(&leader);
            }
        }
    }

    /// It is stored now.
    fn was_stored(&mut self, content: ContentKey, client_ref: ClientRef, upload_id: UploadId) {
        if self.places.insert(content, Place::Stored(client_ref, upload_id)).is_none_or(is_under_way) {
            self.stored.push_back(content);
        }
        if self.stored.len() > REMEMBERED_MOST
            && let Some(oldest) = self.stored.pop_front()
        {
            self.places.remove(&oldest);
        }
    }
}

fn is_under_way(place: Place) -> bool {
    matches!(place, Place::UnderWay(_))
}

impl Transfer {
    /// Its content, once it was read.
    pub fn content_key(&self) -> Option<ContentKey> {
        self.content.map(|content| (self.upload.size_bytes, content))
    }

    /// Whether its content is to be known before it is announced, to recognise what was sent already: not of what is
    /// sent in any case. While such a file in parts is under way nothing here knows what is in it: the same bytes, chosen
    /// once more and not to be sent again, go beside it, and it is for the service to recognise them.
    pub fn wants_content(&self) -> bool {
        self.upload.size_bytes <= RECOGNISED_MOST_BYTES && !self.upload.again
    }

    /// The content the service is asked to recognise, where it is.
    pub fn unless_stored(&self) -> Option<Checksum> {
        self.content.filter(|_| !self.upload.again && self.session().is_none())
    }

    /// The service refused to announce it. Where it cannot say whether the bytes were stored before, that may never
    /// change: of an object that can be written and not be read. Then they are better there twice than never.
    pub fn announcement_refused(&mut self, code: ErrorCode, now_ms: u64) {
        let cannot_say = matches!(code, ErrorCode::StoreUnavailable | ErrorCode::Internal);
        if self.unless_stored().is_some() && cannot_say {
            let goes_on = self.unrecognised.filter(|row| now_ms <= row.newest_ms + SAME_ROW_MS);
            let since_ms = goes_on.map_or(now_ms, |row| row.since_ms);
            self.unrecognised = Some(Unrecognised { since_ms, newest_ms: now_ms });
            self.upload.again = now_ms >= since_ms + RECOGNISING_MOST_MS;
        }
    }

    /// Whether it ends as another one with the same bytes does.
    fn may_follow(&self) -> bool {
        !self.upload.again
    }

    /// Whether an earlier page may have begun it, and the service was not asked yet: it announces itself before it ends
    /// as another one does, so that what is open under its own name is closed.
    fn may_be_open(&self) -> bool {
        self.upload.resumed && !self.was_announced
    }

    /// Whether all its bytes are to be read now. What goes in one PUT is read for that anyway.
    pub fn needs_recognising(&self, now_ms: u64) -> bool {
        self.stage == Stage::Preparing
            && self.content.is_none()
            && !self.content_reading
            && self.content_rest.until_ms <= now_ms
            && self.wants_content()
            && self.pieces.iter().all(|piece| piece.source() != Source::Original)
    }
}

impl Engine {
    pub(super) fn start_recognising(&mut self, of: TransferKey) {
        let Some(transfer) = self.transfers.get_mut(&of) else { return };
        transfer.content_reading = true;
        let blob = BlobRef { client_ref: transfer.upload.client_ref.clone(), source: Source::Original };
        let (range, failures) = (0..transfer.upload.size_bytes, transfer.content_failures);
        self.start(Job::Recognise { of }, Work::Hash { blob, range }, failures);
    }

    pub(super) fn was_read_whole(&mut self, of: TransferKey, result: Result<Checksum, ReadFailure>) {
        let now_ms = self.now_ms;
        let Some(transfer) = self.transfers.get_mut(&of) else { return };
        transfer.content_reading = false;
        match result {
            Ok(content) => {
                transfer.content = Some(content);
                self.prepared_further(of);
            }
            Err(failure) => {
                transfer.content_failures += 1;
                match rest_before_reading(now_ms, failure, transfer.content_failures) {
                    Some(rest) => transfer.content_rest = rest,
                    None => self.fail(of, unreadable(failure)),
                }
            }
        }
    }

    /// Something of it was read: it moves on, or turns out to be a twin.
    pub(super) fn prepared_further(&mut self, of: TransferKey) {
        let Some(transfer) = self.transfers.get_mut(&of) else { return };
        let was_preparing = transfer.stage == Stage::Preparing;
        transfer.settle();
        let Some(content) = transfer.content_key() else { return };
        if !was_preparing || transfer.stage != Stage::Announcing {
            return;
        }
        let may_follow = transfer.may_follow();
        let place = self.twins.places.get(&content).cloned().filter(|place| match place {
            Place::UnderWay(other) => self.transfers.contains_key(other),
            Place::Stored(..) => true,
        });
        let Some(transfer) = self.transfers.get_mut(&of) else { return };
        match place {
            Some(Place::UnderWay(other)) if may_follow && other != of => self.pair(of, other, content),
            // It may have been deleted since.
            Some(Place::Stored(client_ref, upload_id)) if may_follow && !transfer.may_be_open() => {
                transfer.stage = Stage::Confirming(Session { upload_id });
                (transfer.same_as, transfer.stored_before) = (Some(client_ref), true);
            }
            Some(_) => {}
            None => {
                self.twins.places.insert(content, Place::UnderWay(of));
            }
        }
    }

    /// What was stored before is there no more: it is sent after all.
    pub(super) fn go_alone(&mut self, of: TransferKey) {
        let Some(transfer) = self.transfers.get_mut(&of) else { return };
        (transfer.same_as, transfer.stored_before) = (None, false);
        (transfer.announce, transfer.complete) = (Errand::new(), Errand::new());
        let content = transfer.content_key();
        // Another one may have found the same a moment ago: then that one sends it for both.
        let place = content.and_then(|content| self.twins.places.get(&content));
        if let Some(Place::UnderWay(other)) = place
            && *other != of
            && self.transfers.contains_key(other)
        {
            let leader = *other;
            return self.follow(of, leader);
        }
        let Some(transfer) = self.transfers.get_mut(&of) else { return };
        transfer.stage = Stage::Announcing;
        // Whoever was wrong about it once is not asked again.
        transfer.upload.again = true;
        if let Some(content) = content {
            self.twins.places.insert(content, Place::UnderWay(of));
        }
    }

    /// One of two with the same bytes is sent, for both: the one that is under way; but before any is announced the one
    /// of which an earlier page has most likely stored something, which of several is the first.
    fn pair(&mut self, of: TransferKey, other: TransferKey, content: ContentKey) {
        let both = self.transfers.get(&of).zip(self.transfers.get(&other));
        let leads = both.is_some_and(|(one, other_one)| {
            one.upload.resumed && !other_one.was_announced && (of < other || !other_one.upload.resumed)
        });
        if !leads {
            return self.follow(of, other);
        }
        self.twins.places.insert(content, Place::UnderWay(of));
        let followers = self.twins.followers.remove(&other).unwrap_or_default();
        for follower in followers.into_iter().chain([other]) {
            self.follow(follower, of);
        }
    }

    /// It ends as that other one does.
    fn follow(&mut self, of: TransferKey, leader: TransferKey) {
        if let Some(transfer) = self.transfers.get_mut(&of) {
            transfer.stage = Stage::Following(leader);
            self.twins.followers.entry(leader).or_default().insert(of);
        }
    }

    /// It was stored: so are those that followed it, and it is remembered.
    pub(super) fn tell_followers(&mut self, key: TransferKey, photo: &Photo) {
        let Some(transfer) = self.transfers.get(&key) else { return };
        let client_ref = transfer.upload.client_ref.clone();
        if let Some(content) = transfer.content_key().filter(|_| transfer.same_as.is_none()) {
            self.twins.was_stored(content, client_ref.clone(), photo.photo_id.into());
        }
        for follower in self.twins.followers.remove(&key).unwrap_or_default() {
            let Some(transfer) = self.transfers.get_mut(&follower) else { continue };
            if transfer.may_be_open() {
                transfer.stage = Stage::Announcing;
                continue;
            }
            (transfer.same_as, transfer.stored_before) = (Some(client_ref.clone()), true);
            self.finish(follower, Box::new(photo.clone()));
        }
    }

    /// The service was asked for it by its own name. Where another one has brought its bytes meanwhile, it ends as that
    /// one does; answers whether it is so.
    pub(super) fn was_brought_by_a_twin(&mut self, of: TransferKey) -> bool {
        let Some(transfer) = self.transfers.get_mut(&of) else { return false };
        let place = transfer.content_key().and_then(|content| self.twins.places.get(&content));
        let Some(Place::Stored(client_ref, upload_id)) = place else { return false };
        if !transfer.may_follow() || transfer.stage != Stage::Announcing {
            return false;
        }
        transfer.pieces.iter_mut().for_each(|piece| piece.signing_ended(None));
        transfer.announce.succeeded();
        transfer.stage = Stage::Confirming(Session { upload_id: *upload_id });
        (transfer.same_as, transfer.stored_before) = (Some(client_ref.clone()), true);
        self.progressed(of);
        true
    }

    /// Whether another one that nobody has paused ends as this one does.
    pub(super) fn is_wanted_by_a_twin(&self, transfer: &Transfer) -> bool {
        let followers =
            self.by_ref.get(&transfer.upload.client_ref).and_then(|key| self.twins.followers.get(key));
        followers.into_iter().flatten().any(|key| self.transfers.get(key).is_some_and(|it| !it.paused))
    }

    /// An upload has left: where it was not stored, the first of those that followed it goes on by itself, unless one
    /// that was sent in any case has brought the same bytes meanwhile.
    pub(super) fn release_followers(&mut self, key: TransferKey, left: &Transfer) {
        if let Stage::Following(leader) = left.stage {
            self.twins.unfollow(key, leader);
        }
        if let Some(content) = left.content_key()
            && matches!(self.twins.places.get(&content), Some(Place::UnderWay(of)) if *of == key)
        {
            self.twins.places.remove(&content);
        }
        for follower in self.twins.followers.remove(&key).unwrap_or_default() {
            if let Some(transfer) = self.transfers.get_mut(&follower) {
                transfer.stage = Stage::Preparing;
                self.prepared_further(follower);
            }
        }
    }
}
