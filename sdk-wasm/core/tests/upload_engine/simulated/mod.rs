//! A world for the upload engine: files, a lossy network, a service and a bucket, and a virtual clock.
//! The same seed gives the same world; a day in it takes milliseconds.

mod arrivals;
pub mod bucket;
mod checks;
pub mod files;
mod moving;
pub mod network;
pub mod replies;
pub mod service;
mod serving;
mod sockets;
mod stored_before;
mod told;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use windlass_core::upload::backoff::Chance;
use windlass_core::upload::{
    Answer, BlobRef, Command, CommandId, Engine, EngineConfig, Input, ReadFailure, Server, Source,
    StoreFailure, UploadEvent, Work,
};

use bucket::Bucket;
use files::SimulatedFile;
use network::{Fault, Network, Op};
use service::Service;
use sockets::Sockets;

/// How often bytes move, in milliseconds.
const STEP_MS: u64 = 100;
/// Nothing may take longer, in milliseconds: six hours.
const END_MS: u64 = 6 * 3_600_000;

enum Happening {
    Answer(CommandId, Answer),
    Move(CommandId),
    Drain(CommandId),
    Arrive(CommandId, Box<Flight>),
    Serve(CommandId, Box<Work>, Option<Fault>),
    Input(Input),
    Reset,
    Silence,
}

#[derive(Clone)]
struct Flight {
    blob: BlobRef,
    range: std::ops::Range<u64>,
    url: String,
    headers: windlass_protocol::SignedHeaders,
    /// When its head was sent: a store looks at the signature's time then.
    begun_ms: u64,
    moved: u64,
    /// Bytes of it are on the line, and not before the connection is open or after the last one arrived.
    moving: bool,
    silent: bool,
    fault: Option<Fault>,
}

impl Flight {
    fn size(&self) -> u64 {
        self.range.end - self.range.start
    }
}

pub struct World {
    pub now_ms: u64,
    pub engine: Engine,
    pub network: Network,
    pub bucket: Bucket,
    pub service: Service,
    pub files: HashMap<BlobRef, Arc<Vec<u8>>>,
    pub added: Vec<SimulatedFile>,
    pub events: Vec<(u64, UploadEvent)>,
    /// Bytes that had arrived at the store at each of the events.
    pub arrived_at: Vec<u64>,
    /// Bytes the system takes before any have moved: progress runs ahead by that much.
    pub buffer_bytes: u64,
    pub token_calls: u32,
    /// Tokens that cannot be had, from the first call on.
    pub token_failures: u32,
    /// The application is asked for a token and says nothing.
    pub tokens_hang: bool,
    pub most_puts_at_once: usize,
    /// PUTs that were begun for what the bucket held already.
    pub repeated_puts: u32,
    /// Those among them that were not variants, of which a store cannot be asked.
    pub repeated_originals: u32,
    /// How often open connections were tried, because the network was in doubt.
    pub trials: u32,
    /// PUTs that were stopped before they had ended.
    pub given_up: u32,
    /// How the next reads of files fail, the last one first.
    pub reads_fail: Vec<ReadFailure>,
    /// How long it takes to read something of these, in milliseconds.
    pub reads_take_ms: HashMap<BlobRef, u64>,
    /// Whether it is told twice a minute that more of a file was read.
    pub reads_tell: bool,
    /// Bytes of files that were read to know their checksums.
    pub read_bytes: u64,
    /// What was begun to be sent, in that order.
    pub puts: Vec<BlobRef>,
    /// How many were in flight then, each of them included.
    pub puts_at_once: Vec<usize>,
    /// PUTs of staged pieces that were stored.
    pub staged_puts: u32,
    /// When requests of any kind were begun.
    pub begun: Vec<(u64, Op)>,
    /// How much the engine's clock is slow, which stood still while the device slept.
    unseen_ms: u64,
    /// Inputs since it was looked whether the engine overlooks anything.
    unchecked: usize,
    sockets: Sockets,
    flights: BTreeMap<CommandId, Flight>,
    /// What the system had taken of PUTs that were given up, and still sends: bytes that are left of each.
    draining: BTreeMap<CommandId, u64>,
    pending: BTreeMap<(u64, u64), Happening>,
    sequence: u64,
    chance: Chance,
}

impl World {
    pub fn new(seed: u64, network: Network) -> Self {
        Self::with_config(EngineConfig::new("p".parse().unwrap(), seed), network)
    }

