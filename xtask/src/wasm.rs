//! The SDK's WebAssembly modules and their JavaScript bindings.
//!
//! The bindings are made by the wasm-bindgen-cli-support library at the version `Cargo.lock` has, so
//! that no tool has to be installed at a matching version.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context as _, Result, anyhow, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::process::{cargo, command, output_of, run, say};
use crate::{tools, workspace};

const TARGET: &str = "wasm32-unknown-unknown";

/// One module: a feature of the crate `windlass-sdk`, how it is optimised, and what the engine must have.
struct Module {
    name: &'static str,
    feature: &'static str,
    profile: &'static str,
    rustflags: &'static str,
}

/// Cargo profiles: for speed, and for size but for what goes over every pixel or byte.
const FAST: &str = "wasm-release";
const SMALL: &str = "wasm-small";

/// Every browser since 2023 has this; the page chooses the `baseline` build where it is missing.
const SIMD: &str = "-C target-feature=+simd128";

const MODULES: [Module; 9] = [
    Module { name: "photo", feature: "photo", profile: SMALL, rustflags: SIMD },
    Module { name: "photo_baseline", feature: "photo", profile: SMALL, rustflags: "" },
    Module { name: "pixels", feature: "pixels", profile: FAST, rustflags: SIMD },
    Module { name: "pixels_baseline", feature: "pixels", profile: FAST, rustflags: "" },
    Module { name: "codecs", feature: "codecs", profile: FAST, rustflags: SIMD },
    Module { name: "codecs_baseline", feature: "codecs", profile: FAST, rustflags: "" },
    Module { name: "heic", feature: "heic", profile: FAST, rustflags: SIMD },
    Module { name: "heic_baseline", feature: "heic", profile: FAST, rustflags: "" },
    Module { name: "upload", feature: "upload", profile: SMALL, rustflags: "" },
];

/// So many are compiled at once, where there are cores enough: the last step of each, which takes longest, keeps one
/// core busy.
const AT_ONCE: usize = 4;

/// Builds the modules into `npm/src/wasm/generated/`.
pub fn build() -> Result<()> {
    tools::ensure_wasm_target()?;
    let out_dir = workspace::root().join("npm/src/wasm/generated");
    fs::create_dir_all(&out_dir).with_context(|| format!("could not create {}", out_dir.display()))?;
    compile_all()?;
    for module in &MODULES {
        if module.name == module.feature {
            bind(module, &compiled(module, &target_dir(module)), &out_dir)?;
        } else {
            let bindings = target_dir(module).join("bindings");
            bind(module, &compiled(module, &target_dir(module)), &bindings)?;
            adopt(module, &bindings, &out_dir)?;
        }
    }
    Ok(())
}

fn compile_all() -> Result<()> {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(module) = MODULES.get(next.fetch_add(1, Ordering::Relaxed)) {
            say(format!("building the wasm module `{}`", module.name));
            compile(module, workspace::root(), &target_dir(module))?;
        }
        Ok(())
    };
    let at_once = thread::available_parallelism().map_or(1, NonZero::get).min(AT_ONCE);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("a build panicked")))
    })
}

/// A module's own target folder: neither other RUSTFLAGS nor other features must throw away a build.
fn target_dir(module: &Module) -> PathBuf {
    workspace::target_dir().join("wasm").join(module.name)
}

/// Where a module is once it is compiled into a target folder.
fn compiled(module: &Module, target_dir: &Path) -> PathBuf {
    target_dir.join(TARGET).join(module.profile).join("windlass_sdk.wasm")
}

