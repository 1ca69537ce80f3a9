//! Whether the shell holds a token, and asking for a fresh one: once for everybody.

use super::command::CommandId;
use super::errand::Errand;
use super::piece::Rest;
use super::refused_tokens::RefusedTokens;

/// The state of the token; the token itself stays in the shell.
#[derive(Debug, Clone)]
pub(super) struct Token {
    is_present: bool,
    /// Counts the tokens, so that a late refusal of an old one does not cost the new one.
    generation: u64,
    /// When the present one came.
    fetched_ms: u64,
    fetch: Errand,
    refusals: RefusedTokens,
}

impl Token {
    pub fn absent() -> Self {
        Self {
            is_present: false,
            generation: 0,
            fetched_ms: 0,
            fetch: Errand::new(),
            refusals: RefusedTokens::default(),
        }
    }

    pub fn is_present(&self) -> bool {
        self.is_present
    }

    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether one is to be fetched now.
    pub fn wants_fetching(&self, now_ms: u64) -> bool {
        !self.is_present && self.fetch.is_due(now_ms)
    }

    pub fn fetching(&mut self, id: CommandId) {
        self.fetch.start(id);
    }

    pub fn fetch_failures(&self) -> u32 {
        self.fetch.failures()
    }

    pub fn fetched(&mut self, now_ms: u64) {
        self.fetch.succeeded();
        self.is_present = true;
        self.generation += 1;
        self.fetched_ms = now_ms;
    }

    pub fn fetch_failed(&mut self, rest: Rest, counts: bool) {
        self.fetch.failed(rest, counts);
    }

    /// The service refused a token of that generation, sent to it then; answers whether it was the present one.
    pub fn refused(&mut self, generation: u64, sent_ms: u64, now_ms: u64) -> bool {
        let is_present = self.is_present && generation == self.generation;
        if is_present {
            self.is_present = false;
            self.refusals = self.refusals.and_another(now_ms, sent_ms.saturating_sub(self.fetched_ms));
        }
        is_present
    }

    pub fn refusals(&self) -> RefusedTokens {
        self.refusals
    }

    /// The next one is not asked for before then.
    pub fn rest_until(&mut self, until_ms: u64) {
        self.fetch.failed(Rest { until_ms, ends_with_network: false }, false);
    }

    /// Something before the service refused it, whose word does not count: another one may be better.
    pub fn doubted(&mut self, generation: u64) {
        self.is_present &= generation != self.generation;
    }

    /// The service accepted it.
    pub fn accepted(&mut self) {
        self.refusals = RefusedTokens::default();
    }

    pub fn rests_until_ms(&self) -> Option<u64> {
        if self.is_present { None } else { self.fetch.rests_until_ms() }
    }

    pub fn wake(&mut self, until_ms: u64) {
        self.fetch.wake(until_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_refusals_of_one_token_cost_one_refresh() {
        let mut token = Token::absent();
        assert!(token.wants_fetching(0));
        token.fetching(CommandId(1));
        assert!(!token.wants_fetching(0));
        token.fetched(0);
        let generation = token.generation();
        let refresh = (0..5).filter(|_| token.refused(generation, 0, 0)).count();
        assert_eq!(refresh, 1);
        token.fetching(CommandId(2));
        token.fetched(0);
        token.refused(generation, 0, 0);
        assert!(token.is_present(), "a late refusal of the old token does not cost the new one");
    }
}
