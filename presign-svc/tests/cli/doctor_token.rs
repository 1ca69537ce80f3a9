//! `windlass doctor --token`: whether the service would accept a token, and what stands in its way.

use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use super::{run, token, windlass};

/// The doctor's findings about a token in a file, with further options.
fn doctor(data: &Path, token: &str, arguments: &[&str]) -> (Output, String) {
    let file = data.join("token");
    std::fs::write(&file, format!("{token}\n")).unwrap();
    run(windlass(data).arg("doctor").arg("--token").arg(file).args(arguments))
}

#[test]
fn the_doctor_says_whom_a_token_stands_for() {
    let folder = TempDir::new().unwrap();
    let arguments = ["--project", "job-7", "--scope", "read upload", "--subject", "ann"];
    let (output, text) = doctor(folder.path(), &token(folder.path(), &arguments), &[]);
    assert!(output.status.success(), "{text}");
    let expected =
        "ok    token: it is valid, and stands for \"ann\" of acme, the projects job-7, scopes upload read.";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn the_doctor_says_which_claim_and_which_setting_are_in_the_way() {
    let folder = TempDir::new().unwrap();
    let good = token(folder.path(), &["--project", "job-7"]);
    for (token, arguments, complaint) in [
        (good.as_str(), &["--jwt-issuer", "https://id.example.com/"][..], "WINDLASS_JWT_ISSUER"),
        (&good, &["--jwt-audience", "photos"], "expected is one of [\"photos\"]"),
        (&good, &["--jwt-tenant-claim", "org"], "no claim \"org\" (WINDLASS_JWT_TENANT_CLAIM) among"),
        (&good, &["--jwt-scope-names", "crew=upload+read"], "none of the names in WINDLASS_JWT_SCOPE_NAMES"),
        (&good, &["--jwt-scope-claim", "sub"], "names none of upload, read, delete, pipeline, links"),
        (&good, &["--jwt-hs256-secret", "0123456789abcdef0123456789abcdef"], "its signature is wrong"),
        ("{\"token\": \"x\"}", &[], "must hold the token alone"),
        ("not a token", &[], "it cannot be read"),
        ("wlk_x.job-7", &[], "an upload link"),
    ] {
        let (output, text) = doctor(folder.path(), token, arguments);
        assert!(text.contains(complaint), "{arguments:?}: {text}");
        assert!(!text.contains(&good), "{text}");
        assert_eq!(output.status.success(), token.starts_with("wlk_"), "{arguments:?}: {text}");
    }
    let (_, text) = run(windlass(folder.path()).args(["doctor", "--token", "there-is-none"]));
    assert!(text.contains("FIX   token: there-is-none cannot be read"), "{text}");
}
