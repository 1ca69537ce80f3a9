//! `windlass doctor`: looks at everything the service needs, and says of each in a sentence whether it
//! works and what to do where it does not. Exits with an error when something must be fixed.

mod bucket;
mod checksums;
mod cors;
mod films;
mod policies;
mod probe;
mod queue;
mod token;

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

use super::serve::{refuse_open_development_key, refuse_work_nobody_does};
use crate::adapters::database::Database;
use crate::adapters::redis::RedisRateLimiter;
use crate::adapters::s3::{S3SettingsError, S3Store};
use crate::adapters::schema::SchemaState;
use crate::adapters::system::SystemClock;
use crate::config::{ServeOptions, StorePlace, TokenSource};
use crate::domain::object_key::KeyTemplate;
use crate::ports::clock::Clock as _;
use crate::ports::object_store::StoreError;
use crate::traces::Traces;
use probe::Probe;

/// What `doctor` can be told: the same as `serve`, so that it looks at the same things.
#[derive(Debug, Clone, Args)]
pub struct DoctorOptions {
    #[command(flatten)]
    serve: ServeOptions,
    /// Also print the bucket's CORS and lifecycle rules and the service's IAM policy when nothing is wrong with them.
    #[arg(long)]
    policies: bool,
    /// Also check a token as the service would: from a file that holds it alone, or - for standard input. Says whom
    /// it stands for, or which claim and which setting are in the way.
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
}

/// What was found about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    what: &'static str,
    verdict: Verdict,
    says: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Works.
    Good,
    /// Works, but not for production.
    Note,
    /// Must be fixed.
    Bad,
}

impl Finding {
    fn good(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Good, says: says.into() }
    }

    fn note(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Note, says: says.into() }
    }

    fn bad(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Bad, says: says.into() }
    }
}

/// What did not work, and what to do about it.
fn refused(what: &str, error: &StoreError, permission: &str) -> String {
    match error {
        StoreError::PermissionDenied(reason) => {
            format!("{what} ({reason}). The credentials lack {permission}: give them the policy below.")
        }
        other => format!("{what}: {other}."),
    }
}

/// What to do where the settings name no bucket that could be asked.
fn advice_on_settings(error: &S3SettingsError) -> &'static str {
    match error {
        S3SettingsError::NoRegion => "Set WINDLASS_S3_REGION or AWS_REGION.",
        S3SettingsError::NoCredentials => "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        S3SettingsError::Endpoint(_) => {
            "Check WINDLASS_S3_BUCKET, WINDLASS_S3_REGION, WINDLASS_S3_ENDPOINT, WINDLASS_S3_PUBLIC_ENDPOINT and \
             WINDLASS_S3_PATH_STYLE."
        }
    }
}

/// Looks and says.
pub async fn run(options: DoctorOptions) -> Result<()> {
    let serve = &options.serve;
    let mut findings = database(serve).await;
    findings.push(tokens(serve).await);
    if let Some(file) = &options.token {
        findings.push(token::check(serve, file).await);
    }
    findings.extend(jobs(serve));
    findings.extend(object_keys(serve));
    findings.extend(cors::check_upload_page(serve));
    findings.extend(delivery(serve));
    findings.extend(rate_limits(serve).await);
    findings.extend(traces().await);
    let mut advice = Vec::new();
    match serve.store.place() {
        StorePlace::Embedded => findings.push(Finding::note(
            "bucket",
            format!(
                "none is configured: the embedded store in {} is used. For production, set WINDLASS_S3_BUCKET.",
                serve.data.store().display()
            ),
        )),
        StorePlace::Remote(settings) => {
            let store = S3Store::connect(&settings).await;
            let found = match &store {
                Ok(store) => remote(serve, store).await,
                Err(error) => {
                    vec![Finding::bad(bucket::ACCESS, format!("{error}. {}", advice_on_settings(error)))]
                }
            };
            let is_bad = |what: &str| found.iter().any(|f| f.what == what && f.verdict == Verdict::Bad);
            let is_well =
                |what: &str| found.iter().all(|f| f.what != what || f.verdict == Verdict::Good);
            if options.policies || !is_well(cors::WHAT) {
                advice.push(policies::cors_advice(&settings.bucket, &cors::origins(serve)));
            }
            if options.policies || is_bad(bucket::ACCESS) || is_bad(bucket::WRITES) || is_bad(films::WHAT) {
                advice.push(policies::iam_advice(&settings.bucket, store.as_ref().ok().map(S3Store::region)));
            }
            if options.policies || !is_well(bucket::LIFECYCLE) {
                let hours = serve.limits.upload_deadline_hours;
                advice.push(policies::lifecycle_advice(&settings.bucket, hours));
            }
            findings.extend(found);
        }
    }
    let mut out = std::io::stdout().lock();
    for Finding { what, verdict, says } in &findings {
        let mark = match verdict {
            Verdict::Good => "ok  ",
            Verdict::Note => "note",
            Verdict::Bad => "FIX ",
        };
        writeln!(out, "{mark}  {what}: {says}")?;
    }
    for text in advice {
        writeln!(out, "\n{text}")?;
    }
    match findings.iter().filter(|finding| finding.verdict == Verdict::Bad).count() {
        0 => Ok(()),
        1 => bail!("one thing must be fixed"),
        count => bail!("{count} things must be fixed"),
    }
}

