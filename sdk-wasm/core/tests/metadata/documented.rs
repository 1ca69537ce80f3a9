//! The page about metadata names every field there is.

use std::path::Path;

use serde_json::Value;
use windlass_core::metadata::read_metadata;

use crate::exif_block::phone_photo;
use crate::files::jpeg_with;

/// The names of all fields of an object and of the objects in it.
fn names(value: &Value, found: &mut Vec<String>) {
    if let Value::Object(fields) = value {
        for (name, value) in fields {
            found.push(name.clone());
            names(value, found);
        }
    }
}

#[test]
fn every_field_a_phone_fills_is_on_the_page_about_metadata() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metadata.md");
    let page = std::fs::read_to_string(page).expect("the page is in the checkout");
    let metadata = read_metadata(&jpeg_with(&phone_photo().bytes())).expect("a JPEG");
    let mut fields = Vec::new();
    names(&serde_json::to_value(metadata).expect("metadata is JSON"), &mut fields);
    assert!(fields.iter().any(|name| name == "gps_time"), "the photo fills the objects within, too");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    for name in fields {
        let quoted = format!("`{name}`");
        assert!(rows.iter().any(|row| row.contains(&quoted)), "docs/metadata.md has no row for {quoted}");
    }
}
