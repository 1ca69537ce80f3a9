//! The engine: many uploads, one window. It decides; the shell acts.
//!
//! ```text
//! feed(now, input) → drain poll_command() → drain poll_event() → wait until next_deadline() or an input
//! ```
//!
//! Its rooms: what is wanted next is in `schedule`, what an answer means in `answers` (the service's) and
//! `bytes` (files and store), what the user wants in `user`, what the outside hears in `tell`.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use windlass_protocol::{ClientRef, Photo, UploadId};

use super::answer_times::{AnswerTimes, READING_MS, Wait};
use super::backoff::Chance;
use super::barred::Barred;
use super::calm::Calm;
use super::command::{Command, CommandId, Work};
use super::config::EngineConfig;
use super::errand::Errand;
use super::input::Input;
use super::jobs::{Job, Running, TransferKey};
use super::link::Link;
use super::online::Online;
use super::piece::Rest;
use super::previews::Previews;
use super::progress::RateMeter;
use super::token::Token;
use super::transfer::{Side, Transfer, Trouble};
use super::transfers::Transfers;
use super::twins::Twins;
use super::verdict::{Cause, Setback};
use super::watchdog::Watchdog;
use super::window::Window;
use super::{FailureCode, UploadEvent, UploadFailure};

/// Whoever feeds a tick this much later than asked was asleep: a suspended phone, a frozen tab.
const OVERSLEPT_MS: u64 = 5_000;
/// After a sleep or a change of network a PUT has this long to show that it is alive.
const PROOF_OF_LIFE_MS: u64 = 4_000;
/// When the network is back everybody goes on within this time, and not all in one moment.
const WAKE_SPREAD_MS: u64 = 250;
/// What was begun for a file that is gone stays open for so long: whoever has kept a copy goes on with that.
const COPY_MAY_COME_MS: u64 = 10_000;

/// Uploads any number of files. See [the module](super) for how it is driven.
#[derive(Debug)]
pub struct Engine {
    pub(super) config: EngineConfig,
    pub(super) chance: Chance,
    pub(super) window: Window,
    pub(super) watchdog: Watchdog,
    pub(super) link: Link,
    pub(super) calm: Calm,
    /// When the latest of the PUTs began that were stored.
    pub(super) stored_began_ms: u64,
    pub(super) answer_times: AnswerTimes,
    pub(super) online: Online,
    pub(super) barred_by_store: Barred,
    pub(super) barred_by_service: Barred,
    pub(super) token: Token,
    pub(super) now_ms: u64,
    pub(super) transfers: Transfers,
    /// Those of which there may be progress to tell before anything else happens to them.
    pub(super) moving: BTreeSet<TransferKey>,
    pub(super) by_ref: HashMap<ClientRef, TransferKey>,
    /// What was sent, or is being sent, by content.
    pub(super) twins: Twins,
    pub(super) running: BTreeMap<CommandId, Running>,
    /// Uploads to be given up at the service, on a best effort: it cleans up after us in time.
    pub(super) aborts: BTreeMap<UploadId, Errand>,
    /// Which of them were begun for a file that is gone, by its name: whoever has a copy goes on with it.
    pub(super) gone: HashMap<ClientRef, UploadId>,
    /// Telling the service of smaller pictures.
    pub(super) previews: Previews,
    pub(super) events: VecDeque<UploadEvent>,
    /// Sizes of the uploads that are stored, since the queue was last empty.
    pub(super) done_bytes: u64,
    pub(super) meter: RateMeter,
    /// The service asked not to be told of new uploads before then.
    pub(super) announcements_held_until_ms: u64,
    pub(super) paused_all: bool,
    /// No original is begun.
    pub(super) originals_wait: bool,
    /// When an upload was last sent and stored, on the clock of time with network.
    pub(super) last_stored_ms: u64,
    /// How many uploads were ever added.
    pub(super) added: u64,
    commands: VecDeque<Command>,
    next_command: u64,
    deadline_ms: Option<u64>,
}