/// What was found about the database, and about what is due in it.
async fn database(options: &ServeOptions) -> Vec<Finding> {
    let what = "database";
    if let Err(error) = options.data.prepare() {
        return vec![Finding::bad(
            what,
            format!("the data directory cannot be used: {error}. Set WINDLASS_DATA_DIR."),
        )];
    }
    let place = match options.database.place(&options.data) {
        Ok(place) => place,
        Err(error) => return vec![Finding::bad(what, format!("{error}."))],
    };
    vec![match Database::examine(&place).await {
        Ok((name, SchemaState::Current)) => {
            let answers = Finding::good(what, format!("{name} answers and is up to date."));
            return vec![answers, queue::check(&place, options.work, SystemClock.now()).await];
        }
        Ok((name, SchemaState::Behind(missing))) => Finding::note(
            what,
            format!(
                "{name} answers; an update of its schema is pending ({missing} migrations). `windlass migrate` \
                 makes it, or the next start. Take a backup before."
            ),
        ),
        Ok((name, SchemaState::Absent)) => Finding::note(
            what,
            format!("{name} is empty or not there yet. `windlass migrate` sets it up, or the first start."),
        ),
        Err(error) => Finding::bad(what, error.to_string()),
    }]
}

/// What keeps the jobs from being done anywhere: the service does not start with it.
fn jobs(options: &ServeOptions) -> Option<Finding> {
    let place = options.database.place(&options.data).ok()?;
    let error = refuse_work_nobody_does(options, &place).err()?;
    Some(Finding::bad("jobs", format!("{error}.")))
}

/// What is wrong with the shape of keys: the service does not start with it.
fn object_keys(options: &ServeOptions) -> Option<Finding> {
    let error = KeyTemplate::parse(&options.limits.key_template).err()?;
    Some(Finding::bad("object keys", format!("{error}. Set WINDLASS_KEY_TEMPLATE.")))
}

/// Whether CloudFront's URLs can be signed, where photos go through it.
fn delivery(options: &ServeOptions) -> Option<Finding> {
    let what = "delivery";
    match options.delivery.cloudfront() {
        Ok(None) => None,
        Ok(Some(_)) => Some(Finding::good(
            what,
            "CloudFront's URLs can be signed. Whether the distribution knows the key, a photo shows.",
        )),
        Err(error) => Some(Finding::bad(what, format!("{error}. Set WINDLASS_CLOUDFRONT_PRIVATE_KEY_FILE."))),
    }
}

/// Whether Redis can keep the rate limits, where it is to.
async fn rate_limits(options: &ServeOptions) -> Option<Finding> {
    let what = "rate limits";
    let url = options.redis.redis_url.as_ref()?;
    Some(match RedisRateLimiter::examine(url.as_str()).await {
        Ok((name, Ok(()))) => {
            Finding::good(what, format!("{name} answers and keeps them for all instances."))
        }
        Ok((name, Err(why))) => Finding::bad(
            what,
            format!("{name} does not keep them: {why}. Until it does, each instance keeps its own."),
        ),
        Err(error) => Finding::bad(what, format!("{error}.")),
    })
}

/// Whether a collector takes traces, where they are to be sent.
async fn traces() -> Option<Finding> {
    let what = "traces";
    Some(match Traces::try_collector().await? {
        Ok(()) => Finding::good(what, "the collector takes them."),
        Err(why) => Finding::bad(
            what,
            format!(
                "the collector does not take them: {why}. Check OTEL_EXPORTER_OTLP_ENDPOINT; the service runs \
                 without."
            ),
        ),
    })
}

async fn tokens(options: &ServeOptions) -> Finding {
    let what = "tokens";
    let tokens = match options.auth.tokens(&options.data) {
        Ok(tokens) => tokens,
        Err(error) => return Finding::bad(what, format!("{error}.")),
    };
    match (tokens.provider(), options.auth.source()) {
        (Some(provider), _) => match provider.try_source().await {
            Ok(keys) => Finding::good(
                what,
                format!(
                    "{} publishes {keys} usable keys. Tokens must have the issuer {} and one of the audiences {}.",
                    provider.name(),
                    options.auth.jwt_issuer.as_deref().unwrap_or_default(),
                    options.auth.jwt_audience.join(", ")
                ),
            ),
            Err(error) => Finding::bad(
                what,
                format!(
                    "the keys at {} cannot be used: {error}. Check WINDLASS_JWT_JWKS_URL.",
                    provider.name()
                ),
            ),
        },
        (None, TokenSource::Configured) => Finding::good(what, "an HS256 secret is configured."),
        (None, TokenSource::Development) => match refuse_open_development_key(options) {
            Err(error) => Finding::bad(what, format!("{error}.")),
            Ok(()) => Finding::note(
                what,
                "the development key is in use and the demo page hands out tokens. For production, set \
                 WINDLASS_JWT_JWKS_URL or WINDLASS_JWT_HS256_SECRET.",
            ),
        },
    }
}

async fn remote(options: &ServeOptions, store: &S3Store) -> Vec<Finding> {
    let probe = match Probe::new() {
        Ok(probe) => probe,
        Err(error) => {
            return vec![Finding::bad(
                "network",
                format!("the system's certificates cannot be read: {error}"),
            )];
        }
    };
    let access = match bucket::access(store).await {
        Ok(access) => access,
        Err(unreachable) => return vec![unreachable],
    };
    let mut found = vec![access, bucket::clock(store, &probe).await];
    let conditional = options.store.conditional_writes();
    let writes = bucket::writes(store, &probe, conditional).await;
    let can_write = writes.verdict == Verdict::Good;
    found.push(writes);
    // What keeps one PUT out keeps these out, too, and is said already.
    if can_write {
        found.push(checksums::check(store, &probe, conditional).await);
        found.push(films::check(store, &probe, conditional).await);
    }
    found.push(cors::check(store, &probe, &cors::origins(options)).await);
    found.push(bucket::lifecycle(store, &options.limits).await);
    found
}
