//! Which kinds of file, how large, and for how long.

use std::time::Duration;

use clap::{ArgAction, Args};

use super::{ByteSize, InvalidSize};
use crate::app::{RateLimits, Settings};
use crate::domain::limits::{Limits, PHOTO_MIN_BYTES, size_in_words};
use crate::domain::object_key::{InvalidKeyTemplate, KeyTemplate};
use crate::domain::quota::{Allowance, Quota};
use crate::feeds::DEFAULT_MAX_STREAMS;

/// Video up to this size is taken on embedded defaults, so that the demo shows multipart.
const DEMO_VIDEO: ByteSize = ByteSize(2 << 30);

/// How long a client waits for its pieces to be put together before it is told to ask again: less than the
/// patience of any.
const ASSEMBLY_WAIT: Duration = Duration::from_secs(3);

/// Kinds, sizes and times.
#[derive(Debug, Clone, Args)]
pub struct LimitOptions {
    /// The largest photo.
    #[arg(long, env = "WINDLASS_MAX_PHOTO_SIZE", default_value = "50MiB", value_parser = photo_size)]
    pub max_photo_size: ByteSize,
    /// The largest document (PDF, DWG).
    #[arg(long, env = "WINDLASS_MAX_DOCUMENT_SIZE", default_value = "100MiB", value_parser = other_size)]
    pub max_document_size: ByteSize,
    /// Whether video is taken: off by default, on with the embedded store.
    #[arg(long, env = "WINDLASS_ALLOW_VIDEO", action = ArgAction::Set)]
    pub allow_video: Option<bool>,
    /// The largest video.
    #[arg(long, env = "WINDLASS_MAX_VIDEO_SIZE", default_value_t = DEMO_VIDEO, value_parser = other_size)]
    pub max_video_size: ByteSize,
    /// Whether archives (ZIP) are taken.
    #[arg(long, env = "WINDLASS_ALLOW_ARCHIVES", action = ArgAction::Set, default_value_t = false)]
    pub allow_archives: bool,
    /// The largest archive.
    #[arg(long, env = "WINDLASS_MAX_ARCHIVE_SIZE", default_value = "100MiB", value_parser = other_size)]
    pub max_archive_size: ByteSize,
    /// How much each company may keep, announced and stored, variants included. Without it, no limit.
    #[arg(long, env = "WINDLASS_TENANT_QUOTA_SIZE", value_parser = other_size)]
    pub tenant_quota_size: Option<ByteSize>,
    /// How many files each company may keep. Without it, no limit.
    #[arg(long, env = "WINDLASS_TENANT_QUOTA_FILES")]
    pub tenant_quota_files: Option<u64>,
    /// How many uploads of a company may wait for their bytes at once.
    #[arg(long, env = "WINDLASS_MAX_OPEN_UPLOADS", default_value_t = 10_000)]
    pub max_open_uploads: u64,
    /// Whether clients are served that know nothing of Windlass: they PUT with no header but Content-Type, name
    /// no type of their JSON, say no size beforehand, and do not say when they are done. What this gives up is in
    /// docs/plain-clients.md.
    #[arg(long, env = "WINDLASS_PLAIN_CLIENTS", action = ArgAction::Set, default_value_t = false)]
    pub plain_clients: bool,
    /// The shape of object keys.
    #[arg(long, env = "WINDLASS_KEY_TEMPLATE", default_value = KeyTemplate::DEFAULT)]
    pub key_template: String,
    /// How long signed PUT and part URLs work, in seconds.
    #[arg(long, env = "WINDLASS_PUT_URL_SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u32).range(120..=86_400))]
    pub put_url_seconds: u32,
    /// How long signed GET URLs work, in seconds.
    #[arg(long, env = "WINDLASS_GET_URL_SECONDS", default_value_t = 7_200, value_parser = clap::value_parser!(u32).range(1_800..=604_800))]
    pub get_url_seconds: u32,
    /// How long an upload waits for its bytes, in hours.
    #[arg(long, env = "WINDLASS_UPLOAD_DEADLINE_HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=720))]
    pub upload_deadline_hours: u32,
    /// How long what happened to photos can be told again to a page that was away, in hours.
    #[arg(long, env = "WINDLASS_EVENT_RETENTION_HOURS", default_value_t = 168, value_parser = clap::value_parser!(u32).range(1..=8_760))]
    pub event_retention_hours: u32,
    /// How often record and bucket are compared, in hours; 0 is never. Needs the permission to list the bucket.
    #[arg(long, env = "WINDLASS_RECONCILE_HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(..=8_760))]
    pub reconcile_hours: u32,
    /// Whether files are taken in small pieces, too, which the service puts together: for weak signals.
    #[arg(long, env = "WINDLASS_WEAK_SIGNAL", action = ArgAction::Set, default_value_t = true)]
    pub weak_signal: bool,
    /// How many pages may be told of events at the same time by this instance.
    #[arg(long, env = "WINDLASS_MAX_EVENT_STREAMS", default_value_t = DEFAULT_MAX_STREAMS)]
    pub max_event_streams: usize,
}

