//! `windlass token`: mints a token with the key the service checks tokens with, for development and
//! scripts. Only the token goes to standard output.

use std::io::Write as _;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use windlass_protocol::{ProjectId, TenantId};

use crate::adapters::system::SystemClock;
use crate::auth::{Caller, ProjectAccess, Scope, TokenGrant};
use crate::config::{AuthOptions, DataDir};
use crate::ports::clock::Clock as _;

/// What `token` can be told.
#[derive(Debug, Clone, Args)]
pub struct TokenOptions {
    /// The company.
    #[arg(long)]
    tenant: TenantId,
    /// A project the token is for; may be repeated. `*` is all of the tenant's.
    #[arg(long = "project", required = true)]
    projects: Vec<ProjectChoice>,
    /// What it allows; may be repeated or separated by spaces or commas.
    #[arg(long = "scope", value_delimiter = ',', default_values = ["upload", "read", "delete"])]
    scopes: Vec<ScopeList>,
    /// The person or device.
    #[arg(long, default_value = "developer")]
    subject: String,
    /// How long it works: 90s, 15m, 12h, 7d.
    #[arg(long, default_value = "12h")]
    expires_in: Lifetime,
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    auth: AuthOptions,
}

#[derive(Debug, Clone)]
enum ProjectChoice {
    All,
    One(ProjectId),
}

#[derive(Debug, Clone)]
struct ScopeList(Vec<Scope>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lifetime(Duration);

/// Mints a token.
pub async fn run(options: &TokenOptions) -> Result<()> {
    options.data.prepare()?;
    let tokens = options.auth.tokens(&options.data)?;
    let grant = TokenGrant { caller: options.caller(), lifetime: options.expires_in.0 };
    let now = SystemClock.now();
    let token = tokens.mint(&grant, now)?;
    // What the service would refuse is better refused here.
    tokens.identify(&token, now).await?;
    writeln!(std::io::stdout(), "{token}")?;
    Ok(())
}

impl TokenOptions {
    fn caller(&self) -> Caller {
        let one = |choice: &ProjectChoice| match choice {
            ProjectChoice::One(project) => Some(project.clone()),
            ProjectChoice::All => None,
        };
        let projects: Option<Vec<ProjectId>> = self.projects.iter().map(one).collect();
        Caller {
            tenant: self.tenant.clone(),
            subject: self.subject.clone(),
            projects: projects.map_or(ProjectAccess::All, ProjectAccess::only),
            scopes: self.scopes.iter().flat_map(|list| list.0.iter().copied()).collect(),
            link: None,
        }
    }
}

impl FromStr for ProjectChoice {
    type Err = windlass_protocol::InvalidId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" { Ok(Self::All) } else { text.parse().map(Self::One) }
    }
}

impl FromStr for ScopeList {
    type Err = crate::auth::UnknownScope;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_whitespace().map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Lifetime {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("{text:?} is not a time such as 90s, 15m, 12h or 7d");
        let digits_end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, unit) = text.split_at(digits_end);
        let unit_s = match unit {
            "" | "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return Err(invalid()),
        };
        let number: u32 = digits.parse().map_err(|_| invalid())?;
        Ok(Self(Duration::from_secs(u64::from(number) * unit_s)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_read_with_their_units() {
        assert_eq!("12h".parse(), Ok(Lifetime(Duration::from_secs(43_200))));
        assert_eq!("90".parse(), Ok(Lifetime(Duration::from_secs(90))));
        for bad in ["", "h", "1w", "-1h", "1.5h"] {
            assert!(bad.parse::<Lifetime>().is_err(), "{bad}");
        }
    }
}
