//! Whether there is a network, as far as anybody can tell, and how long there was one.
//!
//! The browser's word is a hint and never a gate: while it says offline, attempts go on now and then, and
//! any answer proves it wrong. Only time with network counts against an upload's retry budget.

/// The network, and the clock that only runs while there is one.
#[derive(Debug, Clone)]
pub(super) struct Online {
    is_online: bool,
    spent_ms: u64,
    last_ms: u64,
}

impl Online {
    pub const fn assumed() -> Self {
        Self { is_online: true, spent_ms: 0, last_ms: 0 }
    }

    pub fn is_online(&self) -> bool {
        self.is_online
    }

    /// Time has passed.
    pub fn advance(&mut self, now_ms: u64) {
        if self.is_online {
            self.spent_ms += now_ms.saturating_sub(self.last_ms);
        }
        self.last_ms = now_ms;
    }

    /// The browser has an opinion, or an answer has proved one.
    pub fn set(&mut self, is_online: bool) {
        self.is_online = is_online;
    }

    /// Milliseconds with network so far.
    pub fn spent_ms(&self) -> u64 {
        self.spent_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_without_network_does_not_count() {
        let mut online = Online::assumed();
        online.advance(1_000);
        online.set(false);
        online.advance(100_000);
        online.set(true);
        online.advance(100_500);
        assert_eq!(online.spent_ms(), 1_500);
    }
}
