//! npm packages and scripts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::process::{command, run, say};
use crate::{tools, types, wasm, workspace};

/// npm's codes for a registry that is out of reach, or has no such address.
const UNANSWERED: [&str; 8] =
    ["E404", "E405", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENETUNREACH", "ENOTFOUND", "ETIMEDOUT"];

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
        // A registry that takes the question and says nothing: npm's own five minutes, twelve times, are an hour.
        .arg("--fetch-timeout=60000")
        .current_dir(path)
        .stderr(std::process::Stdio::null())
        .output()
        .context("could not start `npm audit`")?;
    match judge(&audit.stdout) {
        Audit::Judged(_) if audit.status.success() => Ok(()),
        Audit::Judged(found) => bail!("npm knows of dangerous packages in {folder}/: {found}"),
        Audit::NotAnswered(why) => {
            say(format!("skipped: the npm registry does not answer `npm audit` for {folder}/ ({why})"));
            Ok(())
        }
        Audit::Failed(why) => bail!("`npm audit` failed in {folder}/: {why}"),
    }
}

/// What came of an audit, with npm's words.
#[derive(Debug, PartialEq, Eq)]
enum Audit {
    /// What the registry knows of the packages.
    Judged(String),
    /// The registry is out of reach, or knows no audits.
    NotAnswered(String),
    /// Anything else: the lock file, the settings, the request.
    Failed(String),
}

/// Where the registry's answer is none, npm gives its `message`, and its `statusCode` if there was one; other errors
/// have a code.
fn judge(report: &[u8]) -> Audit {
    let report: serde_json::Value = serde_json::from_slice(report).unwrap_or_default();
    if let Some(found) = report.get("vulnerabilities") {
        return Audit::Judged(found.to_string());
    }
    let text = |value: &serde_json::Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let error = &report["error"];
    let why = text(&report["message"]).or_else(|| text(&error["summary"]));
    let why = why.unwrap_or_else(|| "it printed no report".to_owned());
    let is_unanswered = match (report["statusCode"].as_u64(), error["code"].as_str()) {
        // 405 is what a mirror says that only hands packages out, 429 a registry that was asked by too many.
        (Some(status), _) => matches!(status, 404 | 405 | 429 | 500..=599),
        (None, Some(code)) => UNANSWERED.contains(&code),
        (None, None) => why.starts_with("request to ") || why.starts_with("network timeout at: "),
    };
    if is_unanswered { Audit::NotAnswered(why) } else { Audit::Failed(why) }
}

/// Builds the npm package into `npm/dist`, from Rust to JavaScript.
pub fn build_package() -> Result<()> {
    // Before the modules, which take minutes.
    tools::ensure_node()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_audit_that_the_registry_does_not_answer_is_skipped() {
        let nothing = r#""error":{"summary":"","detail":""}"#;
        let refused = |status: u16| {
            format!(
                r#"{{"message":"{status} - POST https://r.example/bulk","statusCode":{status},{nothing}}}"#
            )
        };
        let error = |code: &str| format!(r#"{{"error":{{"code":"{code}","summary":"no","detail":""}}}}"#);
        let network = "request to https://r.example/bulk failed, reason: getaddrinfo ENOTFOUND r.example";
        let no_line = format!(r#"{{"message":"{network}",{nothing}}}"#);
        for unanswered in [
            refused(404),
            refused(405),
            refused(429),
            refused(503),
            error("ENOTFOUND"),
            error("E404"),
            no_line,
        ] {
            assert!(matches!(judge(unanswered.as_bytes()), Audit::NotAnswered(_)), "{unanswered}");
        }
        let nonsense = format!(r#"{{"message":"Unexpected token < in JSON at position 0",{nothing}}}"#);
        for failed in [refused(400), refused(401), error("ENOLOCK"), nonsense, "{}".into(), "no JSON".into()]
        {
            assert!(matches!(judge(failed.as_bytes()), Audit::Failed(_)), "{failed}");
        }
        let judged = br#"{"auditReportVersion":2,"vulnerabilities":{}}"#;
        assert_eq!(judge(judged), Audit::Judged("{}".into()));
    }
}
