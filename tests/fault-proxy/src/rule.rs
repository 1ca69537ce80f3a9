//! Which requests meet which fault.

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// Which requests meet which fault, and how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Only at the front of that name.
    #[serde(default)]
    pub front: Option<String>,
    /// Only this method.
    #[serde(default)]
    pub method: Option<String>,
    /// A regular expression found in the path.
    #[serde(default)]
    pub path: Option<String>,
    /// A regular expression found in the query.
    #[serde(default)]
    pub query: Option<String>,
    /// So many matching requests pass first.
    #[serde(default)]
    pub skip: u64,
    /// So many matching requests meet the fault; absent is all.
    #[serde(default)]
    pub times: Option<u64>,
    /// Only the nth matching request, from 1: `skip: n − 1, times: 1`.
    #[serde(default)]
    pub nth: Option<u64>,
    /// Each matching request meets the fault with this probability, from 0 to 1; absent is 1.
    #[serde(default)]
    pub probability: Option<f64>,
    /// What `probability` draws from.
    #[serde(default)]
    pub seed: u64,
    /// The request is held back for this long first, in milliseconds.
    #[serde(default)]
    pub delay_ms: u64,
    /// What happens.
    pub fault: Fault,
}

impl Rule {
    /// A rule that gives every request this fault; narrow it by its fields.
    pub fn always(fault: Fault) -> Self {
        Self {
            front: None,
            method: None,
            path: None,
            query: None,
            skip: 0,
            times: None,
            nth: None,
            probability: None,
            seed: 0,
            delay_ms: 0,
            fault,
        }
    }
}

/// A rule, and how often it met a request.
#[derive(Debug, Clone, Serialize)]
pub struct RuleReport {
    /// The rule.
    pub rule: Rule,
    /// Requests that matched it.
    pub matched: u64,
    /// Requests that met its fault.
    pub met: u64,
}

/// A rule that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRule {
    /// `path` or `query` is no regular expression.
    #[error("`{field}` is no regular expression: {source}")]
    Pattern {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        source: regex_lite::Error,
    },
    /// A number that means nothing.
    #[error("{0}")]
    Number(&'static str),
}

/// A request, as far as rules look at it.
pub(crate) struct Seen<'a> {
    pub front: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
}

/// What a rule does to a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    pub delay_ms: u64,
    pub fault: Fault,
}

/// A rule at work.
#[derive(Debug)]
pub(crate) struct ActiveRule {
    rule: Rule,
    path: Option<Regex>,
    query: Option<Regex>,
    matched: u64,
    met: u64,
}

impl ActiveRule {
    pub fn new(rule: Rule) -> Result<Self, InvalidRule> {
        if rule.nth == Some(0) {
            return Err(InvalidRule::Number("`nth` counts from 1"));
        }
        if rule.probability.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
            return Err(InvalidRule::Number("`probability` is between 0 and 1"));
        }
        if share_of(&rule.fault).is_some_and(|at| !(0.0..=1.0).contains(&at)) {
            return Err(InvalidRule::Number("`at` is between 0 and 1"));
        }
        if let Fault::Respond { status, .. } | Fault::Rewrite { status: Some(status), .. } = rule.fault
            && !(200..=599).contains(&status)
        {
            return Err(InvalidRule::Number("`status` is between 200 and 599"));
        }
        let pattern = |field, text: &Option<String>| {
            let compiled = text.as_deref().map(Regex::new).transpose();
            compiled.map_err(|source| InvalidRule::Pattern { field, source })
        };
        let (path, query) = (pattern("path", &rule.path)?, pattern("query", &rule.query)?);
        Ok(Self { rule, path, query, matched: 0, met: 0 })
    }

    pub fn report(&self) -> RuleReport {
        RuleReport { rule: self.rule.clone(), matched: self.matched, met: self.met }
    }

    /// Counts the request where it matches, and says whether it meets the fault.
    fn meets(&mut self, seen: &Seen<'_>) -> bool {
        let rule = &self.rule;
        let is_match = rule.front.as_deref().is_none_or(|front| front == seen.front)
            && rule.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(seen.method))
            && self.path.as_ref().is_none_or(|path| path.is_match(seen.path))
            && self.query.as_ref().is_none_or(|query| query.is_match(seen.query));
        if !is_match {
            return false;
        }
        let index = self.matched;
        self.matched += 1;
        let (skip, times) = match rule.nth {
            Some(nth) => (nth.saturating_sub(1), Some(1)),
            None => (rule.skip, rule.times),
        };
        let is_its_turn = index >= skip && times.is_none_or(|times| self.met < times);
        let meets = is_its_turn && rule.probability.is_none_or(|chance| draw(rule.seed, index) < chance);
        self.met += u64::from(meets);
        meets
    }
}

