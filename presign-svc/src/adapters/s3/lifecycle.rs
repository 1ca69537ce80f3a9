//! What the bucket itself removes: asked by `windlass doctor`, and never set by us.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::{ExpirationStatus, LifecycleRule};

use super::error::meaning;
use crate::domain::staging::STAGING_PREFIX;
use crate::ports::object_store::StoreResult;

/// After how many days the bucket removes what nobody needs any more; `None` where it keeps it, and it is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClearedAfter {
    /// The parts of multipart uploads that were never completed.
    pub multiparts_days: Option<i32>,
    /// What is staged.
    pub staged_days: Option<i32>,
}

/// `GetBucketLifecycleConfiguration`.
///
/// # Errors
/// The store refuses to say to these credentials, or knows no such rules.
pub(super) async fn cleared_after(client: &Client, bucket: &str) -> StoreResult<ClearedAfter> {
    match client.get_bucket_lifecycle_configuration().bucket(bucket).send().await {
        Ok(answer) => Ok(in_rules(answer.rules())),
        Err(error) if error.code() == Some("NoSuchLifecycleConfiguration") => Ok(in_rules(&[])),
        Err(error) => Err(meaning(error)),
    }
}

/// The shortest times of the rules that hold for all that is meant.
fn in_rules(rules: &[LifecycleRule]) -> ClearedAfter {
    let aborted = |rule: &LifecycleRule| rule.abort_incomplete_multipart_upload()?.days_after_initiation();
    let expired = |rule: &LifecycleRule| rule.expiration()?.days();
    ClearedAfter {
        multiparts_days: rules.iter().filter(|rule| holds_for(rule, "")).filter_map(aborted).min(),
        staged_days: rules.iter().filter(|rule| holds_for(rule, STAGING_PREFIX)).filter_map(expired).min(),
    }
}

/// Whether a rule is in force for all keys that begin so.
fn holds_for(rule: &LifecycleRule, beginning: &str) -> bool {
    let holds = |prefix: Option<&str>| prefix.is_none_or(|prefix| beginning.starts_with(prefix));
    let is_narrow = rule.filter().is_some_and(|filter| {
        !holds(filter.prefix())
            || filter.tag().is_some()
            || filter.and().is_some()
            || filter.object_size_greater_than().is_some()
            || filter.object_size_less_than().is_some()
    });
    #[expect(deprecated, reason = "rules made long ago have their prefix here")]
    let held = holds(rule.prefix());
    *rule.status() == ExpirationStatus::Enabled && !is_narrow && held
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{AbortIncompleteMultipartUpload, LifecycleExpiration, LifecycleRuleFilter};

    use super::*;

    fn rule(prefix: &str, days: i32, status: ExpirationStatus) -> LifecycleRule {
        LifecycleRule::builder()
            .status(status)
            .filter(LifecycleRuleFilter::builder().prefix(prefix).build())
            .abort_incomplete_multipart_upload(
                AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build(),
            )
            .build()
            .unwrap()
    }

    fn expiry(prefix: &str, days: i32) -> LifecycleRule {
        LifecycleRule::builder()
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().prefix(prefix).build())
            .expiration(LifecycleExpiration::builder().days(days).build())
            .build()
            .unwrap()
    }

    #[test]
    fn only_rules_in_force_for_all_that_is_meant_count() {
        let (on, off) = (ExpirationStatus::Enabled, ExpirationStatus::Disabled);
        let none = ClearedAfter { multiparts_days: None, staged_days: None };
        assert_eq!(in_rules(&[]), none);
        let narrow = [rule("", 1, off), rule("backups/", 2, on.clone()), expiry("windlass-staging/acme/", 3)];
        assert_eq!(in_rules(&narrow), none);
        let wide = [rule("", 9, on.clone()), rule("", 7, on), expiry("windlass-staging/", 5)];
        assert_eq!(in_rules(&wide), ClearedAfter { multiparts_days: Some(7), staged_days: Some(5) });
    }
}
