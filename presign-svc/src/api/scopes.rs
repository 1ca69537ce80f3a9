//! What each route asks of a token: the one table. A route that is not in it is closed to everybody.
//! `docs/identity.md` shows the same table; a test keeps them the same.

use http::Method;

use crate::auth::Scope;

/// A route and the scopes one of which opens it; none: any token does.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The method.
    pub method: Method,
    /// The path below the API's prefix, as the router has it; `/s3/…` is Companion's contract, at the root.
    pub path: &'static str,
    /// One of these is needed.
    pub scopes: &'static [Scope],
}

const fn rule(method: Method, path: &'static str, scopes: &'static [Scope]) -> Rule {
    Rule { method, path, scopes }
}

/// Every route that asks who the caller is.
pub const ROUTES: &[Rule] = &[
    rule(Method::GET, "/me", &[]),
    rule(Method::POST, "/uploads", &[Scope::Upload]),
    rule(Method::POST, "/uploads/previews", &[Scope::Upload]),
    rule(Method::GET, "/uploads/{upload_id}", &[Scope::Upload, Scope::Read]),
    rule(Method::DELETE, "/uploads/{upload_id}", &[Scope::Upload]),
    rule(Method::GET, "/uploads/{upload_id}/parts", &[Scope::Upload]),
    rule(Method::POST, "/uploads/{upload_id}/parts", &[Scope::Upload]),
    rule(Method::POST, "/uploads/{upload_id}/pieces", &[Scope::Upload]),
    rule(Method::POST, "/uploads/{upload_id}/complete", &[Scope::Upload]),
    rule(Method::POST, "/photos/upload-url", &[Scope::Upload]),
    rule(Method::GET, "/photos", &[Scope::Read]),
    rule(Method::POST, "/photos/urls", &[Scope::Read]),
    rule(Method::GET, "/photos/{photo_id}", &[Scope::Read]),
    rule(Method::PATCH, "/photos/{photo_id}", &[Scope::Upload]),
    rule(Method::DELETE, "/photos/{photo_id}", &[Scope::Delete]),
    rule(Method::PATCH, "/photos/{photo_id}/status", &[Scope::Pipeline, Scope::Upload]),
    rule(Method::GET, "/events", &[Scope::Read]),
    rule(Method::POST, "/events/tickets", &[Scope::Read]),
    rule(Method::POST, "/projects/{project_id}/upload-links", &[Scope::Links]),
    rule(Method::GET, "/projects/{project_id}/upload-links", &[Scope::Links]),
    rule(Method::DELETE, "/projects/{project_id}/upload-links/{link_id}", &[Scope::Links]),
    rule(Method::GET, "/s3/params", &[Scope::Upload]),
    rule(Method::POST, "/s3/multipart", &[Scope::Upload]),
    rule(Method::GET, "/s3/multipart/{upload_id}", &[Scope::Upload]),
    rule(Method::DELETE, "/s3/multipart/{upload_id}", &[Scope::Upload]),
    rule(Method::GET, "/s3/multipart/{upload_id}/batch", &[Scope::Upload]),
    rule(Method::GET, "/s3/multipart/{upload_id}/{part_number}", &[Scope::Upload]),
    rule(Method::POST, "/s3/multipart/{upload_id}/complete", &[Scope::Upload]),
];

/// What a route asks for; `None` where it is not in the table.
pub fn of(method: &Method, path: &str) -> Option<&'static [Scope]> {
    // The router answers HEAD where it answers GET.
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    ROUTES.iter().find(|rule| rule.method == *method && rule.path == path).map(|rule| rule.scopes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_shows_the_same_table() {
        let page = include_str!("../../../docs/identity.md");
        let (_, table) = page.split_once("| route under `/api/v1` | one of |\n| --- | --- |\n").unwrap();
        let shown: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
        let row = |rule: &Rule| {
            let scopes: Vec<String> = rule.scopes.iter().map(|scope| format!("`{scope}`")).collect();
            let scopes = if scopes.is_empty() { "any token".to_owned() } else { scopes.join(", ") };
            format!("| `{} {}` | {scopes} |", rule.method, rule.path)
        };
        assert_eq!(shown, ROUTES.iter().map(row).collect::<Vec<_>>());
    }
}
