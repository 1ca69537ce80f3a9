//! `cargo xtask build`: what is published.

use anyhow::Result;

use crate::process::{self, command, say};
use crate::{demo, workspace};

pub fn pack() -> Result<()> {
    process::run(command("npm").args(["pack", "--loglevel=error"]).current_dir(workspace::root().join("npm")))
}

pub fn run() -> Result<()> {
    // The site first: the release binary carries it.
    demo::build_site()?;
    pack()?;
    demo::build_service("release")?;
    say(format!(
        "npm package: npm/dist and the tarball beside it; service: {}",
        demo::service_binary("release").display()
    ));
    Ok(())
}