impl Engine {
    /// An engine without uploads.
    pub fn new(config: EngineConfig) -> Self {
        Self {
            chance: Chance::from_seed(config.seed),
            window: Window::new(config.connections_start, config.connections_max),
            watchdog: Watchdog::default(),
            link: Link::default(),
            calm: Calm::default(),
            stored_began_ms: 0,
            answer_times: AnswerTimes::default(),
            online: Online::assumed(),
            barred_by_store: Barred::default(),
            barred_by_service: Barred::default(),
            token: Token::absent(),
            now_ms: 0,
            transfers: Transfers::default(),
            moving: BTreeSet::new(),
            by_ref: HashMap::new(),
            twins: Twins::default(),
            running: BTreeMap::new(),
            aborts: BTreeMap::new(),
            gone: HashMap::new(),
            previews: Previews::new(),
            events: VecDeque::new(),
            done_bytes: 0,
            meter: RateMeter::default(),
            announcements_held_until_ms: 0,
            paused_all: false,
            originals_wait: false,
            commands: VecDeque::new(),
            next_command: 0,
            last_stored_ms: 0,
            added: 0,
            deadline_ms: None,
            config,
        }
    }

    /// Takes an input in at `now_ms`, milliseconds of a clock that never goes back. Afterwards drain
    /// [`poll_command`](Self::poll_command) and [`poll_event`](Self::poll_event), then ask for
    /// [`next_deadline_ms`](Self::next_deadline_ms).
    pub fn feed(&mut self, now_ms: u64, input: Input) {
        self.now_ms = self.now_ms.max(now_ms);
        if self.deadline_ms.is_some_and(|deadline| self.now_ms > deadline + OVERSLEPT_MS) {
            self.forgive_silence();
        }
        self.online.advance(self.now_ms);
        match input {
            Input::Add(upload) => self.add(*upload),
            Input::Pause(target) => self.pause(&target),
            Input::Resume(target) => self.resume(&target),
            Input::Cancel(target) => self.cancel(&target),
            Input::Online(true) => self.network_is_back(),
            Input::Online(false) => {
                self.online.lost(self.now_ms);
                self.transfers.touch_all();
            }
            Input::OriginalsWait(wait) => self.let_originals_wait(wait),
            Input::Sent { id, sent_bytes } => self.bytes_moved(id, sent_bytes),
            Input::Read { id } => self.more_was_read(id),
            Input::Answered { id, answer } => self.answered(id, answer),
            Input::Slept(slept_ms) => {
                self.age_tickets(slept_ms);
                self.forgive_silence();
            }
            Input::Tick => {}
        }
        self.watch();
        self.schedule();
        self.tell();
        self.deadline_ms = self.find_deadline();
    }

    /// The next thing to do; call until `None`.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// The next thing to tell the user interface; call until `None`.
    pub fn poll_event(&mut self) -> Option<UploadEvent> {
        self.events.pop_front()
    }

