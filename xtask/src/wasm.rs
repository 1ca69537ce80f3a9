//! The SDK's WebAssembly modules and their JavaScript bindings.
//!
//! The bindings are made by the wasm-bindgen-cli-support library at the version `Cargo.lock` has, so
//! that no tool has to be installed at a matching version.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::process::{cargo, run, say};
use crate::{tools, workspace};

const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "wasm-release";

/// One module: a feature of the crate `windlass-sdk`, and what the engine must have.
struct Module {
    name: &'static str,
    feature: &'static str,
    rustflags: &'static str,
    /// Settings of the profile, as `cargo --config` takes them.
    profile: &'static [&'static str],
}

/// Every browser since 2023 has this; the page chooses the `baseline` build where it is missing.
const SIMD: &str = "-C target-feature=+simd128";

/// Every page waits for the photo module, and its time goes into our own kernels: what is around them is made
/// small.
const SMALL: &[&str] =
    &["profile.wasm-release.opt-level=\"s\"", "profile.wasm-release.package.windlass-core.opt-level=3"];

const MODULES: [Module; 7] = [
    Module { name: "photo", feature: "photo", rustflags: SIMD, profile: SMALL },
    Module { name: "photo_baseline", feature: "photo", rustflags: "", profile: SMALL },
    Module { name: "codecs", feature: "codecs", rustflags: SIMD, profile: &[] },
    Module { name: "codecs_baseline", feature: "codecs", rustflags: "", profile: &[] },
    Module { name: "heic", feature: "heic", rustflags: SIMD, profile: &[] },
    Module { name: "heic_baseline", feature: "heic", rustflags: "", profile: &[] },
    Module { name: "upload", feature: "upload", rustflags: "", profile: &[] },
];

/// Builds the modules into `npm/src/wasm/generated/`.
pub fn build() -> Result<()> {
    tools::ensure_wasm_target()?;
    let out_dir = workspace::root().join("npm/src/wasm/generated");
    fs::create_dir_all(&out_dir).with_context(|| format!("could not create {}", out_dir.display()))?;
    for module in &MODULES {
        build_module(module, &out_dir)?;
    }
    for feature in ["photo", "codecs", "heic"] {
        assert_same_bindings(feature, &out_dir)?;
    }
    Ok(())
}

fn build_module(module: &Module, out_dir: &Path) -> Result<()> {
    say(format!("building the wasm module `{}`", module.name));
    // A target folder of its own: neither other RUSTFLAGS nor other features must throw away a build.
    let target_dir = workspace::target_dir().join("wasm").join(module.name);
    run(cargo()
        .args(["build", "--quiet", "--locked", "--package", "windlass-sdk", "--lib"])
        .args(["--target", TARGET, "--profile", PROFILE, "--no-default-features"])
        .args(["--features", module.feature, "--target-dir"])
        .arg(&target_dir)
        .args(module.profile.iter().flat_map(|setting| ["--config", setting]))
        .env("RUSTFLAGS", module.rustflags))?;
    Bindgen::new()
        .input_path(target_dir.join(TARGET).join(PROFILE).join("windlass_sdk.wasm"))
        .out_name(&format!("windlass_{}", module.name))
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

/// The package bundles one set of bindings for both builds of a module: they must not differ but in the name of
/// their file.
fn assert_same_bindings(feature: &str, out_dir: &Path) -> Result<()> {
    let read = |name: &str| {
        let path = out_dir.join(format!("windlass_{name}.js"));
        fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))
    };
    let baseline = format!("{feature}_baseline");
    if read(&baseline)?.replace(&baseline, feature) != read(feature)? {
        bail!(
            "the bindings of `{baseline}` and `{feature}` differ: the package has only those of the latter"
        );
    }
    Ok(())
}
