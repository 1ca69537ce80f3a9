//! What the tasks need and a bare machine lacks: installed here, and said.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::process::{cargo, command, output_of, run, say};
use crate::workspace;

const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// What [`is_new_enough`] takes, in words.
const NODE_VERSIONS: &str = "version 20.19 or newer of 20, or 22.12 or newer";
const GARAGE_VERSION: &str = "2.5.0";
const CARGO_DENY_VERSION: &str = "0.20.2";
const SCHEMATHESIS_VERSION: &str = "4.32.5";
/// What it is installed with, by version.
const SCHEMATHESIS_CONSTRAINTS: &str = "tests/contract/constraints.txt";
/// The peers of the service's bench, by version.
const FASTAPI_REQUIREMENTS: &str = "tests/bench/service/fastapi/requirements.txt";
/// Where Debian puts the programs of its PostgreSQL, by version.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";
/// What Debian's packages of PostgreSQL read when they are installed.
const CREATE_CLUSTER: &str = "/etc/postgresql-common/createcluster.d";
/// Asked by Debian's packages before they start what they bring.
const POLICY: &str = "/usr/sbin/policy-rc.d";
/// A shell's, told a file, what is to be in it, and a command: while that runs the file is there. It is removed by the
/// same shell, which goes on when ctrl-c has ended this program.
const WHILE_THERE_IS: &str = r#"
file=$1
trap 'rm -f "$file"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "${file%/*}" && printf '%s\n' "$2" >"$file" && chmod 755 "$file" && shift 2 && "$@"
exit $?
"#;
/// Debian packages: without them letters and emoji are boxes in every browser.
const FONTS: &[&str] = &["fonts-liberation", "fonts-noto-color-emoji"];

/// The wasm32 standard library, by rustup.
pub fn ensure_wasm_target() -> Result<()> {
    let sysroot = output_of(command("rustc").args(["--print", "sysroot"]))?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(WASM_TARGET).is_dir() {
        return Ok(());
    }
    say(format!("installing the Rust target {WASM_TARGET} with rustup"));
    run(command("rustup").args(["target", "add", WASM_TARGET]))
}

/// Node.js with npm, which cannot be installed in the same way everywhere.
pub fn ensure_node() -> Result<()> {
    let Ok(output) = command("node").arg("--version").stderr(Stdio::null()).output() else {
        bail!("Node.js is missing: install {NODE_VERSIONS}, with npm, and try again");
    };
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !is_new_enough(&version) {
        bail!("Node.js {version} will not do: {NODE_VERSIONS} is needed");
    }
    // Debian's package of Node.js comes without.
    if find_program("npm").is_none() {
        bail!("npm is missing: install it beside Node.js (Debian package `npm`), and try again");
    }
    Ok(())
}

/// Whether Vite takes it, which wants `^20.19.0 || >=22.12.0`.
fn is_new_enough(node_version: &str) -> bool {
    let mut numbers = node_version.trim_start_matches('v').split('.').map_while(|text| text.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(20), Some(minor)) => minor >= 19,
        (Some(22), Some(minor)) => minor >= 12,
        (Some(major), _) => major > 22_u32,
        (None, _) => false,
    }
}

/// A Chromium for the browser tests: `WINDLASS_CHROMIUM`, an installed one, or Debian's package.
pub fn ensure_chromium() -> Result<PathBuf> {
    ensure_browser(&Browser {
        name: "Chromium",
        variable: "WINDLASS_CHROMIUM",
        programs: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
        package: "chromium",
    })
}

/// A Firefox for the engine tests: `WINDLASS_FIREFOX`, an installed one, or Debian's ESR.
pub fn ensure_firefox() -> Result<PathBuf> {
    ensure_browser(&Browser {
        name: "Firefox",
        variable: "WINDLASS_FIREFOX",
        programs: &["firefox-esr", "firefox"],
        package: "firefox-esr",
    })
}

/// The driver of WebKitGTK for the engine tests: `WINDLASS_WEBKIT_DRIVER`, an installed one, or Debian's
/// package, which brings the browser that it drives. That one needs a screen: Xvfb.
pub fn ensure_webkit() -> Result<PathBuf> {
    if find_program("Xvfb").is_none() {
        say("installing a screen for WebKit (Debian package `xvfb`)");
        apt_install(&["xvfb"])?;
    }
    ensure_browser(&Browser {
        name: "WebKitGTK",
        variable: "WINDLASS_WEBKIT_DRIVER",
        programs: &["WebKitWebDriver"],
        package: "webkit2gtk-driver",
    })
}

/// How a browser is found, and what brings it.
struct Browser {
    name: &'static str,
    /// The environment variable that names one.
    variable: &'static str,
    /// What its program is called, the usual name first.
    programs: &'static [&'static str],
    /// Debian's.
    package: &'static str,
}