    /// When to feed [`Input::Tick`] if nothing else comes before; `None` while nothing is waited for.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.deadline_ms
    }

    /// Whether an upload of that name is on its way.
    pub fn contains(&self, client_ref: &ClientRef) -> bool {
        self.by_ref.contains_key(client_ref)
    }

    /// Whether there is nothing to do: no upload, and nothing to tidy up.
    pub fn is_idle(&self) -> bool {
        self.transfers.is_empty() && self.aborts.is_empty()
    }

    /// Whether nothing new is begun for it. Where the same photo was chosen twice and one is paused, the other
    /// is still wanted.
    pub(super) fn is_held(&self, transfer: &Transfer) -> bool {
        self.paused_all || (transfer.paused && !self.is_wanted_by_a_twin(transfer))
    }

    /// It ends well.
    pub(super) fn finish(&mut self, key: TransferKey, photo: Box<Photo>) {
        self.tell_followers(key, &photo);
        self.tell_final_progress(key);
        let Some(transfer) = self.leave(key) else { return };
        self.done_bytes += transfer.counts.total_bytes;
        let (client_ref, same_as) = (transfer.upload.client_ref, transfer.same_as);
        let already_stored = transfer.stored_before;
        if !already_stored {
            self.last_stored_ms = self.online.spent_ms();
        }
        self.events.push_back(UploadEvent::Stored { client_ref, photo, same_as, already_stored });
        self.forget_done_when_empty();
    }

    /// It ends without success.
    pub(super) fn fail(&mut self, key: TransferKey, setback: Setback) {
        let Some(transfer) = self.leave(key) else { return };
        // What somebody can mend at the store or the service stays open for who tries again, until its time is over.
        let abandoned = matches!(setback.code, FailureCode::FileGone | FailureCode::FileChanged);
        if abandoned && let Some(session) = transfer.session() {
            let mut abort = Errand::new();
            if setback.code == FailureCode::FileGone {
                abort.failed(
                    Rest { until_ms: self.now_ms + COPY_MAY_COME_MS, ends_with_network: false },
                    false,
                );
                self.gone.insert(transfer.upload.client_ref.clone(), session.upload_id);
            }
            self.aborts.insert(session.upload_id, abort);
        }
        self.meter.reset();
        self.events.push_back(UploadEvent::Failed {
            error: UploadFailure {
                code: setback.code,
                message: about_file(&transfer.upload.filename, setback.reason),
                retryable: setback.code.is_retryable(),
                request_id: setback.request_id,
            },
            client_ref: transfer.upload.client_ref,
        });
        self.forget_done_when_empty();
    }

    /// Takes it out of the queue and stops what is in flight for it. Announcing concerns others too and
    /// goes on; its answer is cleaned up after.
    pub(super) fn leave(&mut self, key: TransferKey) -> Option<Transfer> {
        self.stop_jobs(|job| job.of() == Some(key));
        let transfer = self.transfers.remove(key)?;
        self.by_ref.remove(&transfer.upload.client_ref);
        self.release_followers(key, &transfer);
        Some(transfer)
    }

    pub(super) fn forget_done_when_empty(&mut self) {
        if self.transfers.is_empty() {
            self.done_bytes = 0;
            self.meter.reset();
        }
    }

    /// Something failed that may heal: when to try again, and whether it counts as a failure of that kind.
    /// `None` where patience has ended, and the upload with it.
    pub(super) fn set_back(
        &mut self,
        key: TransferKey,
        side: Side,
        setback: &Setback,
        failures: u32,
    ) -> Option<(Rest, bool)> {
        let transfer = self.transfers.get_mut(&key)?;
        let spent_ms = self.online.spent_ms();
        let since_ms = *transfer.stuck_since_ms.get_or_insert(spent_ms);
        transfer.trouble = Some(Trouble { last: setback.clone(), side });
        transfer.moved = true;
        let patience_ms = match setback.code {
            FailureCode::StorageFull => Some(self.config.full_store_patience_ms),
            _ => self.config.give_up_after_ms,
        };
        if patience_ms.is_some_and(|patience_ms| spent_ms - since_ms > patience_ms) {
            self.fail(key, setback.clone());
            return None;
        }
        Some(self.rest_after(setback, failures))
    }

    /// The rest after a setback: backoff with network, an unhurried probe without.
    pub(super) fn rest_after(&mut self, setback: &Setback, failures: u32) -> (Rest, bool) {
        let online = self.online.is_online();
        let wait_ms = if online {
            self.config.backoff.wait_ms(failures + 1, setback.retry_after_ms, &mut self.chance)
        } else {
            let half = self.config.backoff.cap_ms / 2;
            half + self.chance.up_to(half)
        };
        let ends_with_network = matches!(setback.cause, Cause::NoAnswer | Cause::Stranger);
        (Rest { until_ms: self.now_ms + wait_ms, ends_with_network }, online)
    }

    /// A request to that side succeeded: its trouble is over. Only progress renews patience: a service
    /// that gladly signs URLs for a store that is full brings nobody further.
    pub(super) fn recovered(&mut self, key: TransferKey, side: Side) {
        if let Some(transfer) = self.transfers.get_mut(&key)
            && transfer.trouble.as_ref().is_some_and(|trouble| trouble.side == side)
        {
            transfer.trouble = None;
        }
    }

    /// It came further: another stage, or bytes the store has confirmed.
    pub(super) fn progressed(&mut self, key: TransferKey) {
        if let Some(transfer) = self.transfers.get_mut(&key) {
            transfer.trouble = None;
            transfer.stuck_since_ms = None;
        }
    }

    /// An answer came to a question asked at that time, whatever it says: there is a network.
    pub(super) fn network_answered(&mut self, asked_ms: u64) {
        if !self.online.is_online() && self.online.speaks_for_it(asked_ms) {
            self.network_is_back();
        }
    }

    pub(super) fn network_is_back(&mut self) {
        // Connections of before an interruption are likely dead; a mere repetition says nothing of them.
        let prove_by_ms = (!self.online.is_online()).then_some(self.now_ms + PROOF_OF_LIFE_MS);
        self.online.found();
        let wake_ms = self.now_ms + self.chance.up_to(WAKE_SPREAD_MS);
        self.token.wake(wake_ms);
        self.aborts.values_mut().for_each(|errand| errand.wake(wake_ms));
        self.previews.wake(wake_ms);
        for transfer in self.transfers.values_mut() {
            let until_ms = self.now_ms + self.chance.up_to(WAKE_SPREAD_MS);
            for errand in transfer.errands_mut() {
                errand.wake(until_ms);
            }
            transfer.pieces.iter_mut().for_each(|piece| piece.wake(until_ms, prove_by_ms));
        }
    }

    /// Time has passed in which nobody could listen: silence in it proves nothing.
    fn forgive_silence(&mut self) {
        let grace_ms = self.now_ms + PROOF_OF_LIFE_MS;
        for running in self.running.values_mut() {
            // Whoever keeps a file may have slept as well.
            let is_read = running.job.wait() == Wait::Reading;
            let until_ms = if is_read { self.now_ms + READING_MS } else { grace_ms };
            running.deadline_ms = running.deadline_ms.map(|deadline| deadline.max(until_ms));
        }
        for transfer in self.transfers.values_mut() {
            for piece in &mut transfer.pieces {
                piece.forgive_silence(self.now_ms, grace_ms);
            }
        }
    }

    /// Begins a piece of work.
    pub(super) fn start(&mut self, job: Job, work: Work, failures: u32) -> CommandId {
        let id = CommandId(self.next_command);
        self.next_command += 1;
        let deadline_ms =
            self.answer_times.patience_ms(job.wait(), failures).map(|patience| self.now_ms + patience);
        let token_generation = self.token.generation();
        self.running.insert(id, Running { job, asked_ms: self.now_ms, deadline_ms, token_generation });
        self.commands.push_back(Command::Start { id, work });
        id
    }

    /// Gives a piece of work up; its answer is no longer wanted.
    pub(super) fn stop(&mut self, id: CommandId) -> Option<Running> {
        let running = self.running.remove(&id)?;
        self.commands.push_back(Command::Stop { id });
        Some(running)
    }

    pub(super) fn stop_jobs(&mut self, which: impl Fn(&Job) -> bool) {
        let ids: Vec<CommandId> =
            self.running.iter().filter(|(_, running)| which(&running.job)).map(|(id, _)| *id).collect();
        for id in ids {
            self.stop(id);
        }
    }
}

/// A sentence that names its file, once: the service's own sentences about a file begin with its name.
fn about_file(filename: &str, reason: String) -> String {
    if reason.starts_with(filename) { reason } else { format!("{filename}: {reason}") }
}

#[cfg(test)]
mod tests {
    use super::about_file;

    #[test]
    fn a_failure_names_its_file_once() {
        assert_eq!(about_file("a.exe", "not accepted".to_owned()), "a.exe: not accepted");
        assert_eq!(about_file("a.exe", "a.exe: not accepted".to_owned()), "a.exe: not accepted");
    }
}
