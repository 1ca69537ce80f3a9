//! The real photos and broken files beside the project, where they are.

use std::fs;
use std::path::{Path, PathBuf};

/// The files below a folder of `../shared`, or none (and a word about it) where it is not there.
pub fn files(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let root = workspace.join("../shared").join(folder);
    if !root.is_dir() {
        eprintln!("skipped: {folder} is not beside the project");
        return Vec::new();
    }
    let mut found = Vec::new();
    collect(&root, &mut found);
    found.sort();
    found.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// One file of `../shared/photos`.
pub fn photo(name: &str) -> Option<Vec<u8>> {
    files("photos").into_iter().find(|(path, _)| path.ends_with(name)).map(|(_, bytes)| bytes)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.push(path);
        }
    }
}
