//! What the bucket itself removes: asked by `windlass doctor`, and never set by us.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::{ExpirationStatus, LifecycleRule};

use super::error::meaning;
use crate::ports::object_store::StoreResult;

/// After how many days the bucket removes the parts of multipart uploads that were never completed; `None` where
/// it keeps them, and they are paid for. `GetBucketLifecycleConfiguration`.
///
/// # Errors
/// The store refuses to say to these credentials, or knows no such rules.
pub(super) async fn days_until_abort(client: &Client, bucket: &str) -> StoreResult<Option<i32>> {
    match client.get_bucket_lifecycle_configuration().bucket(bucket).send().await {
        Ok(answer) => Ok(first_to_abort(answer.rules())),
        Err(error) if error.code() == Some("NoSuchLifecycleConfiguration") => Ok(None),
        Err(error) => Err(meaning(error)),
    }
}

/// The shortest time of the rules that hold for every key.
fn first_to_abort(rules: &[LifecycleRule]) -> Option<i32> {
    let holds_for_all = |rule: &&LifecycleRule| {
        let is_narrow = rule.filter().is_some_and(|filter| {
            filter.prefix().is_some_and(|prefix| !prefix.is_empty())
                || filter.tag().is_some()
                || filter.and().is_some()
                || filter.object_size_greater_than().is_some()
                || filter.object_size_less_than().is_some()
        });
        #[expect(deprecated, reason = "rules made long ago have their prefix here")]
        let had_prefix = rule.prefix().is_some_and(|prefix| !prefix.is_empty());
        *rule.status() == ExpirationStatus::Enabled && !is_narrow && !had_prefix
    };
    let days = |rule: &LifecycleRule| rule.abort_incomplete_multipart_upload()?.days_after_initiation();
    rules.iter().filter(holds_for_all).filter_map(days).min()
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{AbortIncompleteMultipartUpload, LifecycleRuleFilter};

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

    #[test]
    fn only_rules_in_force_for_every_key_count() {
        let (on, off) = (ExpirationStatus::Enabled, ExpirationStatus::Disabled);
        assert_eq!(first_to_abort(&[]), None);
        assert_eq!(first_to_abort(&[rule("", 1, off), rule("backups/", 2, on.clone())]), None);
        assert_eq!(first_to_abort(&[rule("", 9, on.clone()), rule("", 7, on)]), Some(7));
    }
}
