//! How much a tenant and an upload link may keep, and what of it is in use.
//!
//! An upload counts from the moment it is announced, with the bytes of its original and of its variants:
//! what a hundred requests at once reserve is never more than there is. It stops counting when it is
//! aborted, refused or expired, or when its photo is deleted.

use super::limits::size_in_words;
use super::upload::Upload;
use windlass_protocol::UploadLinkId;

/// What one holder may have; `None` where there is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quota {
    /// Files, open and stored.
    pub max_files: Option<u64>,
    /// Bytes, open and stored.
    pub max_bytes: Option<u64>,
}

/// Everything a new upload must fit into. The default has no limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowance {
    /// The company's.
    pub tenant: Quota,
    /// How many uploads of the company may wait for their bytes at once.
    pub max_open_uploads: Option<u64>,
    /// The upload link's, where one is used.
    pub link: Option<(UploadLinkId, Quota)>,
}

/// What one holder has in use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Files announced, their bytes awaited.
    pub open_files: u64,
    /// Bytes announced and awaited.
    pub open_bytes: u64,
    /// Verified files.
    pub stored_files: u64,
    /// Their bytes, and those of their variants.
    pub stored_bytes: u64,
}

/// What everybody whom a new upload concerns has in use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InUse {
    /// The company.
    pub tenant: Usage,
    /// The upload link.
    pub link: Usage,
}

/// Who has used up what is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The company.
    Tenant,
    /// The upload link.
    Link,
}

/// A file for which there is no room left: a sentence without its full stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuotaExceeded {
    /// Too many bytes.
    #[error(
        "{} may hold {}, of which {} are left, and this file with its smaller pictures has {}{}",
        holder_in_words(*holder), size_in_words(*max_bytes), size_in_words(*left_bytes), size_in_words(*size_bytes),
        way_out(*holder)
    )]
    Bytes {
        /// Whose.
        holder: Holder,
        /// How many there may be.
        max_bytes: u64,
        /// How many of them are free.
        left_bytes: u64,
        /// How many were asked for.
        size_bytes: u64,
    },
    /// Too many files.
    #[error("{} may hold {max_files} files and holds as many{}", holder_in_words(*holder), way_out(*holder))]
    Files {
        /// Whose.
        holder: Holder,
        /// How many there may be.
        max_files: u64,
    },
    /// Too many uploads that were announced and never finished.
    #[error("{max_open} uploads wait for their bytes, more may not; finish or abort some of them first")]
    OpenUploads {
        /// How many there may be.
        max_open: u64,
    },
    /// The company has no room for it, told to whoever came by an upload link: a customer learns nothing of how much the
    /// company may keep and has left.
    #[error("there is no room for this file now; tell whoever gave you the link")]
    NoRoom,
}

fn holder_in_words(holder: Holder) -> &'static str {
    match holder {
        Holder::Tenant => "the company's storage",
        Holder::Link => "this upload link",
    }
}

fn way_out(holder: Holder) -> &'static str {
    match holder {
        Holder::Tenant => "; delete photos or ask for more room",
        Holder::Link => "; ask whoever gave you the link for another one",
    }
}

/// The bytes an upload counts with.
pub fn charge_of(upload: &Upload) -> u64 {
    let variants = upload.progress().variants.iter().map(|variant| variant.size_bytes);
    variants.fold(upload.size_bytes(), u64::saturating_add)
}

impl Usage {
    /// Files, open and stored.
    pub fn files(&self) -> u64 {
        self.open_files.saturating_add(self.stored_files)
    }

    /// Bytes, open and stored.
    pub fn bytes(&self) -> u64 {
        self.open_bytes.saturating_add(self.stored_bytes)
    }

    fn opened(&mut self, size_bytes: u64) {
        self.open_files = self.open_files.saturating_add(1);
        self.open_bytes = self.open_bytes.saturating_add(size_bytes);
    }
}

impl Quota {
    fn check(self, holder: Holder, usage: &Usage, size_bytes: u64) -> Result<(), QuotaExceeded> {
        if let Some(max_files) = self.max_files.filter(|max| usage.files() >= *max) {
            return Err(QuotaExceeded::Files { holder, max_files });
        }
        match self.max_bytes {
            Some(max_bytes) if usage.bytes().saturating_add(size_bytes) > max_bytes => {
                let left_bytes = max_bytes.saturating_sub(usage.bytes());
                Err(QuotaExceeded::Bytes { holder, max_bytes, left_bytes, size_bytes })
            }
            _ => Ok(()),
        }
    }
}

