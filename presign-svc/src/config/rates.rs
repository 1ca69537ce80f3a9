//! How fast somebody may ask for signatures, and whose word about addresses is taken.

use clap::Args;

use super::TokenSource;
use crate::app::RateLimits;
use crate::domain::client_address::{TrustedProxies, TrustedProxy};

/// The contract's default, in files a minute.
const PER_SUBJECT: u32 = 100;
/// What a company's crews may ask for together.
const PER_TENANT: u32 = 3_000;
/// What may come from one place: a site's phones share one.
const PER_ADDRESS: u32 = 600;

/// Rate limits.
#[derive(Debug, Clone, Args)]
pub struct RateOptions {
    /// How many files one person or device may have signed in a minute; 0 is no limit. 100 by default, and
    /// no limit with the development key.
    #[arg(long, env = "WINDLASS_RATE_PER_SUBJECT")]
    pub rate_per_subject: Option<u32>,
    /// The same for a whole company: 3,000 by default.
    #[arg(long, env = "WINDLASS_RATE_PER_TENANT")]
    pub rate_per_tenant: Option<u32>,
    /// The same for one IPv4 address or IPv6 /64: 600 by default. Counted only with WINDLASS_TRUSTED_PROXIES.
    #[arg(long, env = "WINDLASS_RATE_PER_ADDRESS")]
    pub rate_per_address: Option<u32>,
    /// Networks of the proxies in front of this service, such as 10.0.0.0/8, separated by commas: their
    /// X-Forwarded-For is believed, nobody else's.
    #[arg(long, env = "WINDLASS_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<TrustedProxy>,
}

impl RateOptions {
    /// The limits of a service whose keys come from there.
    pub fn limits(&self, source: TokenSource) -> RateLimits {
        let limit = |asked: Option<u32>, default: u32| match (asked, source) {
            (Some(0), _) | (None, TokenSource::Development) => None,
            (Some(asked), _) => Some(asked),
            (None, TokenSource::Configured) => Some(default),
        };
        let proxies = &self.trusted_proxies;
        RateLimits {
            per_subject: limit(self.rate_per_subject, PER_SUBJECT),
            per_tenant: limit(self.rate_per_tenant, PER_TENANT),
            per_address: limit(self.rate_per_address, PER_ADDRESS),
            proxies: (!proxies.is_empty()).then(|| TrustedProxies(proxies.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNSAID: RateOptions = RateOptions {
        rate_per_subject: None,
        rate_per_tenant: None,
        rate_per_address: None,
        trusted_proxies: Vec::new(),
    };

    fn limits(options: &RateOptions, source: TokenSource) -> [Option<u32>; 3] {
        let limits = options.limits(source);
        [limits.per_subject, limits.per_tenant, limits.per_address]
    }

    #[test]
    fn a_company_that_says_nothing_gets_a_hundred_signatures_a_minute_for_each_person() {
        assert_eq!(limits(&UNSAID, TokenSource::Configured), [Some(100), Some(3_000), Some(600)]);
        assert!(UNSAID.limits(TokenSource::Configured).proxies.is_none(), "nobody's word is taken");
    }

    #[test]
    fn with_the_development_key_there_is_no_limit_but_one_that_is_asked_for() {
        assert_eq!(limits(&UNSAID, TokenSource::Development), [None; 3]);
        let asked = RateOptions { rate_per_subject: Some(7), ..UNSAID };
        assert_eq!(limits(&asked, TokenSource::Development), [Some(7), None, None]);
    }

    #[test]
    fn nought_is_no_limit() {
        let asked = RateOptions { rate_per_subject: Some(0), rate_per_tenant: Some(9), ..UNSAID };
        assert_eq!(limits(&asked, TokenSource::Configured), [None, Some(9), Some(600)]);
    }
}
