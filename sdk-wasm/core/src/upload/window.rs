//! How many PUTs run at once: additive increase, multiplicative decrease (AIMD), as in TCP (RFC 5681).
//!
//! Two things differ from TCP. A PUT that took long has much to lose when the connection dies, so the
//! window only grows while PUTs are short, and shrinks where they are long: on a slow link one at a time
//! gets through where six never do. And a store that says "slow down" is left alone for as long as it asks.
//! Where connections die again and again, one at a time is all there is until things go well for a while.

/// Grow only while a PUT takes less than this: three of them then still end within half a minute.
const SHORT_PUT_MS: u64 = 10_000;
/// Above this a PUT has more to lose than concurrency can win.
const LONG_PUT_MS: u64 = 30_000;
/// Trouble this soon after trouble is no accident.
const REPEATED_WITHIN_MS: u64 = 60_000;

/// The number of PUTs that may be in flight.
#[derive(Debug, Clone)]
pub struct Window {
    limit: u32,
    most: u32,
    /// Before the first trouble every success opens one more; afterwards a full window's worth does.
    cautious: bool,
    successes: u32,
    /// PUTs begun before this moment belong to trouble that was answered already.
    recovery_since_ms: Option<u64>,
    held_until_ms: u64,
}

impl Window {
    /// A window that starts at `start` and never exceeds `most`; both are at least 1.
    pub fn new(start: u32, most: u32) -> Self {
        let most = most.max(1);
        Self {
            limit: start.clamp(1, most),
            most,
            cautious: false,
            successes: 0,
            recovery_since_ms: None,
            held_until_ms: 0,
        }
    }

    /// How many PUTs may be in flight.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Until when no new PUT may start, because the store asked for it.
    pub fn held_until_ms(&self) -> u64 {
        self.held_until_ms
    }

    /// A PUT begun at `started_ms` was acknowledged at `now_ms`.
    pub fn succeeded(&mut self, started_ms: u64, now_ms: u64) {
        let took_ms = now_ms.saturating_sub(started_ms);
        if took_ms > LONG_PUT_MS {
            self.limit = (self.limit - 1).max(1);
            self.successes = 0;
        } else if took_ms < SHORT_PUT_MS {
            self.successes += 1;
            if !self.cautious || self.successes >= self.limit {
                self.successes = 0;
                self.limit = (self.limit + 1).min(self.most);
            }
        }
    }

    /// A PUT begun at `started_ms` died at `now_ms`: halves the window, once for all PUTs that were in
    /// flight together.
    pub fn troubled(&mut self, started_ms: u64, now_ms: u64) {
        if self.recovery_since_ms.is_some_and(|since| started_ms < since) {
            return;
        }
        let is_repeated = self.is_bad(now_ms);
        self.recovery_since_ms = Some(now_ms);
        self.cautious = true;
        self.successes = 0;
        self.limit = if is_repeated { 1 } else { (self.limit / 2).max(1) };
    }

    /// Whether there was trouble a short while ago.
    pub fn is_bad(&self, now_ms: u64) -> bool {
        self.recovery_since_ms.is_some_and(|since| now_ms < since + REPEATED_WITHIN_MS)
    }

    /// The store asked to be left alone until then.
    pub fn hold_until(&mut self, until_ms: u64) {
        self.held_until_ms = self.held_until_ms.max(until_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_with_every_success_until_the_first_trouble() {
        let mut window = Window::new(2, 6);
        (0..3).for_each(|_| window.succeeded(0, 100));
        assert_eq!(window.limit(), 5);
        (0..9).for_each(|_| window.succeeded(0, 100));
        assert_eq!(window.limit(), 6);
    }

    #[test]
    fn connections_that_die_together_halve_it_once() {
        let mut window = Window::new(6, 6);
        (0..6).for_each(|started| window.troubled(started, 1_000));
        assert_eq!(window.limit(), 3);
    }

    #[test]
    fn connections_that_die_again_and_again_leave_one_at_a_time() {
        let mut window = Window::new(6, 6);
        window.troubled(0, 1_000);
        assert!(window.is_bad(60_000));
        window.troubled(1_500, 20_000);
        assert_eq!(window.limit(), 1);
        assert!(!window.is_bad(80_000));
        let mut rare = Window::new(6, 6);
        rare.troubled(0, 1_000);
        rare.troubled(1_500, 62_000);
        assert_eq!(rare.limit(), 1, "three, halved");
    }

    #[test]
    fn after_trouble_a_full_window_of_successes_opens_one_more() {
        let mut window = Window::new(4, 6);
        window.troubled(0, 10);
        assert_eq!(window.limit(), 2);
        window.succeeded(20, 30);
        assert_eq!(window.limit(), 2);
        window.succeeded(20, 30);
        assert_eq!(window.limit(), 3);
    }

    #[test]
    fn long_puts_close_it() {
        let mut window = Window::new(3, 6);
        window.succeeded(0, 15_000);
        assert_eq!(window.limit(), 3);
        window.succeeded(0, 40_000);
        window.succeeded(0, 40_000);
        window.succeeded(0, 40_000);
        assert_eq!(window.limit(), 1);
    }
}
