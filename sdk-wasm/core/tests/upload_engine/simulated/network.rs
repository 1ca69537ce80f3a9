//! The network: how fast, how far, and what goes wrong on it, by script and by chance.

use windlass_core::upload::backoff::Chance;
use windlass_protocol::ErrorCode;

/// What kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    Create,
    Sign,
    List,
    Complete,
    Report,
    Abort,
    Put,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It never arrives.
    DropBefore,
    /// It is done, and the answer is lost.
    DropAfter,
    /// An HTTP status in nobody's own words, with `Retry-After` in milliseconds.
    Status(u16, Option<u64>),
    /// The store is busy, and says so before any bytes have moved (PUT), with `Retry-After` in milliseconds.
    SlowDown(Option<u64>),
    /// The service's own word.
    Refused(ErrorCode),
    /// The answer takes so many milliseconds more (a request to the service).
    Late(u64),
    /// It arrives twice, one after the other; the first answer comes back.
    Duplicate,
    /// A byte is flipped on the way (PUT).
    Flip,
    /// Bytes stop moving for ever (PUT), or the answer never comes.
    Stall,
    /// The connection dies after that percentage of the bytes (PUT).
    Reset(u8),
    /// The store hides its `ETag` (PUT).
    HideEtag,
    /// The store has forgotten the multipart upload (PUT).
    NoSuchUpload,
    /// The service has no such record any more.
    NotFound,
    /// The service has closed the record.
    Expired,
    /// The store finds the signature's time far from its own (PUT).
    Skewed,
    /// The store finds no permission for it (PUT).
    Denied,
    /// The store takes the bytes only where nothing is yet (PUT with `If-None-Match`).
    Taken,
    /// The token has expired.
    TokenExpired,
}

/// Chances in percent, per request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Chances {
    pub drop_before: u64,
    pub drop_after: u64,
    pub error: u64,
    pub slow_down: u64,
    /// Of PUTs.
    pub store_busy: u64,
    pub flip: u64,
    pub stall: u64,
    pub reset: u64,
    pub duplicate: u64,
}

impl Chances {
    /// A network on which everything happens, each to that percentage of requests.
    pub fn all(percent: u64) -> Self {
        Self {
            drop_before: percent,
            drop_after: percent,
            error: percent,
            slow_down: percent,
            store_busy: percent,
            flip: percent,
            stall: percent,
            reset: percent,
            duplicate: percent,
        }
    }

    pub fn draw(&self, op: Op, chance: &mut Chance) -> Option<Fault> {
        let put = |percent| if op == Op::Put { percent } else { 0 };
        let faults = [
            (self.drop_before, Fault::DropBefore),
            (self.drop_after, Fault::DropAfter),
            (self.error, Fault::Status(503, None)),
            (self.slow_down, Fault::Status(429, Some(3_000))),
            (put(self.store_busy), Fault::SlowDown(None)),
            (put(self.flip), Fault::Flip),
            (self.stall, Fault::Stall),
            (put(self.reset), Fault::Reset(50)),
            (self.duplicate, Fault::Duplicate),
        ];
        faults.into_iter().find(|(percent, _)| chance.up_to(99) < *percent).map(|(_, fault)| fault)
    }
}

/// A network.
pub struct Network {
    pub bytes_per_s: u64,
    pub round_trip_ms: u64,
    pub chances: Chances,
    /// The nth request of a kind, counted from 1, has this fault.
    pub script: Vec<(Op, u32, Fault)>,
    /// From and until when nothing gets through.
    pub outages: Vec<(u64, u64)>,
    /// All connections die at these times.
    pub resets: Vec<u64>,
    /// All connections fall silent for ever at these times; new ones work.
    pub silences: Vec<u64>,
    /// Every connection dies after so many bytes of a PUT.
    pub dies_after_bytes: Option<u64>,
    counts: std::collections::HashMap<Op, u32>,
}

impl Network {
    /// 10 Mbit/s, 50 ms, nothing wrong.
    pub fn good() -> Self {
        Self {
            bytes_per_s: 1_250_000,
            round_trip_ms: 50,
            chances: Chances::default(),
            script: Vec::new(),
            outages: Vec::new(),
            resets: Vec::new(),
            silences: Vec::new(),
            dies_after_bytes: None,
            counts: std::collections::HashMap::new(),
        }
    }

    pub fn is_out(&self, at_ms: u64) -> bool {
        self.outages.iter().any(|(from, until)| (*from..*until).contains(&at_ms))
    }

    /// The fault of the next request of a kind.
    pub fn fault(&mut self, op: Op, chance: &mut Chance) -> Option<Fault> {
        let count = self.counts.entry(op).or_default();
        *count += 1;
        let scripted = self.script.iter().find(|(of, nth, _)| (*of, *nth) == (op, *count));
        scripted.map(|(_, _, fault)| *fault).or_else(|| self.chances.draw(op, chance))
    }

    /// How many requests of a kind there were.
    pub fn count(&self, op: Op) -> u32 {
        self.counts.get(&op).copied().unwrap_or(0)
    }
}
