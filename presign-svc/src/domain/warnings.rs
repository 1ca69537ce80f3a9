//! What Windlass says of a file that was odd. A client says by a code what it saw, and the sentence is written here:
//! else whoever sends a photo, a customer with an upload link as well, could put words of his own before the office.

use windlass_core::metadata::warning_message;
use windlass_protocol::metadata::MetadataWarning;

/// Those of the warnings whose code is known, each with the sentence of its code.
pub fn in_our_words(warnings: &[MetadataWarning]) -> Vec<MetadataWarning> {
    let ours = |warning: &MetadataWarning| {
        let message = message_of(&warning.code)?.to_owned();
        Some(MetadataWarning { code: warning.code.clone(), message })
    };
    warnings.iter().filter_map(ours).collect()
}

/// The codes of `docs/metadata.md` and `docs/errors.md`, and those of faults that ended the making of smaller pictures.
fn message_of(code: &str) -> Option<&'static str> {
    match code {
        "incomplete" | "truncated" => Some("The file is incomplete: part of the picture is missing."),
        "corrupt" => Some("The file is damaged."),
        "unsupported_format"
        | "too_large"
        | "over_memory_budget"
        | "out_of_memory"
        | "resize_failed"
        | "worker_crashed"
        | "wasm_unavailable"
        | "wasm_trap"
        | "unsupported_browser"
        | "unknown" => Some("No preview could be made on the device that sent it."),
        "colors_not_converted" => {
            Some("The colours could not be converted to sRGB: smaller pictures may look different.")
        }
        "exif_not_carried" => {
            Some("The EXIF data could not be rewritten: smaller pictures have none, the original does.")
        }
        "webp_not_encoded" => Some("The browser that sent it makes no WebP: the smaller pictures are JPEG."),
        code => warning_message(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(code: &str, message: &str) -> MetadataWarning {
        MetadataWarning { code: code.to_owned(), message: message.to_owned() }
    }

    #[test]
    fn a_senders_sentence_is_replaced_and_an_unknown_code_is_left_out() {
        let told = ["incomplete", "gps_invalid", "call_us", ""].map(|code| warning(code, "Pay here."));
        let ours = in_our_words(&told);
        let codes: Vec<_> = ours.iter().map(|warning| warning.code.as_str()).collect();
        assert_eq!(codes, ["incomplete", "gps_invalid"]);
        assert_eq!(ours[0].message, "The file is incomplete: part of the picture is missing.");
        let invalid = "Some GPS values are not numbers, or do not say N or S, E or W, and were left out.";
        assert_eq!(ours[1].message, invalid);
        assert_eq!(in_our_words(&ours), ours, "what is ours stays");
    }

    #[test]
    fn every_code_on_the_pages_about_warnings_is_known() {
        let metadata = include_str!("../../../docs/metadata.md");
        let errors = include_str!("../../../docs/errors.md");
        let about_pictures = errors.split("`upload.warnings` says").nth(1).unwrap();
        let about_files = metadata.split("## Warnings").nth(1).unwrap();
        let mut seen = 0;
        for line in about_pictures.lines().chain(about_files.lines()) {
            let row = line.strip_prefix("| `").and_then(|row| row.split_once(" |"));
            let Some((codes, _)) = row else { continue };
            for code in codes.split(", ").map(|code| code.trim_matches('`')) {
                seen += 1;
                assert!(message_of(code).is_some(), "{code}");
            }
        }
        assert!(seen > 20, "both have a table of them: {seen}");
    }
}
