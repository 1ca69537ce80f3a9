//! Photos for the browser tests, made by our own code (`sdk-wasm/core/examples/make_photo.rs`).

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::process::{cargo, run, say};
use crate::workspace;

/// Name and what the camera is made to say; place and time are the same on all.
const PHOTOS: [(&str, &[&str]); 3] = [
    ("photo_12mp_o6.jpg", &["--width", "4048", "--height", "3036", "--orientation", "6"]),
    ("photo_48mp_o1.jpg", &["--width", "8064", "--height", "6048", "--orientation", "1"]),
    ("photo_2mp_o1.jpg", &["--width", "1632", "--height", "1224", "--orientation", "1"]),
];
const CAMERA: [&str; 14] = [
    "--make",
    "Windlass",
    "--model",
    "Test Camera",
    "--taken",
    "2026-05-17T09:12:58.120",
    "--offset",
    "+02:00",
    "--lat",
    "47.4979",
    "--lon",
    "19.0402",
    "--alt",
    "102.5",
];

/// Makes the photos that are not there yet and returns their folder.
pub fn make() -> Result<PathBuf> {
    let folder = workspace::target_dir().join("fixtures");
    fs::create_dir_all(&folder).with_context(|| format!("could not create {}", folder.display()))?;
    for (name, picture) in PHOTOS {
        let path = folder.join(name);
        if path.is_file() {
            continue;
        }
        say(format!("making the test photo {name}"));
        run(cargo()
            .args([
                "run",
                "--quiet",
                "--locked",
                "--package",
                "windlass-core",
                "--example",
                "make_photo",
                "--",
            ])
            .args(picture)
            .args(CAMERA)
            .arg(&path))?;
    }
    Ok(folder)
}
