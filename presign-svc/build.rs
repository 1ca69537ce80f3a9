//! The demo page is assembled by `cargo xtask demo`; without it the folder is empty, but it must exist
//! for the build to look into.

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=migrations");
    // A release carries the site in itself; a debug build reads it from the folder.
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=demo-site");
    }
    std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/demo-site"))
}
