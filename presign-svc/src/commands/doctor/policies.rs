//! What to give the bucket and the service: exact, to be pasted.

use serde_json::{Value, json};

use super::cors::{ALLOWED_HEADERS, EXPOSED_HEADERS};
use crate::domain::staging::STAGING_PREFIX;

/// The CORS rules, and the command that sets them.
pub fn cors_advice(bucket: &str, origins: &[String]) -> String {
    format!(
        "CORS rules for the bucket; they replace those there are, so merge them. Save as cors.json and run\n  \
         aws s3api put-bucket-cors --bucket {bucket} --cors-configuration file://cors.json\n{:#}",
        cors_rules(origins)
    )
}

/// The IAM policy, for the user or role the service runs as.
pub fn iam_advice(bucket: &str, region: Option<&str>) -> String {
    format!("IAM policy for the service's user or role:\n{:#}", iam_policy(bucket, region))
}

/// The lifecycle rules, and the command that sets them: they leave every upload the hours that it has to arrive.
pub fn lifecycle_advice(bucket: &str, deadline_hours: u32) -> String {
    let days = deadline_hours.div_ceil(24).max(7);
    format!(
        "Lifecycle rules for the bucket; they replace those there are, so merge them. Save as lifecycle.json and run\n  \
         aws s3api put-bucket-lifecycle-configuration --bucket {bucket} --lifecycle-configuration \
         file://lifecycle.json\n{:#}",
        json!({"Rules": [{
            "ID": "windlass-incomplete",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days},
        }, {
            "ID": "windlass-staging",
            "Status": "Enabled",
            "Filter": {"Prefix": STAGING_PREFIX},
            "Expiration": {"Days": days},
        }]})
    )
}

fn cors_rules(origins: &[String]) -> Value {
    json!({"CORSRules": [{
        "AllowedOrigins": origins,
        "AllowedMethods": ["PUT", "POST", "GET", "HEAD"],
        "AllowedHeaders": ALLOWED_HEADERS,
        "ExposeHeaders": EXPOSED_HEADERS,
        "MaxAgeSeconds": 3600,
    }]})
}

fn iam_policy(bucket: &str, region: Option<&str>) -> Value {
    let partition = match region {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "WindlassObjects",
                "Effect": "Allow",
                "Action": [
                    "s3:PutObject",
                    "s3:GetObject",
                    "s3:DeleteObject",
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                ],
                "Resource": format!("arn:{partition}:s3:::{bucket}/*"),
            },
            {
                // Without it the store answers 403 where an object is missing, and nothing can be verified.
                "Sid": "WindlassBucket",
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:ListBucketMultipartUploads"],
                "Resource": format!("arn:{partition}:s3:::{bucket}"),
            },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_bucket_in_its_partition() {
        let policy = iam_policy("photos", Some("cn-north-1"));
        assert_eq!(policy["Statement"][0]["Resource"], "arn:aws-cn:s3:::photos/*");
        let policy = iam_policy("photos", None);
        assert_eq!(policy["Statement"][1]["Resource"], "arn:aws:s3:::photos");
    }

    #[test]
    fn the_rules_name_exact_origins() {
        let rules = cors_rules(&["https://app.example.com".to_owned()]);
        assert_eq!(rules["CORSRules"][0]["AllowedOrigins"], json!(["https://app.example.com"]));
    }

    #[test]
    fn the_lifecycle_rules_leave_an_upload_its_time_to_arrive() {
        let days = |hours| {
            let advice = lifecycle_advice("photos", hours);
            let rules: Value = serde_json::from_str(&advice[advice.find('{').unwrap()..]).unwrap();
            let rules = &rules["Rules"];
            assert_eq!(
                rules[0]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"],
                rules[1]["Expiration"]["Days"]
            );
            rules[1]["Expiration"]["Days"].as_u64().unwrap()
        };
        assert_eq!([24, 168, 169, 720].map(days), [7, 7, 8, 30]);
    }
}