impl Allowance {
    /// The upload link, where one is used.
    pub fn link_id(&self) -> Option<UploadLinkId> {
        self.link.as_ref().map(|(id, _)| *id)
    }

    /// Counts one more upload of this size as in use, or says why it does not fit.
    pub fn reserve(&self, in_use: &mut InUse, size_bytes: u64) -> Result<(), QuotaExceeded> {
        if let Some((_, quota)) = &self.link {
            // First: what is too much for the link is not asked of the company.
            quota.check(Holder::Link, &in_use.link, size_bytes)?;
            self.check_company(&in_use.tenant, size_bytes).map_err(|_| QuotaExceeded::NoRoom)?;
        } else {
            self.check_company(&in_use.tenant, size_bytes)?;
        }
        for usage in [&mut in_use.tenant, &mut in_use.link] {
            usage.opened(size_bytes);
        }
        Ok(())
    }

    fn check_company(&self, usage: &Usage, size_bytes: u64) -> Result<(), QuotaExceeded> {
        if let Some(max_open) = self.max_open_uploads.filter(|max| usage.open_files >= *max) {
            return Err(QuotaExceeded::OpenUploads { max_open });
        }
        self.tenant.check(Holder::Tenant, usage, size_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_reserved_and_what_does_not_changes_nothing() {
        let quota = Quota { max_files: Some(3), max_bytes: Some(100) };
        let allowance = Allowance { tenant: quota, ..Allowance::default() };
        let mut in_use = InUse::default();
        assert_eq!(allowance.reserve(&mut in_use, 60), Ok(()));
        let before = in_use;
        let refused = allowance.reserve(&mut in_use, 41).unwrap_err();
        let holder = Holder::Tenant;
        assert_eq!(refused, QuotaExceeded::Bytes { holder, max_bytes: 100, left_bytes: 40, size_bytes: 41 });
        assert_eq!(in_use, before);
        assert_eq!(allowance.reserve(&mut in_use, 40), Ok(()));
        assert!(allowance.reserve(&mut in_use, 1).is_err());
        assert_eq!(in_use.tenant.bytes(), 100);
    }

    #[test]
    fn the_narrowest_limit_counts_and_says_whose_it_is() {
        let link = UploadLinkId::from(uuid::Uuid::nil());
        let files = |max| Quota { max_files: Some(max), max_bytes: None };
        let allowance =
            Allowance { tenant: files(10), max_open_uploads: Some(2), link: Some((link, files(1))) };
        let mut in_use = InUse::default();
        assert_eq!(allowance.reserve(&mut in_use, 1), Ok(()));
        let refused = allowance.reserve(&mut in_use, 1).unwrap_err();
        assert_eq!(refused, QuotaExceeded::Files { holder: Holder::Link, max_files: 1 });
        assert!(refused.to_string().contains("ask whoever gave you the link"), "{refused}");
        in_use.link = Usage::default();
        assert_eq!(allowance.reserve(&mut in_use, 1), Ok(()));
        let of_the_company = Allowance { link: None, ..allowance };
        let refused = of_the_company.reserve(&mut in_use, 1).unwrap_err();
        assert_eq!(refused, QuotaExceeded::OpenUploads { max_open: 2 });
    }

    #[test]
    fn whoever_came_by_a_link_is_told_nothing_of_the_companys_room() {
        let quota = |max_files, max_bytes| Quota { max_files, max_bytes };
        let link = Some((UploadLinkId::from(uuid::Uuid::nil()), quota(None, Some(600))));
        for (tenant, max_open_uploads) in
            [(quota(None, Some(500)), None), (quota(Some(0), None), None), (quota(None, None), Some(0))]
        {
            let allowance = Allowance { tenant, max_open_uploads, link };
            let refused = allowance.reserve(&mut InUse::default(), 501).unwrap_err();
            assert_eq!(refused, QuotaExceeded::NoRoom);
            assert!(!refused.to_string().contains(|c: char| c.is_ascii_digit()), "{refused}");
            let of_link = allowance.reserve(&mut InUse::default(), 601).unwrap_err();
            assert!(matches!(of_link, QuotaExceeded::Bytes { holder: Holder::Link, .. }), "{of_link}");
        }
    }

    #[test]
    fn sizes_beyond_all_measure_do_not_wrap_around() {
        let allowance =
            Allowance { tenant: Quota { max_files: None, max_bytes: Some(10) }, ..Allowance::default() };
        let mut in_use = InUse { tenant: Usage { stored_bytes: 5, ..Usage::default() }, ..InUse::default() };
        assert!(allowance.reserve(&mut in_use, u64::MAX).is_err());
    }
}