/// Compiles the sources in a folder.
fn compile(module: &Module, sources: &Path, target_dir: &Path) -> Result<()> {
    run(cargo()
        .current_dir(sources)
        .args(["build", "--quiet", "--locked", "--package", "windlass-sdk", "--lib"])
        .args(["--target", TARGET, "--profile", module.profile, "--no-default-features"])
        .args(["--features", module.feature, "--target-dir"])
        .arg(target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", rustflags(module, sources)?))
}

/// A module's flags, as cargo takes them where there may be spaces in them. What panics says where it was written:
/// the folders of whoever builds are left out of it, so that the same sources give the same bytes anywhere.
fn rustflags(module: &Module, sources: &Path) -> Result<String> {
    let mut folders =
        vec![(sources.to_owned(), "windlass"), (sysroot()?.join("lib/rustlib/src/rust"), "rust")];
    // One for each registry, named after its address.
    if let Ok(registries) = fs::read_dir(cargo_home()?.join("registry/src")) {
        for registry in registries {
            folders.push((registry?.path(), "crates"));
        }
    }
    let remapped =
        folders.iter().map(|(folder, name)| format!("--remap-path-prefix={}=/{name}", folder.display()));
    Ok(module
        .rustflags
        .split_whitespace()
        .map(str::to_owned)
        .chain(remapped)
        .collect::<Vec<_>>()
        .join("\u{1f}"))
}

/// Where the toolchain is.
fn sysroot() -> Result<PathBuf> {
    let printed = output_of(command("rustc").args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(printed.trim()))
}

/// Where cargo keeps what it downloads.
fn cargo_home() -> Result<PathBuf> {
    let home = std::env::home_dir().context("there is no home folder")?;
    Ok(std::env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from))
}

/// Whether the modules would be the same wherever they are built: one is built once more, from a copy of the sources
/// in another folder, and compared byte for byte; none may name a folder of this machine.
pub fn check_reproducible() -> Result<()> {
    let module = MODULES.iter().find(|module| module.name == "photo").context("there is no such module")?;
    say(format!("building `{}` again, in another folder", module.name));
    let elsewhere = workspace::target_dir().join("elsewhere");
    let (sources, bindings) = (elsewhere.join("sources"), elsewhere.join("bindings"));
    if sources.is_dir() {
        fs::remove_dir_all(&sources).with_context(|| format!("could not empty {}", sources.display()))?;
    }
    // Without `-z` git quotes a name that is not ASCII, and no file is called that.
    let listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = output_of(command("git").args(listing))?;
    for name in listed.split_terminator('\0') {
        let (from, to) = (workspace::root().join(name), sources.join(name));
        if !from.is_file() {
            continue;
        }
        let Some(parent) = to.parent() else { continue };
        fs::create_dir_all(parent).with_context(|| format!("could not create {}", parent.display()))?;
        fs::copy(&from, &to).with_context(|| format!("could not copy {}", from.display()))?;
    }
    let target_dir = elsewhere.join("target");
    compile(module, &sources, &target_dir)?;
    bind(module, &compiled(module, &target_dir), &bindings)?;
    let file = format!("windlass_{}_bg.wasm", module.feature);
    let generated = workspace::root().join("npm/src/wasm/generated");
    if read(&bindings.join(&file))? != read(&generated.join(&file))? {
        bail!("{file} is not the same when it is built in {}", sources.display());
    }
    let folders = [workspace::root().to_owned(), cargo_home()?, sysroot()?];
    for module in &MODULES {
        let file = generated.join(format!("windlass_{}_bg.wasm", module.name));
        let bytes = read(&file)?;
        for folder in folders.iter().map(|folder| folder.display().to_string()) {
            if bytes.windows(folder.len()).any(|window| window == folder.as_bytes()) {
                bail!("{} names {folder}", file.display());
            }
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("could not read {}", file.display()))
}

/// Writes the module and its bindings, named by its feature: a module names the bindings it imports from, so both
/// builds of one must be bound under one name to share them.
fn bind(module: &Module, input: &Path, out_dir: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(input)
        .out_name(&format!("windlass_{}", module.feature))
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .typescript(true)
                .remove_name_section(true)
                .remove_producers_section(true)
                .generate(out_dir)
        })
        .map_err(|error| anyhow!("wasm-bindgen failed on `{}`: {error:#}", module.name))
}

/// Puts a second build of a module beside the first, whose bindings it is used with: they must not differ.
fn adopt(module: &Module, bindings: &Path, out_dir: &Path) -> Result<()> {
    let Module { name, feature, .. } = module;
    let script = format!("windlass_{feature}.js");
    let read = |folder: &Path| {
        let path = folder.join(&script);
        fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))
    };
    if read(bindings)? != read(out_dir)? {
        bail!("the bindings of `{name}` and `{feature}` differ: the package has only those of the latter");
    }
    let target = out_dir.join(format!("windlass_{name}_bg.wasm"));
    fs::copy(bindings.join(format!("windlass_{feature}_bg.wasm")), &target)
        .with_context(|| format!("could not write {}", target.display()))?;
    Ok(())
}