fn ensure_browser(browser: &Browser) -> Result<PathBuf> {
    let Browser { name, variable, programs, package } = browser;
    if let Some(path) = std::env::var_os(variable) {
        return Ok(PathBuf::from(path));
    }
    let find = || programs.iter().find_map(|program| find_program(program));
    if let Some(found) = find() {
        return Ok(found);
    }
    say(format!("installing {name} (Debian package `{package}`) for the browser tests"));
    apt_install(&[&[*package], FONTS].concat())?;
    match find() {
        Some(found) => Ok(found),
        None => bail!("no {name} after installing it: set {variable} to one"),
    }
}

/// The Garage S3 server, the real store of the tests: built once by cargo (about 10 minutes on two
/// cores) into the user's cache folder.
pub fn ensure_garage() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("WINDLASS_GARAGE") {
        // Tests run in folders of their own, and pass where the path leads to nothing: Garage is not installed then.
        let path = std::path::absolute(path)?;
        if !path.is_file() {
            bail!(
                "WINDLASS_GARAGE names {}, which is no file: name Garage's program, or unset it",
                path.display()
            );
        }
        return Ok(path);
    }
    let folder = workspace::cache_dir().join(format!("garage-{GARAGE_VERSION}"));
    let binary = folder.join("bin/garage");
    if binary.is_file() {
        return Ok(binary);
    }
    say(format!(
        "building the S3 server Garage {GARAGE_VERSION} for the tests into {} (once, about 10 minutes)",
        folder.display()
    ));
    run(cargo()
        .args(["install", "garage", "--version", GARAGE_VERSION, "--locked", "--no-default-features"])
        .args(["--features", "bundled-libs,lmdb,sqlite", "--root"])
        .arg(&folder)
        .env("CARGO_TARGET_DIR", workspace::target_dir().join("garage-build"))
        // It has little to do, and is built sooner so.
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env_remove("RUSTFLAGS"))?;
    // The build tree is large and not needed again.
    let _ = std::fs::remove_dir_all(workspace::target_dir().join("garage-build"));
    Ok(binary)
}

/// cargo-deny, which judges what is linked in: built once by cargo (about two minutes on two cores, without
/// optimisation, for it has little to do) into the user's cache folder.
pub fn ensure_cargo_deny() -> Result<PathBuf> {
    let folder = workspace::cache_dir().join(format!("cargo-deny-{CARGO_DENY_VERSION}"));
    let binary = folder.join("bin/cargo-deny");
    if binary.is_file() {
        return Ok(binary);
    }
    say(format!(
        "building cargo-deny {CARGO_DENY_VERSION} for the checks into {} (once, about 2 minutes)",
        folder.display()
    ));
    let built = workspace::target_dir().join("cargo-deny-build");
    run(cargo()
        .args(["install", "cargo-deny", "--version", CARGO_DENY_VERSION, "--locked", "--debug"])
        .args(["--no-default-features", "--root"])
        .arg(&folder)
        .env("CARGO_TARGET_DIR", &built)
        .env_remove("RUSTFLAGS"))?;
    // The build tree is large and not needed again.
    let _ = std::fs::remove_dir_all(built);
    Ok(binary)
}

/// schemathesis, which tries a service against its description, in a Python environment of its own.
pub fn ensure_schemathesis() -> Result<PathBuf> {
    let requirement = format!("schemathesis=={SCHEMATHESIS_VERSION}");
    let environment = ensure_python_environment(
        &format!("schemathesis-{SCHEMATHESIS_VERSION}"),
        &[&requirement, "--constraint", SCHEMATHESIS_CONSTRAINTS],
    )?;
    Ok(environment.join("bin/schemathesis"))
}

/// FastAPI and boto3, the peers of the service's bench: the environment's Python.
pub fn ensure_fastapi() -> Result<PathBuf> {
    let environment = ensure_python_environment("fastapi-bench", &["--requirement", FASTAPI_REQUIREMENTS])?;
    Ok(environment.join("bin/python"))
}

/// A Python environment with what pip is told to install from PyPI, made once under that name: a name
/// that does not say versions stays as it was made until its folder is removed.
fn ensure_python_environment(name: &str, install: &[&str]) -> Result<PathBuf> {
    let folder = workspace::target_dir().join(name);
    let done = folder.join(".installed");
    if done.is_file() {
        return Ok(folder);
    }
    let makes_environments = || {
        let check = command("python3").args(["-c", "import ensurepip, venv"]).stderr(Stdio::null()).status();
        check.is_ok_and(|status| status.success())
    };
    if !makes_environments() {
        say("installing Python (Debian packages `python3` and `python3-venv`)");
        apt_install(&["python3", "python3-venv"])?;
    }
    say(format!("installing {} from PyPI into {}", install.join(" "), folder.display()));
    run(command("python3").args(["-m", "venv"]).arg(&folder))?;
    run(command(folder.join("bin/pip"))
        .args(["install", "--quiet", "--disable-pip-version-check"])
        .args(install))?;
    std::fs::write(&done, "")?;
    Ok(folder)
}

