//! The page of codes agrees with the codes.

use std::collections::BTreeSet;

use serde_json::json;
use utoipa::PartialSchema as _;

use super::*;

/// The cells of the rows of one table of `docs/errors.md`, without their backticks.
fn table(heading: &str) -> Vec<Vec<String>> {
    let page = include_str!("../../../../docs/errors.md");
    let (_, section) = page.split_once(heading).unwrap();
    let is_row = |line: &&str| line.starts_with('|');
    let lines: Vec<&str> = section.lines().skip_while(|line| !is_row(line)).take_while(is_row).collect();
    let [_names, _rule, rows @ ..] = lines.as_slice() else { panic!("no table below {heading}") };
    let cells = |row: &&str| row.split('|').map(|cell| cell.trim().replace('`', "")).collect();
    rows.iter().map(cells).collect()
}

#[test]
fn the_documentation_has_every_code_with_its_status_and_whether_to_try_again() {
    let mut shown = BTreeSet::new();
    for row in table("## Codes of the service") {
        let [_, name, status, again, cause, advice, _] = row.as_slice() else { panic!("{row:?}") };
        let code: ErrorCode = serde_json::from_value(json!(name)).unwrap();
        assert_eq!(*status, status_of(code).as_u16().to_string(), "{name}");
        assert_eq!(again, if code.is_retryable() { "yes" } else { "no" }, "{name}");
        assert!(!cause.is_empty() && !advice.is_empty(), "{name}");
        assert!(shown.insert(name.clone()), "{name} twice");
    }
    let schema = serde_json::to_value(ErrorCode::schema()).unwrap();
    let names = schema["enum"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
    assert_eq!(shown, names.collect());
}
