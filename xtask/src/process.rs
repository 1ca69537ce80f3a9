//! Running other programs: what runs is said, and a failure names the command.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// A line that says what is being done and why it may take a while. On standard error: the other one is
/// for what was asked for.
pub fn say(text: impl AsRef<str>) {
    eprintln!("▸ {}", text.as_ref());
}

/// Runs a command in the workspace root with its output visible; an error names it.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command.status().with_context(|| format!("could not start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Becomes a command, so that whatever is told to this process is told to it: to end, above all. Comes back where it
/// cannot start, and on systems that know no such thing when it has ended.
#[cfg(unix)]
pub fn run_instead(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    let shown = shown(command);
    Err(command.exec()).with_context(|| format!("could not start `{shown}`"))
}

/// The same where it can only be run.
#[cfg(not(unix))]
pub fn run_instead(command: &mut Command) -> Result<()> {
    run(command)
}

/// Runs a command and returns its standard output; its errors stay visible.
pub fn output_of(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("could not start `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}` failed ({})", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` did not print text"))
}

/// What the environment says to tests and not to a service.
const SAID_TO_TESTS: [&str; 4] =
    ["WINDLASS_ENGINE", "WINDLASS_LONG", "WINDLASS_REQUIRE_ALL", "WINDLASS_SCREENSHOTS"];

/// Takes from a command what the shell says to a service: one that a test or a bench starts would work on the bucket
/// that is named there. What is set on the command afterwards stays.
pub fn without_settings(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_setting) {
            command.env_remove(name);
        }
    }
    command
}

fn is_setting(name: &str) -> bool {
    let is_a_services = ["WINDLASS_", "AWS_", "OTEL_"].iter().any(|prefix| name.starts_with(prefix));
    is_a_services && !SAID_TO_TESTS.contains(&name)
}

/// A command that starts in the workspace root.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(crate::workspace::root());
    command
}

/// The cargo that runs this task. It is told where to build: a `target-dir` in somebody's own configuration would be
/// another folder than the one the programs are started from.
pub fn cargo() -> Command {
    let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.env("CARGO_TARGET_DIR", crate::workspace::target_dir());
    cargo
}

fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_builds_where_the_programs_are_started_from() {
        let folder = crate::workspace::target_dir();
        let cargo = cargo();
        let told = cargo.get_envs().find(|(name, _)| *name == "CARGO_TARGET_DIR");
        assert_eq!(told.and_then(|(_, value)| value), Some(folder.as_os_str()));
    }

    #[test]
    fn what_names_somebodys_bucket_is_a_setting_and_what_tests_are_told_is_none() {
        for setting in ["WINDLASS_S3_BUCKET", "WINDLASS_DATABASE_URL", "WINDLASS_LOG", "AWS_PROFILE"] {
            assert!(is_setting(setting), "{setting}");
        }
        for other in ["WINDLASS_REQUIRE_ALL", "WINDLASS_LONG", "PATH", "HOME", "CARGO_TARGET_DIR"] {
            assert!(!is_setting(other), "{other}");
        }
    }
}
