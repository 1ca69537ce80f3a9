//! Where the service listens and which pages may call it.

use std::net::{IpAddr, SocketAddr};

use clap::{ArgAction, Args};
use windlass_embedded_store::Origin;

use crate::api::cors::AllowedOrigins;

/// The HTTP listener.
#[derive(Debug, Clone, Args)]
pub struct HttpOptions {
    /// The address to listen on; 0.0.0.0 is every network this machine is in.
    #[arg(long, env = "WINDLASS_HOST", default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// The port of the API; 0 takes any free one.
    #[arg(long, env = "WINDLASS_PORT", default_value_t = 8080)]
    pub port: u16,
    /// Origins of pages that may call the API, such as https://app.example.com, separated by commas.
    /// Without any, pages of this machine may (http://localhost and http://127.0.0.1, any port).
    #[arg(long, env = "WINDLASS_ALLOWED_ORIGINS", value_delimiter = ',')]
    pub allowed_origins: Vec<Origin>,
    /// Where Prometheus may ask for metrics (GET /metrics), such as 127.0.0.1:9464; nowhere by default. Whoever
    /// reaches it may read them: keep it in your own network.
    #[arg(long, env = "WINDLASS_METRICS_ADDR")]
    pub metrics_addr: Option<SocketAddr>,
    /// Your page for customers without an account, such as https://app.example.com/send: upload links lead
    /// there.
    #[arg(long, env = "WINDLASS_UPLOAD_PAGE", value_parser = page)]
    pub upload_page: Option<String>,
    /// Whether GET /openapi.json and the page at /docs/ say what the API is, to whoever reaches it.
    #[arg(long, env = "WINDLASS_API_DOCS", action = ArgAction::Set, default_value_t = true)]
    pub api_docs: bool,
}

fn page(text: &str) -> Result<String, String> {
    let uri = text.parse::<http::Uri>().ok();
    let is_page = uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("https" | "http")));
    if is_page && !text.contains('#') {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not the address of a page, such as https://app.example.com/send"))
    }
}

impl HttpOptions {
    /// Where the API listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }

    /// Which pages may call it.
    pub fn origins(&self) -> AllowedOrigins {
        if self.allowed_origins.is_empty() {
            AllowedOrigins::Loopback
        } else {
            AllowedOrigins::Exactly(self.allowed_origins.clone())
        }
    }
}
