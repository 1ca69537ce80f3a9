//! Whether a token would be accepted, whom it would stand for, and which claim is in the way where it is not.

use std::io::Read as _;
use std::path::Path;

use super::Finding;
use crate::adapters::system::SystemClock;
use crate::auth::{Caller, ProjectAccess, Scope, TokenError};
use crate::config::ServeOptions;
use crate::domain::upload_link;
use crate::ports::clock::Clock as _;

const WHAT: &str = "token";
/// No token is longer than this.
const MAX_BYTES: u64 = 1 << 20;

/// Checks the token in a file, or on standard input where the file is `-`, as the service would.
pub async fn check(options: &ServeOptions, file: &Path) -> Finding {
    let text = match read(file) {
        Ok(text) => text,
        Err(error) => return Finding::bad(WHAT, format!("{} cannot be read: {error}.", file.display())),
    };
    let token = text.trim();
    if token.starts_with(upload_link::PREFIX) {
        return Finding::note(
            WHAT,
            "this is an upload link, which only a running service knows: ask its GET /api/v1/me with it.",
        );
    }
    if token.starts_with('{') {
        return Finding::bad(WHAT, "the file holds JSON; it must hold the token alone.");
    }
    let tokens = match options.auth.tokens(&options.data) {
        Ok(tokens) => tokens,
        Err(error) => return Finding::bad(WHAT, format!("{error}.")),
    };
    match tokens.identify(token, SystemClock.now()).await {
        Ok(caller) if caller.scopes.is_empty() => Finding::bad(WHAT, allows_nothing(options)),
        Ok(caller) => Finding::good(WHAT, format!("it is valid, and stands for {}.", in_words(&caller))),
        Err(error @ TokenError::Unverifiable(_)) => {
            Finding::bad(WHAT, format!("{error}. Check WINDLASS_JWT_JWKS_URL."))
        }
        Err(TokenError::Claim { says, looked_for }) => {
            Finding::bad(WHAT, format!("it is refused, for {says}: {looked_for}."))
        }
        Err(error) => Finding::bad(WHAT, format!("{error}.")),
    }
}

fn read(file: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().take(MAX_BYTES).read_to_string(&mut text)?;
    } else {
        std::fs::File::open(file)?.take(MAX_BYTES).read_to_string(&mut text)?;
    }
    Ok(text)
}

fn allows_nothing(options: &ServeOptions) -> String {
    let claim = &options.auth.claims.jwt_scope_claim;
    let scopes = Scope::ALL.map(Scope::as_str).join(", ");
    if options.auth.claims.jwt_scope_names.is_empty() {
        format!(
            "it is valid but allows nothing: its claim {claim} (WINDLASS_JWT_SCOPE_CLAIM) names none of {scopes}. \
             Give your provider's own names with WINDLASS_JWT_SCOPE_NAMES."
        )
    } else {
        format!(
            "it is valid but allows nothing: its claim {claim} (WINDLASS_JWT_SCOPE_CLAIM) has none of the names in \
             WINDLASS_JWT_SCOPE_NAMES."
        )
    }
}

fn in_words(caller: &Caller) -> String {
    let projects = match &caller.projects {
        ProjectAccess::All => "all projects".to_owned(),
        ProjectAccess::Only(projects) if projects.is_empty() => "no project".to_owned(),
        ProjectAccess::Only(projects) => {
            let names: Vec<&str> = projects.iter().map(|project| project.as_str()).collect();
            format!("the projects {}", names.join(", "))
        }
    };
    let scopes: Vec<&str> = caller.scopes.iter().map(|scope| scope.as_str()).collect();
    format!("{:?} of {}, {projects}, scopes {}", caller.subject, caller.tenant, scopes.join(" "))
}
