//! Whether there is a network, as far as anybody can tell, and how long there was one.
//!
//! The browser's word is a hint and never a gate: while it says offline, attempts go on now and then, and
//! any answer proves it wrong. Only time with network counts where somebody's patience is limited.

/// The network, and the clock that only runs while there is one.
#[derive(Debug, Clone)]
pub(super) struct Online {
    offline_since_ms: Option<u64>,
    spent_ms: u64,
    last_ms: u64,
}

impl Online {
    pub const fn assumed() -> Self {
        Self { offline_since_ms: None, spent_ms: 0, last_ms: 0 }
    }

    pub fn is_online(&self) -> bool {
        self.offline_since_ms.is_none()
    }

    /// Time has passed.
    pub fn advance(&mut self, now_ms: u64) {
        if self.is_online() {
            self.spent_ms += now_ms.saturating_sub(self.last_ms);
        }
        self.last_ms = now_ms;
    }

    /// The browser believes that there is no network.
    pub fn lost(&mut self, now_ms: u64) {
        self.offline_since_ms.get_or_insert(now_ms);
    }

    /// There is a network.
    pub fn found(&mut self) {
        self.offline_since_ms = None;
    }

    /// Whether something that began, or was seen, at that time speaks for a network: what was on its way
    /// when the network went does not.
    pub fn speaks_for_it(&self, at_ms: u64) -> bool {
        self.offline_since_ms.is_none_or(|since| at_ms > since)
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
        online.lost(1_000);
        online.advance(100_000);
        online.found();
        online.advance(100_500);
        assert_eq!(online.spent_ms(), 1_500);
    }

    #[test]
    fn only_what_began_after_the_loss_speaks_for_a_network() {
        let mut online = Online::assumed();
        assert!(online.speaks_for_it(0));
        online.lost(1_000);
        online.lost(5_000);
        assert!(!online.speaks_for_it(1_000));
        assert!(online.speaks_for_it(1_001));
    }
}