/// The folder of PostgreSQL's programs, for the database tests: `WINDLASS_POSTGRES`, or the newest of Debian's,
/// which is installed where there is none. Elsewhere than on Debian the tests say that they were skipped.
pub fn ensure_postgres() -> Result<Option<PathBuf>> {
    if let Some(path) = std::env::var_os("WINDLASS_POSTGRES") {
        return Ok(Some(PathBuf::from(path)));
    }
    if debian_postgres().is_none() && find_program("apt-get").is_some() {
        say(
            "installing PostgreSQL (Debian package `postgresql`, no server is started) for the database tests",
        );
        install_postgres()?;
        if debian_postgres().is_none() {
            bail!("the Debian package `postgresql` is installed, and {DEBIAN_POSTGRES} has no initdb");
        }
    }
    Ok(debian_postgres())
}

/// Installs the programs only. Left to itself, the package makes a server of its own that listens on port 5432
/// from then on; while it is installed, its configuration says not to.
fn install_postgres() -> Result<()> {
    let note = format!("{CREATE_CLUSTER}/windlass-tests.conf");
    apt_install_while_there_is(&note, "create_main_cluster = false", &["postgresql"])
}

/// The program of a Redis server, for the tests of rate limits: `WINDLASS_REDIS`, or Debian's, which is installed
/// where there is none. Elsewhere than on Debian the tests say that they were skipped.
pub fn ensure_redis() -> Result<Option<PathBuf>> {
    if let Some(path) = std::env::var_os("WINDLASS_REDIS") {
        return Ok(Some(PathBuf::from(path)));
    }
    let find = || find_program("redis-server");
    if find().is_none() && find_program("apt-get").is_some() {
        say(
            "installing Redis (Debian package `redis-server`, no server is started) for the tests of rate limits",
        );
        install_redis()?;
        if find().is_none() {
            bail!("the Debian package `redis-server` is installed, and there is no redis-server on the PATH");
        }
    }
    Ok(find())
}

/// Left to itself, the package starts a server on port 6379; Debian asks this program whether it may.
fn install_redis() -> Result<()> {
    if Path::new(POLICY).exists() {
        return apt_install(&["redis-server"]);
    }
    apt_install_while_there_is(POLICY, "#!/bin/sh\nexit 101", &["redis-server"])
}

fn debian_postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir(DEBIAN_POSTGRES).ok()?;
    let programs = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    programs.filter(|programs| programs.join("initdb").is_file()).max()
}

fn apt_install(packages: &[&str]) -> Result<()> {
    update_and_install(as_root("env"), packages)
}

/// The same, while there is a file that says something to the packages.
fn apt_install_while_there_is(file: &str, text: &str, packages: &[&str]) -> Result<()> {
    let mut shell = as_root("sh");
    shell.args(["-c", WHILE_THERE_IS, "sh", file, text, "env"]);
    update_and_install(shell, packages)
}

/// `env` is that program, however it is started.
fn update_and_install(mut env: Command, packages: &[&str]) -> Result<()> {
    if find_program("apt-get").is_none() {
        bail!("cannot install {}: no apt-get here; install it by hand and try again", packages.join(", "));
    }
    // sudo hands on no environment, and without this a package may wait for an answer.
    let apt = ["DEBIAN_FRONTEND=noninteractive", "apt-get"];
    run(as_root("env").args(apt).args(["update", "--quiet"]))?;
    run(env.args(apt).args(["install", "--quiet", "--yes", "--no-install-recommends"]).args(packages))
}

fn as_root(program: &str) -> Command {
    if is_root() {
        return command(program);
    }
    let mut sudo = command("sudo");
    sudo.arg(program);
    sudo
}

fn is_root() -> bool {
    command("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_is_asked_for_as_vite_asks_for_it() {
        for (version, is_taken) in [
            ("v18.20.8", false),
            ("v20.18.3", false),
            ("v20.19.0", true),
            ("v21.7.3", false),
            ("v22.11.0", false),
            ("v22.12.0", true),
            ("v23.0.0", true),
            ("v26.1.0", true),
            ("", false),
        ] {
            assert_eq!(is_new_enough(version), is_taken, "{version}");
        }
        for example in ["dashboard-vite", "uppy"] {
            let lock = workspace::root().join("examples").join(example).join("package-lock.json");
            let lock: serde_json::Value = serde_json::from_slice(&std::fs::read(lock).unwrap()).unwrap();
            let wants = &lock["packages"]["node_modules/vite"]["engines"]["node"];
            assert_eq!(wants, "^20.19.0 || >=22.12.0", "{example}");
        }
    }

    #[test]
    fn a_file_for_packages_is_there_while_they_are_installed_and_gone_when_that_is_broken_off() {
        let folder = std::env::temp_dir().join(format!("windlass-policy-{}", std::process::id()));
        let file = folder.join("policy");
        for (installs, succeeds) in [
            (r#"test "$(cat "$0")" = "exit 101" && test -x "$0""#, true),
            ("exit 3", false),
            // While the shell waits for what it has started.
            ("kill -TERM $PPID", false),
        ] {
            let mut shell = Command::new("sh");
            shell.args(["-c", WHILE_THERE_IS, "sh"]).arg(&file).arg("exit 101");
            shell.args(["sh", "-c", installs]).arg(&file);
            assert_eq!(shell.status().unwrap().success(), succeeds, "{installs}");
            assert!(!file.exists(), "{installs}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