    pub fn with_config(config: EngineConfig, network: Network) -> Self {
        let chance = Chance::from_seed(config.seed ^ 0x5eed);
        let mut world = Self {
            now_ms: 1,
            engine: Engine::new(config),
            bucket: Bucket::default(),
            service: Service::new(),
            files: HashMap::new(),
            added: Vec::new(),
            events: Vec::new(),
            arrived_at: Vec::new(),
            buffer_bytes: 0,
            token_calls: 0,
            token_failures: 0,
            tokens_hang: false,
            most_puts_at_once: 0,
            repeated_puts: 0,
            repeated_originals: 0,
            trials: 0,
            given_up: 0,
            reads_fail: Vec::new(),
            reads_take_ms: HashMap::new(),
            reads_tell: false,
            read_bytes: 0,
            puts: Vec::new(),
            puts_at_once: Vec::new(),
            staged_puts: 0,
            begun: Vec::new(),
            unseen_ms: 0,
            unchecked: 0,
            sockets: Sockets::default(),
            flights: BTreeMap::new(),
            draining: BTreeMap::new(),
            pending: BTreeMap::new(),
            sequence: 0,
            chance,
            network,
        };
        for at_ms in world.network.resets.clone() {
            world.later(at_ms, Happening::Reset);
        }
        for at_ms in world.network.silences.clone() {
            world.later(at_ms, Happening::Silence);
        }
        world
    }

    pub fn add(&mut self, file: SimulatedFile) {
        self.hold(&file);
        self.feed(Input::Add(Box::new(file.upload.clone())));
        self.added.push(file);
    }

    /// The page is loaded anew: everything in flight is gone, and the files are added again.
    pub fn reload(&mut self, config: EngineConfig) {
        self.engine = Engine::new(config);
        self.flights.clear();
        self.pending.clear();
        for mut file in std::mem::take(&mut self.added) {
            file.upload.resumed = true;
            self.add(file);
        }
    }

    /// The device sleeps: nothing moves, nobody listens, and connections die.
    pub fn sleep(&mut self, ms: u64) {
        self.sleep_and_wake(ms, Input::Tick);
    }

    /// The same where the engine's clock sleeps as well.
    pub fn sleep_unseen(&mut self, ms: u64) {
        self.unseen_ms += ms;
        self.sleep_and_wake(ms, Input::Slept(ms));
    }

    fn sleep_and_wake(&mut self, ms: u64, input: Input) {
        self.now_ms += ms;
        for id in self.flights.keys().copied().collect::<Vec<_>>() {
            self.later(self.now_ms + 50, Happening::Answer(id, Answer::Put(Err(StoreFailure::NoAnswer))));
        }
        self.flights.clear();
        self.feed(input);
    }

    fn hold(&mut self, file: &SimulatedFile) {
        let client_ref = &file.upload.client_ref;
        let blob = |source| BlobRef { client_ref: client_ref.clone(), source };
        self.files.insert(blob(Source::Original), Arc::clone(&file.original));
        for (index, bytes) in file.variants.iter().enumerate() {
            self.files.insert(blob(Source::Variant(index)), Arc::clone(bytes));
        }
    }

    /// The user or the browser does something at that time.
    pub fn at(&mut self, at_ms: u64, input: Input) {
        self.later(at_ms, Happening::Input(input));
    }

    pub fn feed(&mut self, input: Input) {
        self.engine.feed(self.now_ms - self.unseen_ms, input);
        while let Some(command) = self.engine.poll_command() {
            match command {
                Command::Start { id, work } => self.start(id, work),
                Command::Stop { id } => {
                    if let Some(flight) = self.flights.remove(&id) {
                        self.given_up += 1;
                        self.leave_in_buffers(id, &flight);
                    }
                    self.sockets.close(id);
                }
            }
        }
        while let Some(event) = self.engine.poll_event() {
            self.events.push((self.now_ms, event));
            self.arrived_at.push(self.bucket.arrived_bytes);
        }
        self.check_what_is_noticed();
        if let Some(deadline_ms) = self.deadline_ms() {
            assert!(deadline_ms > self.now_ms, "a deadline that has passed would spin");
        }
    }

    fn later(&mut self, at_ms: u64, happening: Happening) {
        self.sequence += 1;
        self.pending.insert((at_ms.max(self.now_ms), self.sequence), happening);
    }

    /// Runs until every upload has ended and nothing is left to tidy up.
    pub fn run(&mut self) {
        self.run_while(|world| !world.engine.is_idle());
    }

    pub fn run_until(&mut self, at_ms: u64) {
        self.run_while(|world| world.next_ms().is_some_and(|next| next <= at_ms));
        self.now_ms = self.now_ms.max(at_ms);
    }

    pub fn run_while(&mut self, go_on: impl Fn(&Self) -> bool) {
        for _ in 0..3_000_000 {
            if !go_on(self) {
                return;
            }
            self.step();
        }
        panic!("the engine spins");
    }

    fn next_ms(&self) -> Option<u64> {
        let pending = self.pending.first_key_value().map(|((at_ms, _), _)| *at_ms);
        pending.into_iter().chain(self.deadline_ms()).min()
    }

