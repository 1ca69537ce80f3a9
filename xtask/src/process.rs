//! Running other programs: what runs is said, and a failure names the command.

use std::ffi::OsStr;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

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

/// How often it is asked whether a command has ended.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// The same for a command that could hang: one that takes longer than that is ended, with whatever it has started.
pub fn run_within(limit: Duration, command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let mut child = command.spawn().with_context(|| format!("could not start `{shown}`"))?;
    let began = Instant::now();
    loop {
        match child.try_wait().with_context(|| format!("could not wait for `{shown}`"))? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => bail!("`{shown}` failed ({status})"),
            None if began.elapsed() < limit => thread::sleep(BETWEEN_LOOKS),
            None => {
                end_with_all_of_it(&mut child)?;
                bail!("`{shown}` did not end within {} minutes", limit.as_secs() / 60);
            }
        }
    }
}

/// Those that it has started are told to end: what they have to put away, a database's folder above all, they put away.
fn end_with_all_of_it(child: &mut Child) -> Result<()> {
    let others = descendants(child.id());
    if !others.is_empty() {
        let others = others.iter().map(u32::to_string);
        // A shell's own: the program of that name is not everywhere. One that has ended meanwhile is none to tell.
        let kill = ["-c", "kill -s TERM \"$@\" 2>/dev/null", "sh"];
        command("sh").args(kill).args(others).status().context("could not start `sh`")?;
    }
    child.kill().and_then(|()| child.wait()).context("could not end it")?;
    Ok(())
}

/// All that come from a process, as Linux tells; elsewhere none.
fn descendants(root: u32) -> Vec<u32> {
    // The name of a process, which may be anything, is in brackets; then come its state and its parent.
    let parent = |process: u32| -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let processes: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|process| Some((process, parent(process)?)))
        .collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&of) = found.get(next) {
        found.extend(processes.iter().filter(|(_, parent)| *parent == of).map(|(process, _)| *process));
        next += 1;
    }
    found.split_off(1)
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

    #[cfg(target_os = "linux")]
    #[test]
    fn a_command_that_hangs_is_ended_with_what_it_has_started() {
        use std::io::{BufRead as _, BufReader, Read as _};

        // The inner one says who it is, and stays that process for longer than anybody waits.
        let hangs = "sh -c 'echo $$; exec sleep 86400' & wait";
        let mut child = Command::new("sh").args(["-c", hangs]).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut inner = String::new();
        said.read_line(&mut inner).unwrap();
        assert_eq!(descendants(child.id()), [inner.trim().parse::<u32>().unwrap()]);
        end_with_all_of_it(&mut child).unwrap();
        // Its end is that of all who could write there.
        assert_eq!(said.read_to_string(&mut String::new()).unwrap(), 0);
    }

    #[test]
    fn how_a_command_ends_that_ends_in_time_is_told() {
        let within_an_hour = |program: &str| run_within(Duration::from_secs(3600), &mut command(program));
        assert!(within_an_hour("true").is_ok());
        let failed = within_an_hour("false").unwrap_err().to_string();
        assert!(failed.starts_with("`false` failed"), "{failed}");
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
