//! What tests pass without here. It is said before they run: of what a passing test prints, cargo shows nothing.

use std::path::Path;

use anyhow::{Result, bail};

use crate::process::say;
use crate::workspace;

/// What tests read in `../shared`: the folders, and one file.
const SHARED: [&str; 8] = [
    "photos",
    "corpora/bad",
    "corpora/docs",
    "corpora/generated",
    "corpora/photos",
    "corpora/security/naughty-strings",
    "corpora/security/wycheproof-jws",
    "corpora/exif-oracle.json",
];

/// Tests that are skipped.
#[derive(Debug, PartialEq, Eq)]
struct Gap {
    says: String,
    /// Whether what is missing could be had: a server could be installed, a file belongs to a folder that is there.
    is_avoidable: bool,
}

/// Says what is skipped. Where `WINDLASS_REQUIRE_ALL` is set, as in CI, what could be avoided is a failure.
pub fn check(has_postgres: bool, has_redis: bool) -> Result<()> {
    let requires_all = std::env::var_os("WINDLASS_REQUIRE_ALL").is_some();
    for Gap { says, is_avoidable } in find(&workspace::root().join("../shared"), has_postgres, has_redis) {
        if requires_all && is_avoidable {
            bail!("WINDLASS_REQUIRE_ALL is set, and this would be skipped: {says}");
        }
        say(format!("skipped: {says}"));
    }
    Ok(())
}

fn find(shared: &Path, has_postgres: bool, has_redis: bool) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut add = |says: String, is_avoidable| gaps.push(Gap { says, is_avoidable });
    if !has_postgres {
        add(
            "tests on PostgreSQL; there is none (WINDLASS_POSTGRES names the folder of its programs)".into(),
            true,
        );
    }
    if !has_redis {
        add("tests on Redis; there is none (WINDLASS_REDIS names its program)".into(), true);
    }
    if shared.is_dir() {
        for missing in SHARED.map(|name| shared.join(name)).iter().filter(|path| !path.exists()) {
            add(format!("tests over {}; it is not there", missing.display()), true);
        }
    } else {
        add("tests over photos and corpora of ../shared; it is not beside this checkout".into(), false);
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_found_and_only_a_checkout_alone_cannot_help_it() {
        let shared = std::env::temp_dir().join(format!("windlass-shared-{}", std::process::id()));
        assert_eq!(find(&shared, true, true).iter().filter(|gap| !gap.is_avoidable).count(), 1);
        for name in SHARED {
            std::fs::create_dir_all(shared.join(name)).unwrap();
        }
        assert_eq!(find(&shared, true, true), []);
        std::fs::remove_dir(shared.join("corpora/bad")).unwrap();
        std::fs::remove_dir(shared.join("corpora/exif-oracle.json")).unwrap();
        let gaps = find(&shared, false, false);
        std::fs::remove_dir_all(&shared).unwrap();
        assert!(gaps.iter().all(|gap| gap.is_avoidable), "{gaps:?}");
        for (gap, says) in gaps.iter().zip(["PostgreSQL", "Redis", "corpora/bad", "exif-oracle.json"]) {
            assert!(gap.says.contains(says), "{gaps:?}");
        }
        assert_eq!(gaps.len(), 4, "{gaps:?}");
    }
}
