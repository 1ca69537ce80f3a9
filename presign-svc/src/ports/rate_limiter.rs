//! Who has asked how often. Where several instances answer for one service they share their buckets; what
//! a bucket is and how it fills is the domain's ([`Rate`]).

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;
use windlass_protocol::{TenantId, UploadId};

use crate::domain::client_address::AddressBlock;
use crate::domain::rate::Rate;

/// Buckets that fill with time.
#[async_trait]
pub trait RateLimiter: Send + Sync + 'static {
    /// Takes from every bucket or, where one of them has too little, from none: then it says how long to
    /// wait. `now` is of no concern to buckets that instances share: they go by the clock of whoever keeps them.
    async fn take(&self, draws: &[Draw], now: OffsetDateTime) -> Result<Verdict, RateLimiterError>;

    /// Whether an instance makes do with buckets of its own, because those it shares with others cannot be
    /// reached.
    fn makes_do(&self) -> bool {
        false
    }
}

/// What is asked of one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// Which one.
    pub bucket: BucketKey,
    /// What it holds when full, and how fast it fills.
    pub rate: Rate,
    /// How much to take.
    pub cost: u32,
}

/// What became of a request for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Taken.
    Granted,
    /// Nothing taken; ask again after this.
    Wait(Duration),
}

/// Names a bucket. As text it is one of a kind: no id holds a colon but a subject, which comes last.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BucketKey(String);

/// The buckets cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the rate limits cannot be looked up: {0}")]
pub struct RateLimiterError(pub String);

impl BucketKey {
    /// Signatures of one person or device.
    pub fn of_subject(tenant: &TenantId, subject: &str) -> Self {
        Self(format!("subject:{tenant}:{subject}"))
    }

    /// Signatures of a whole company.
    pub fn of_tenant(tenant: &TenantId) -> Self {
        Self(format!("tenant:{tenant}"))
    }

    /// Requests from one place in the network.
    pub fn of_address(block: AddressBlock) -> Self {
        Self(format!("address:{block}"))
    }

    /// Signatures for one upload.
    pub fn of_upload(upload: UploadId) -> Self {
        Self(format!("upload:{upload}"))
    }

    /// Nobody's, to try a store of buckets.
    pub fn of_probe() -> Self {
        Self("probe".to_owned())
    }

    /// The key as text, for a store of buckets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
