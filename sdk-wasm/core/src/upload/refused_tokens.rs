//! A service that does not accept a token, in its own words: because the token is too old, or the keys of whoever gives
//! it have just been exchanged, or it is not good here.
//!
//! A new token helps against age, at once. Exchanged keys are known a minute later: the service looks for new ones once a
//! minute at most, however many tokens name them. What is not good here heals never. So it is tried for that long, and
//! then said.

use super::answers::Asked;
use super::backoff::Backoff;
use super::engine::Engine;
use super::jobs::TransferKey;
use super::piece::Rest;
use super::refused_urls::WHY_AGAIN;
use super::transfer::Side;
use super::verdict::{Operation, Setback};

/// So many tokens refused in a row end the uploads that were refused …
const REFUSALS_LEAST: u32 = 3;
/// … when the first of them was refused so long ago, in milliseconds.
const PATIENCE_MS: u64 = 2 * 60_000;
/// A refusal that comes later than this after the last one begins another row, in milliseconds: a phone that sleeps until
/// its token is too old, again and again, is not taken for one that is not let in.
const SAME_ROW_MS: u64 = 10 * 60_000;
/// So does that of a token which was held for longer than this when it was sent, in milliseconds: it may have been good
/// until it was too old, though nothing succeeded with it, as while the service's database is away.
const MAY_BE_TOO_OLD_MS: u64 = 60_000;

/// Tokens that the service did not accept, in a row: a request that succeeds ends the row, and so does a long silence, or
/// a token that has become old.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RefusedTokens {
    count: u32,
    /// When the first of them was refused, and the newest.
    since_ms: u64,
    newest_ms: u64,
}

impl RefusedTokens {
    /// One more, which had been held for that long when it was sent. After a row that has ended uploads another one
    /// begins: whoever tries again is tried for as long.
    pub fn and_another(self, now_ms: u64, held_ms: u64) -> Self {
        let is_fresh = held_ms <= MAY_BE_TOO_OLD_MS;
        let is_soon = now_ms <= self.newest_ms + SAME_ROW_MS;
        let goes_on = self.count > 0 && !self.are_for_good() && is_fresh && is_soon;
        let before = if goes_on { self } else { Self { since_ms: now_ms, ..Self::default() } };
        Self { count: before.count.saturating_add(1), newest_ms: now_ms, ..before }
    }

    /// As of the newest: so all uploads that were refused with it fare alike.
    fn are_for_good(self) -> bool {
        self.count >= REFUSALS_LEAST && self.newest_ms >= self.since_ms + PATIENCE_MS
    }
}

impl Engine {
    /// A request was refused with its token: the next one is asked for at once, and from then on after a while.
    pub(super) fn token_refused(&mut self, asked: Asked, setback: &Setback) -> RefusedTokens {
        if !self.token.refused(asked.token_generation, asked.at_ms, self.now_ms) {
            return self.token.refusals();
        }
        let refused = self.token.refusals();
        if refused.count > 1 {
            // Each attempt asks the application, and perhaps an identity provider: the wait grows further than others do.
            let unhurried = Backoff { cap_ms: self.config.backoff.long_cap_ms, ..self.config.backoff };
            let wait_ms = unhurried.wait_ms(refused.count, setback.retry_after_ms, &mut self.chance);
            self.token.rest_until(self.now_ms + wait_ms);
        }
        refused
    }

    /// A request of an upload was refused with its token: it is repeated with the next one.
    pub(super) fn errand_lacks_token(
        &mut self,
        asked: Asked,
        of: TransferKey,
        operation: Operation,
        setback: Setback,
    ) {
        let refused = self.token_refused(asked, &setback);
        if refused.are_for_good() {
            return self.fail(of, setback);
        }
        if refused.count > 1 {
            if self.set_back(of, Side::Service, &setback, 0).is_none() {
                return;
            }
            if let Some(trouble) = self.transfers.get_mut(&of).and_then(|it| it.trouble.as_mut()) {
                trouble.last.reason = format!("{} {WHY_AGAIN}", setback.reason);
            }
        }
        if let Some(errand) = self.errand(of, operation) {
            // It waits for the token, and no longer.
            errand.failed(Rest::default(), false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::Token;

    /// Of three tokens in a row, each sent so long after it came and refused twenty seconds later.
    fn are_called_refused(sent_after_ms: u64) -> bool {
        let (mut token, mut now_ms) = (Token::absent(), 0);
        for _ in 0..3 {
            token.fetched(now_ms);
            let sent_ms = now_ms + sent_after_ms;
            now_ms = sent_ms + 20_000;
            token.refused(token.generation(), sent_ms, now_ms);
        }
        token.refusals().are_for_good()
    }

    #[test]
    fn a_token_is_as_old_as_it_was_when_it_was_sent_however_late_its_refusal_comes() {
        assert!(are_called_refused(50_000));
        assert!(!are_called_refused(70_000), "it may have been good, and too old by then");
    }
}