/// The first rule whose fault the request meets decides.
pub(crate) fn judge(rules: &mut [ActiveRule], seen: &Seen<'_>) -> Option<Verdict> {
    let rule = rules.iter_mut().find_map(|rule| rule.meets(seen).then_some(&rule.rule))?;
    Some(Verdict { delay_ms: rule.delay_ms, fault: rule.fault.clone() })
}

fn share_of(fault: &Fault) -> Option<f64> {
    match fault {
        Fault::Reset { at }
        | Fault::Stall { at, .. }
        | Fault::TruncateRequest { at }
        | Fault::TruncateResponse { at }
        | Fault::FlipRequest { at }
        | Fault::FlipResponse { at } => Some(*at),
        Fault::Pass
        | Fault::Hold
        | Fault::Respond { .. }
        | Fault::DropBefore
        | Fault::DropAfter
        | Fault::Duplicate { .. }
        | Fault::Rewrite { .. }
        | Fault::Whitespace { .. }
        | Fault::CutResponse { .. } => None,
    }
}

/// The index-th number of a seed, from 0 to 1 (SplitMix64; Steele, Lea, Flood, OOPSLA 2014).
pub(crate) fn draw(seed: u64, index: u64) -> f64 {
    let mut mixed = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Seen<'_> = Seen { front: "store", method: "PUT", path: "/b/k", query: "partNumber=2&x=1" };

    fn met(rule: Rule, requests: usize) -> Vec<bool> {
        let mut rules = [ActiveRule::new(rule).unwrap()];
        (0..requests).map(|_| judge(&mut rules, &PART).is_some()).collect()
    }

    #[test]
    fn only_matching_requests_meet_the_fault() {
        let rule = Rule::always(Fault::DropAfter);
        for (rule, expected) in [
            (rule.clone(), true),
            (Rule { front: Some("service".into()), ..rule.clone() }, false),
            (Rule { method: Some("put".into()), ..rule.clone() }, true),
            (Rule { path: Some("^/b/".into()), ..rule.clone() }, true),
            (Rule { query: Some("partNumber=2(&|$)".into()), ..rule.clone() }, true),
            (Rule { query: Some("partNumber=3(&|$)".into()), ..rule }, false),
        ] {
            assert_eq!(met(rule.clone(), 1), [expected], "{rule:?}");
        }
    }

    #[test]
    fn skip_times_and_nth_count_matching_requests() {
        let rule = Rule::always(Fault::DropBefore);
        assert_eq!(met(Rule { nth: Some(2), ..rule.clone() }, 4), [false, true, false, false]);
        assert_eq!(met(Rule { skip: 1, times: Some(2), ..rule }, 4), [false, true, true, false]);
    }

    #[test]
    fn probability_is_by_seed_and_about_right() {
        let rule = Rule { probability: Some(0.3), seed: 5, ..Rule::always(Fault::DropBefore) };
        let count = |seed| met(Rule { seed, ..rule.clone() }, 1_000).into_iter().filter(|met| *met).count();
        assert!((250..350).contains(&count(5)), "{}", count(5));
        assert_eq!(met(rule.clone(), 50), met(rule.clone(), 50));
        assert_ne!(met(rule.clone(), 50), met(Rule { seed: 6, ..rule }, 50));
    }

    #[test]
    fn a_later_rule_counts_when_an_earlier_one_had_its_times() {
        let first = Rule { times: Some(1), ..Rule::always(Fault::DropBefore) };
        let mut rules = [first, Rule::always(Fault::DropAfter)].map(|rule| ActiveRule::new(rule).unwrap());
        let faults: Vec<_> = (0..2).map(|_| judge(&mut rules, &PART).unwrap().fault).collect();
        assert_eq!(faults, [Fault::DropBefore, Fault::DropAfter]);
    }

    #[test]
    fn rules_that_mean_nothing_are_refused() {
        for rule in [
            Rule { nth: Some(0), ..Rule::always(Fault::Pass) },
            Rule { probability: Some(1.5), ..Rule::always(Fault::Pass) },
            Rule { path: Some("(".into()), ..Rule::always(Fault::Pass) },
            Rule::always(Fault::Reset { at: 2.0 }),
            Rule::always(Fault::Respond {
                status: 42,
                retry_after_s: None,
                headers: Default::default(),
                body: String::new(),
            }),
        ] {
            assert!(ActiveRule::new(rule.clone()).is_err(), "{rule:?}");
        }
    }
}