    fn deadline_ms(&self) -> Option<u64> {
        self.engine.next_deadline_ms().map(|deadline_ms| deadline_ms + self.unseen_ms)
    }

    fn step(&mut self) {
        let next_ms = self.next_ms().unwrap_or_else(|| panic!("nothing moves any more: {:?}", self.engine));
        assert!(next_ms < END_MS, "this takes for ever: {:?}", self.events.last());
        self.now_ms = next_ms;
        let due = self.pending.first_entry().filter(|entry| entry.key().0 <= next_ms);
        match due.map(|entry| entry.remove()) {
            None => self.feed(Input::Tick),
            Some(happening) => self.happen(happening),
        }
    }

    /// An answer comes, where its connection still speaks.
    fn feed_answer(&mut self, id: CommandId, answer: Answer) {
        if self.sockets.let_through(id) {
            self.feed(Input::Answered { id, answer });
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Answer(id, answer) => self.feed_answer(id, answer),
            Happening::Move(id) => self.move_bytes(id),
            Happening::Drain(id) => self.drain(id),
            Happening::Arrive(id, flight) => self.arrive(id, &flight),
            Happening::Serve(id, work, fault) => self.serve(id, *work, fault),
            Happening::Input(input) => self.feed(input),
            Happening::Reset => {
                self.sockets.reset();
                self.draining.clear();
                for id in self.flights.keys().copied().collect::<Vec<_>>() {
                    self.lose(id);
                }
            }
            Happening::Silence => {
                self.sockets.silence();
                self.draining.clear();
                self.flights.values_mut().for_each(|flight| flight.silent = true);
            }
        }
    }

    fn start(&mut self, id: CommandId, work: Work) {
        let op = match &work {
            Work::FetchToken => {
                self.token_calls += 1;
                if self.tokens_hang {
                    return;
                }
                let result =
                    if self.token_calls <= self.token_failures { Err("signed out".into()) } else { Ok(()) };
                return self.later(self.now_ms + 5, Happening::Answer(id, Answer::Token(result)));
            }
            Work::Hash { blob, range } => return self.begin_reading(id, blob, range),
            Work::TryConnections(host) => {
                self.trials += 1;
                if self.sockets.begin_trial(*host, id) {
                    self.later(
                        self.now_ms + self.network.round_trip_ms,
                        Happening::Answer(id, Answer::Tried { answered: !self.network.is_out(self.now_ms) }),
                    );
                }
                return;
            }
            Work::CreateUploads(_) => Op::Create,
            Work::SignParts { .. } | Work::SignPieces { .. } => Op::Sign,
            Work::ListParts { .. } => Op::List,
            Work::Complete { .. } => Op::Complete,
            Work::ReportPreviews(_) => Op::Report,
            Work::Abort { .. } => Op::Abort,
            Work::Put { .. } => Op::Put,
        };
        let fault = self.network.fault(op, &mut self.chance);
        self.begun.push((self.now_ms, op));
        if let Work::Put { blob, range, url, headers } = work {
            let url = url.expose().to_owned();
            self.puts.push(blob.clone());
            let is_repeated = u32::from(self.bucket.holds(&url));
            self.repeated_puts += is_repeated;
            self.repeated_originals += if blob.source == Source::Original { is_repeated } else { 0 };
            let silent = self.sockets.take(Server::Store, id);
            let begun_ms = self.now_ms;
            let flight =
                Flight { blob, range, url, headers, begun_ms, moved: 0, moving: false, silent, fault };
            self.flights.insert(id, flight);
            self.puts_at_once.push(self.flights.len());
            self.most_puts_at_once = self.most_puts_at_once.max(self.flights.len());
            self.later(self.now_ms + self.network.round_trip_ms, Happening::Move(id));
        } else if !self.sockets.take(Server::Service, id) && fault != Some(Fault::Stall) {
            let at_ms = self.now_ms + self.network.round_trip_ms / 2;
            self.later(at_ms, Happening::Serve(id, Box::new(work), fault));
        }
    }

    fn read(&self, blob: &BlobRef, range: &std::ops::Range<u64>) -> Result<Vec<u8>, ReadFailure> {
        let bytes = self.files.get(blob).ok_or(ReadFailure::Gone)?;
        let slice = bytes.get(range.start as usize..range.end as usize).ok_or(ReadFailure::Changed)?;
        Ok(slice.to_vec())
    }

    /// A PUT dies without an answer.
    fn lose(&mut self, id: CommandId) {
        if self.flights.remove(&id).is_some() {
            self.sockets.close(id);
            self.feed(Input::Answered { id, answer: Answer::Put(Err(StoreFailure::NoAnswer)) });
        }
    }
}
