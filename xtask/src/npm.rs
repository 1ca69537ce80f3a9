//! npm packages and scripts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::process::{command, run, say};
use crate::{tools, types, wasm, workspace};

/// Installs a folder's packages exactly as locked, unless that was done for this lock file before.
pub fn install(folder: &str) -> Result<()> {
    tools::ensure_node()?;
    let path = workspace::root().join(folder);
    let lock = fs::read(path.join("package-lock.json"))
        .with_context(|| format!("{folder}/package-lock.json cannot be read"))?;
    let stamp = path.join("node_modules/.windlass-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    say(format!("installing the npm packages of {folder}/ with `npm ci`"));
    run(command("npm").arg("ci").arg("--loglevel=error").current_dir(&path))?;
    fs::create_dir_all(path.join("node_modules"))?;
    fs::write(&stamp, lock).with_context(|| format!("could not write {}", stamp.display()))
}

/// Runs a script of a folder's `package.json`.
pub fn script(folder: &str, name: &str) -> Result<()> {
    run(command("npm").args(["run", "--silent", name]).current_dir(workspace::root().join(folder)))
}

/// Fails where a package of any folder with a lock file is known to be dangerous.
pub fn audit_all() -> Result<()> {
    let mut folders = Vec::new();
    find_locked(workspace::root(), &mut folders)?;
    folders.sort();
    folders.iter().try_for_each(|folder| audit(folder))
}

/// Folders with a lock file of ours, below this one.
fn find_locked(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name == "package-lock.json" {
            found.push(folder.to_owned());
        }
        let is_built = ["node_modules", "target", "dist"].contains(&name.as_ref()) || name.starts_with('.');
        if entry.file_type()?.is_dir() && !is_built {
            find_locked(&entry.path(), found)?;
        }
    }
    Ok(())
}

/// Not every registry knows what is dangerous: then that is said.
fn audit(path: &Path) -> Result<()> {
    let folder = path.strip_prefix(workspace::root()).unwrap_or(path).display();
    let audit = command("npm")
        .args(["audit", "--json", "--audit-level=high", "--package-lock-only"])
        .current_dir(path)
        .stderr(std::process::Stdio::null())
        .output()
        .context("could not start `npm audit`")?;
    let report: serde_json::Value = serde_json::from_slice(&audit.stdout).unwrap_or_default();
    match report.get("vulnerabilities") {
        Some(_) if audit.status.success() => Ok(()),
        Some(found) => bail!("npm knows of dangerous packages in {folder}/: {found}"),
        None => {
            say(format!("skipped: the npm registry does not answer `npm audit` for {folder}/"));
            Ok(())
        }
    }
}

/// Builds the npm package into `npm/dist`, from Rust to JavaScript.
pub fn build_package() -> Result<()> {
    if !workspace::root().join("npm/src/generated").is_dir() {
        types::write()?;
    }
    wasm::build()?;
    install("npm")?;
    say("building the npm package");
    script("npm", "build")
}

/// Copies a folder with everything in it.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("could not create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("could not read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)
                .with_context(|| format!("could not write {}", target.display()))?;
        }
    }
    Ok(())
}
