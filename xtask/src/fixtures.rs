//! Photos for the browser tests, made by our own code (`sdk-wasm/core/examples/make_photo.rs`).

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::process::{cargo, run, say};
use crate::workspace;

/// Name and what the camera is made to say; place and time are the same on all.
const PHOTOS: [(&str, &[&str]); 12] = [
    ("photo_12mp_o6.jpg", &["--width", "4048", "--height", "3036", "--orientation", "6"]),
    ("photo_48mp_o1.jpg", &["--width", "8064", "--height", "6048", "--orientation", "1"]),
    ("photo_2mp_o1.jpg", &["--width", "1632", "--height", "1224", "--orientation", "1"]),
    ("photo_3mp_o6.heic", &["--width", "2016", "--height", "1512", "--orientation", "6"]),
    ("display_p3.jpg", &["--width", "320", "--height", "240", "--profile", "display-p3", "--grain", "0"]),
    // `{}` is each of the eight orientations.
    ("baseline_o{}.jpg", SMALL),
    ("progressive_o{}.jpg", &["--width", "320", "--height", "240", "--coding", "progressive"]),
    ("turned_o{}.png", SMALL),
    ("turned_o{}.webp", SMALL),
    ("turned_o{}.tiff", SMALL),
    ("turned_o{}.heic", SMALL),
    ("turned_o{}.avif", &[]),
];
const SMALL: &[&str] = &["--width", "320", "--height", "240"];
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
        if folder.join(name.replace("{}", "8")).is_file() {
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
