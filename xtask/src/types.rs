//! The TypeScript types of the npm package, generated from the Rust structs by ts-rs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::process::{cargo, run, say};
use crate::workspace;

fn generated_dir() -> PathBuf {
    workspace::root().join("npm/src/generated")
}

/// Writes the types anew.
pub fn write() -> Result<()> {
    let folder = generated_dir();
    if folder.is_dir() {
        fs::remove_dir_all(&folder).with_context(|| format!("could not empty {}", folder.display()))?;
    }
    generate_into(&folder)?;
    say(format!("wrote {}", folder.display()));
    Ok(())
}

/// Fails when the committed types are not those the Rust structs give.
pub fn check() -> Result<()> {
    let fresh = workspace::target_dir().join("generated-types");
    if fresh.is_dir() {
        fs::remove_dir_all(&fresh).with_context(|| format!("could not empty {}", fresh.display()))?;
    }
    generate_into(&fresh)?;
    let (committed, fresh) = (read_folder(&generated_dir())?, read_folder(&fresh)?);
    let stale: Vec<&String> = committed
        .keys()
        .chain(fresh.keys())
        .filter(|name| committed.get(*name) != fresh.get(*name))
        .collect();
    if !stale.is_empty() {
        bail!("npm/src/generated is out of date ({stale:?}): run `cargo xtask types` and commit");
    }
    Ok(())
}

fn generate_into(folder: &Path) -> Result<()> {
    run(cargo()
        .args(["test", "--quiet", "--locked", "--package", "windlass-core", "--package", "windlass-protocol"])
        .args(["--lib", "--features", "windlass-core/typescript,windlass-core/default"])
        .arg("export_bindings")
        .env("TS_RS_EXPORT_DIR", folder))
}

fn read_folder(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))? {
        let entry = entry?;
        files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path())?);
    }
    Ok(files)
}
