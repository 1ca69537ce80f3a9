//! What the bucket itself removes: asked by `windlass doctor`, and never set by us.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::{ExpirationStatus, LifecycleRule};

use super::error::meaning;
use crate::domain::object_key::is_reserved;
use crate::domain::staging::STAGING_PREFIX;
use crate::ports::object_store::StoreResult;

/// After how many days the bucket removes what nobody needs any more; `None` where it keeps it, and it is paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearedAfter {
    /// The parts of multipart uploads that were never completed.
    pub multiparts_days: Option<i32>,
    /// What is staged.
    pub staged_days: Option<i32>,
    /// What the keys begin with that it removes as well, though photos may have them.
    pub expiring_prefixes: Vec<String>,
}

/// `GetBucketLifecycleConfiguration`; photos' keys begin with `photos`.
///
/// # Errors
/// The store refuses to say to these credentials, or knows no such rules.
pub(super) async fn cleared_after(client: &Client, bucket: &str, photos: &str) -> StoreResult<ClearedAfter> {
    match client.get_bucket_lifecycle_configuration().bucket(bucket).send().await {
        Ok(answer) => Ok(in_rules(answer.rules(), photos)),
        Err(error) if error.code() == Some("NoSuchLifecycleConfiguration") => Ok(in_rules(&[], photos)),
        Err(error) => Err(meaning(error)),
    }
}

/// The shortest times of the rules that hold for all that is meant.
fn in_rules(rules: &[LifecycleRule], photos: &str) -> ClearedAfter {
    let aborted = |rule: &LifecycleRule| rule.abort_incomplete_multipart_upload()?.days_after_initiation();
    let expired = |rule: &LifecycleRule| rule.expiration()?.days();
    ClearedAfter {
        multiparts_days: rules.iter().filter(|rule| holds_for(rule, photos)).filter_map(aborted).min(),
        staged_days: rules.iter().filter(|rule| holds_for(rule, STAGING_PREFIX)).filter_map(expired).min(),
        expiring_prefixes: rules.iter().filter_map(expiring_prefix).map(str::to_owned).collect(),
    }
}

/// What the keys begin with that a rule in force removes; `None` where photos have no such keys, or none of its tags:
/// Windlass sets none. A rule for sizes alone counts: photos have all sizes.
fn expiring_prefix(rule: &LifecycleRule) -> Option<&str> {
    let removes = rule.expiration().is_some_and(|when| when.days().is_some() || when.date().is_some());
    let filter = rule.filter();
    let and = filter.and_then(|filter| filter.and());
    let is_tagged =
        filter.is_some_and(|filter| filter.tag().is_some()) || and.is_some_and(|and| !and.tags().is_empty());
    #[expect(deprecated, reason = "rules made long ago have their prefix here")]
    let of_rule = rule.prefix();
    let of_filter = filter.and_then(|filter| filter.prefix()).or_else(|| and.and_then(|and| and.prefix()));
    let prefix = of_filter.or(of_rule).unwrap_or_default();
    let counts = *rule.status() == ExpirationStatus::Enabled && removes && !is_tagged && !is_reserved(prefix);
    counts.then_some(prefix)
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
    use aws_sdk_s3::primitives::DateTime;
    use aws_sdk_s3::types::{
        AbortIncompleteMultipartUpload, LifecycleExpiration, LifecycleRuleAndOperator, LifecycleRuleFilter,
        Tag,
    };

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
        let none = ClearedAfter { multiparts_days: None, staged_days: None, expiring_prefixes: Vec::new() };
        assert_eq!(in_rules(&[], ""), none);
        let narrow = [rule("", 1, off), rule("backups/", 2, on.clone()), expiry("windlass-staging/acme/", 3)];
        assert_eq!(in_rules(&narrow, ""), none);
        let wide = [rule("", 9, on.clone()), rule("", 7, on), expiry("windlass-staging/", 5)];
        let cleared = ClearedAfter { multiparts_days: Some(7), staged_days: Some(5), ..none };
        assert_eq!(in_rules(&wide, ""), cleared);
    }

    #[test]
    fn a_rule_for_all_that_photos_keys_begin_with_holds_for_their_parts() {
        let rules = [rule("photos/", 7, ExpirationStatus::Enabled)];
        let days = |photos| in_rules(&rules, photos).multiparts_days;
        assert_eq!(["photos/", "photos/west-", "", "other/"].map(days), [Some(7), Some(7), None, None]);
    }

    #[test]
    fn rules_that_may_remove_photos_are_told_by_what_the_keys_begin_with() {
        let tag = || Tag::builder().key("old").value("yes").build().unwrap();
        let off = ExpirationStatus::Disabled;
        let of = |filter: LifecycleRuleFilter| {
            let days = LifecycleExpiration::builder().days(30).build();
            LifecycleRule::builder().status(ExpirationStatus::Enabled).filter(filter).expiration(days)
        };
        let and = |and: LifecycleRuleAndOperator| LifecycleRuleFilter::builder().and(and).build();
        let harmless = [
            expiry("windlass-staging/", 7),
            expiry("windlass-doctor/", 1),
            of(LifecycleRuleFilter::builder().prefix("").build()).status(off).build().unwrap(),
            rule("", 7, ExpirationStatus::Enabled),
            of(LifecycleRuleFilter::builder().tag(tag()).build()).build().unwrap(),
            of(and(LifecycleRuleAndOperator::builder().tags(tag()).build())).build().unwrap(),
            of(LifecycleRuleFilter::builder().build())
                .expiration(LifecycleExpiration::builder().expired_object_delete_marker(true).build())
                .build()
                .unwrap(),
        ];
        assert_eq!(in_rules(&harmless, "").expiring_prefixes, [""; 0]);
        let on_a_day = LifecycleExpiration::builder().date(DateTime::from_secs(0)).build();
        let harmful = [
            expiry("", 30),
            expiry("acme/", 30),
            of(LifecycleRuleFilter::builder().object_size_greater_than(1).build()).build().unwrap(),
            of(and(LifecycleRuleAndOperator::builder().prefix("west/").build())).build().unwrap(),
            LifecycleRule::builder().status(ExpirationStatus::Enabled).expiration(on_a_day).build().unwrap(),
        ];
        assert_eq!(in_rules(&harmful, "").expiring_prefixes, ["", "acme/", "", "west/", ""]);
    }
}
