//! The SDK's WebAssembly modules and their JavaScript bindings.
//!
//! The bindings are made by the wasm-bindgen-cli-support library at the version `Cargo.lock` has, so
//! that no tool has to be installed at a matching version.

use std::fs;

use anyhow::{Context as _, Result, anyhow};
use wasm_bindgen_cli_support::Bindgen;

use crate::process::{cargo, run, say};
use crate::{tools, workspace};

const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "wasm-release";

/// One module: a feature of the crate `windlass-sdk`, and what the processor must have.
struct Module {
    feature: &'static str,
    rustflags: &'static str,
}

const MODULES: [Module; 2] = [
    // Every browser since 2023 has simd128; without it photos go up unresized.
    Module { feature: "photo", rustflags: "-C target-feature=+simd128" },
    Module { feature: "upload", rustflags: "" },
];

/// Builds the modules into `npm/src/wasm/generated/`.
pub fn build() -> Result<()> {
    tools::ensure_wasm_target()?;
    let out_dir = workspace::root().join("npm/src/wasm/generated");
    fs::create_dir_all(&out_dir).with_context(|| format!("could not create {}", out_dir.display()))?;
    for module in &MODULES {
        say(format!("building the wasm module `{}`", module.feature));
        // A target folder of its own: other RUSTFLAGS must not throw away the native build.
        let target_dir = workspace::target_dir().join("wasm").join(module.feature);
        run(cargo()
            .args(["build", "--quiet", "--locked", "--package", "windlass-sdk", "--lib"])
            .args(["--target", TARGET, "--profile", PROFILE, "--no-default-features"])
            .args(["--features", module.feature, "--target-dir"])
            .arg(&target_dir)
            .env("RUSTFLAGS", module.rustflags))?;
        Bindgen::new()
            .input_path(target_dir.join(TARGET).join(PROFILE).join("windlass_sdk.wasm"))
            .out_name(&format!("windlass_{}", module.feature))
            .web(true)
            .and_then(|bindgen| {
                bindgen
                    .typescript(true)
                    .remove_name_section(true)
                    .remove_producers_section(true)
                    .generate(&out_dir)
            })
            .map_err(|error| anyhow!("wasm-bindgen failed on `{}`: {error:#}", module.feature))?;
    }
    Ok(())
}