/// A largest size that some photo has: with a forgotten unit, as in `50`, every one would be refused.
fn photo_size(text: &str) -> Result<ByteSize, String> {
    let size: ByteSize = text.parse().map_err(|error: InvalidSize| error.to_string())?;
    if size.0 < PHOTO_MIN_BYTES {
        let smallest = size_in_words(PHOTO_MIN_BYTES);
        return Err(format!(
            "no photo is that small: {size} is less than {smallest}; write a unit, such as 50MiB"
        ));
    }
    Ok(size)
}

/// Another size: with a forgotten unit, too, everything would be refused. Nothing at all is what somebody may mean.
fn other_size(text: &str) -> Result<ByteSize, String> {
    let size: ByteSize = text.parse().map_err(|error: InvalidSize| error.to_string())?;
    if (1..PHOTO_MIN_BYTES).contains(&size.0) {
        return Err(format!("{size} is next to nothing; write a unit, such as 50MiB"));
    }
    Ok(size)
}

impl LimitOptions {
    /// The service's settings; `is_embedded` where the bucket is the embedded store.
    pub fn settings(
        &self,
        is_embedded: bool,
        conditional_writes: bool,
    ) -> Result<Settings, InvalidKeyTemplate> {
        let allow_video = self.allow_video.unwrap_or(is_embedded);
        let limits = Limits {
            photo: PHOTO_MIN_BYTES..=self.max_photo_size.0,
            document: 1..=self.max_document_size.0,
            video: allow_video.then_some(1..=self.max_video_size.0),
            archive: self.allow_archives.then_some(1..=self.max_archive_size.0),
        };
        let tenant = Quota {
            max_files: self.tenant_quota_files,
            max_bytes: self.tenant_quota_size.map(|size| size.0),
        };
        let allowance = Allowance { tenant, max_open_uploads: Some(self.max_open_uploads), link: None };
        Ok(Settings {
            limits,
            allowance,
            rates: RateLimits::default(),
            upload_page: None,
            key_template: KeyTemplate::parse(&self.key_template)?,
            put_url_lifetime: Duration::from_secs(self.put_url_seconds.into()),
            get_url_lifetime: Duration::from_secs(self.get_url_seconds.into()),
            upload_deadline: Duration::from_secs(u64::from(self.upload_deadline_hours) * 3600),
            event_retention: Duration::from_secs(u64::from(self.event_retention_hours) * 3600),
            reconcile_every: (self.reconcile_hours > 0)
                .then(|| Duration::from_secs(u64::from(self.reconcile_hours) * 3600)),
            conditional_writes,
            plain_clients: self.plain_clients,
            weak_signal: self.weak_signal,
            api_docs: true,
            assembly_wait: ASSEMBLY_WAIT,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        limits: LimitOptions,
    }

    #[test]
    fn a_largest_photo_that_is_smaller_than_any_is_refused_in_words() {
        let line = |size: &str| Line::try_parse_from(["windlass", "--max-photo-size", size]);
        for small in ["0", "50", "1023"] {
            let refused = line(small).err().unwrap().to_string();
            assert!(
                refused.contains("is less than 1 KiB; write a unit, such as 50MiB"),
                "{small}: {refused}"
            );
        }
        assert_eq!(line("1KiB").unwrap().limits.max_photo_size, ByteSize(1024));
    }

    #[test]
    fn a_forgotten_unit_is_asked_for() {
        for option in ["--max-document-size", "--max-video-size", "--max-archive-size", "--tenant-quota-size"]
        {
            let line = |size: &str| Line::try_parse_from(["windlass", option, size]);
            for small in ["1", "500", "1023B"] {
                let refused = line(small).err().unwrap().to_string();
                assert!(refused.contains("write a unit, such as 50MiB"), "{option} {small}: {refused}");
            }
            for meant in ["0", "1024", "500GiB"] {
                assert!(line(meant).is_ok(), "{option} {meant}");
            }
        }
        assert_eq!(Line::try_parse_from(["windlass"]).unwrap().limits.max_video_size, DEMO_VIDEO);
    }
}
