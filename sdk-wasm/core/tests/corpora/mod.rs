//! Finds the shared corpora beside the checkout, where they are there.

use std::path::{Path, PathBuf};

/// The folder `shared/corpora` beside the workspace, or `None`, said aloud, where there is none.
pub fn corpora() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = workspace.join("../shared/corpora");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no shared/corpora beside the checkout");
    None
}

/// All files under a folder, in a stable order.
#[allow(dead_code, reason = "each test binary uses its part")]
pub fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
