//! Which licences the crates that are linked in may have: permissive ones only.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::process::{cargo, output_of};

const ALLOWED: [&str; 15] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unicode-3.0",
    "IJG",
    "CC0-1.0",
    "BSL-1.0",
    "Unlicense",
];

/// Fails when a dependency, on any target, cannot be used under a licence of the list.
pub fn check() -> Result<()> {
    let text = output_of(cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&text).context("`cargo metadata` did not print JSON")?;
    let packages = metadata["packages"].as_array().context("`cargo metadata` listed no packages")?;
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !package["license"].as_str().is_some_and(is_allowed))
        .map(|package| format!("{} {} ({})", package["name"], package["version"], package["license"]))
        .collect();
    if !refused.is_empty() {
        bail!("licences that are not on the list in xtask/src/licences.rs: {}", refused.join(", "));
    }
    Ok(())
}

/// Whether an SPDX expression can be satisfied by allowed licences alone.
fn is_allowed(expression: &str) -> bool {
    // The old form `MIT/Apache-2.0` means OR.
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    let words = expression.split(" AND ").map(str::trim);
    // `A OR B AND C` without brackets reads as OR inside AND here, which is the stricter reading.
    words.into_iter().all(|choice| choice.split(" OR ").any(|licence| ALLOWED.contains(&licence.trim())))
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn a_copyleft_licence_is_refused_unless_there_is_a_choice() {
        assert!(is_allowed("MIT OR Apache-2.0"));
        assert!(is_allowed("(MIT OR Apache-2.0) AND IJG"));
        assert!(is_allowed("MIT/Apache-2.0"));
        assert!(is_allowed("Apache-2.0 WITH LLVM-exception"));
        assert!(is_allowed("LGPL-2.1 OR MIT"));
        assert!(!is_allowed("AGPL-3.0-only"));
        assert!(!is_allowed("MIT AND LGPL-3.0"));
        assert!(!is_allowed(""));
    }
}
