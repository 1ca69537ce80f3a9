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

/// Builds the modules into `npm/src/wasm/generated/`.
pub fn build() -> Result<()> {
    tools::ensure_wasm_target()?;
    let out_dir = workspace::root().join("npm/src/wasm/generated");
    fs::create_dir_all(&out_dir).with_context(|| format!("could not create {}", out_dir.display()))?;
    for module in &MODULES {
        build_module(module, &out_dir)?;
    }
    Ok(())
}

fn build_module(module: &Module, out_dir: &Path) -> Result<()> {
    say(format!("building the wasm module `{}`", module.name));
    // A target folder of its own: neither other RUSTFLAGS nor other features must throw away a build.
    let target_dir = workspace::target_dir().join("wasm").join(module.name);
    run(cargo()
        .args(["build", "--quiet", "--locked", "--package", "windlass-sdk", "--lib"])
        .args(["--target", TARGET, "--profile", module.profile, "--no-default-features"])
        .args(["--features", module.feature, "--target-dir"])
        .arg(&target_dir)
        .env("RUSTFLAGS", module.rustflags))?;
    let input = target_dir.join(TARGET).join(module.profile).join("windlass_sdk.wasm");
    if module.name == module.feature {
        return bind(module, &input, out_dir);
    }
    let bindings = target_dir.join("bindings");
    bind(module, &input, &bindings)?;
    adopt(module, &bindings, out_dir)
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
