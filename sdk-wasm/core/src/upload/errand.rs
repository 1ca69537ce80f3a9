//! A request of an upload to the service, repeated until it succeeds.

use super::command::CommandId;
use super::piece::Rest;

/// Where an errand is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ErrandState {
    Idle(Rest),
    Running(CommandId),
}

/// A request that is repeated until it succeeds: at most one attempt is in flight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Errand {
    state: ErrandState,
    failures: u32,
}

impl Errand {
    pub const fn new() -> Self {
        Self { state: ErrandState::Idle(Rest { until_ms: 0, ends_with_network: false }), failures: 0 }
    }

    /// Whether an attempt may begin.
    pub fn is_due(&self, now_ms: u64) -> bool {
        matches!(self.state, ErrandState::Idle(rest) if rest.until_ms <= now_ms)
    }

    pub fn is_running(&self) -> bool {
        matches!(self.state, ErrandState::Running(_))
    }

    pub fn runs_as(&self, id: CommandId) -> bool {
        self.state == ErrandState::Running(id)
    }

    /// Failed attempts in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    pub fn start(&mut self, id: CommandId) {
        self.state = ErrandState::Running(id);
    }

    pub fn succeeded(&mut self) {
        *self = Self::new();
    }

    /// It is tried again after the rest. A failure that does not count leaves the next wait as it was.
    pub fn failed(&mut self, rest: Rest, counts: bool) {
        self.state = ErrandState::Idle(rest);
        self.failures = self.failures.saturating_add(u32::from(counts));
    }

    /// When the next attempt may begin, where it has to wait.
    pub fn rests_until_ms(&self) -> Option<u64> {
        match self.state {
            ErrandState::Idle(rest) => Some(rest.until_ms),
            ErrandState::Running(_) => None,
        }
    }

    /// The network is back: a wait for it ends at `until_ms` at the latest.
    pub fn wake(&mut self, until_ms: u64) {
        if let ErrandState::Idle(rest) = &mut self.state
            && rest.ends_with_network
        {
            rest.until_ms = rest.until_ms.min(until_ms);
            self.failures = 0;
        }
    }
}
