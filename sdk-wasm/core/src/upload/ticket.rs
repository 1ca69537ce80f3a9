//! A signed URL and how long it may be used, on the engine's own clock: the phone's never decides, and only tells how
//! long the device slept while the engine's stood still.

use windlass_protocol::SignedHeaders;

use super::command::SignedUrl;
use super::engine::Engine;

/// At most this much of a URL's lifetime is left unused, for the way to the store and clocks that drift.
const MARGIN_MOST_MS: u64 = 60_000;

/// A signed URL.
#[derive(Debug, Clone)]
pub(super) struct Ticket {
    pub url: SignedUrl,
    pub headers: SignedHeaders,
    pub usable_until_ms: u64,
}

impl Ticket {
    /// For a URL that was asked for at `asked_ms`. Counting from the question is on the safe side.
    pub fn new(url: String, headers: SignedHeaders, asked_ms: u64, default_lifetime_ms: u64) -> Self {
        let url = SignedUrl::new(url);
        let lifetime_ms = url.lifetime_ms().unwrap_or(default_lifetime_ms);
        let margin_ms = (lifetime_ms / 5).min(MARGIN_MOST_MS);
        Self { url, headers, usable_until_ms: asked_ms.saturating_add(lifetime_ms - margin_ms) }
    }

    #[cfg(test)]
    pub fn until(usable_until_ms: u64) -> Self {
        Self { url: SignedUrl::new(String::new()), headers: SignedHeaders::new(), usable_until_ms }
    }
}

impl Engine {
    /// URLs have aged by that much more than the engine's clock says.
    pub(super) fn age_tickets(&mut self, by_ms: u64) {
        let pieces = self.transfers.values_mut().flat_map(|transfer| &mut transfer.pieces);
        for ticket in pieces.filter_map(|piece| piece.ticket.as_mut()) {
            ticket.usable_until_ms = ticket.usable_until_ms.saturating_sub(by_ms);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_dropped_before_its_url_dies() {
        let until = |url: &str| Ticket::new(url.into(), SignedHeaders::new(), 1_000, 900_000).usable_until_ms;
        assert_eq!(until("https://s.example/k"), 841_000);
        assert_eq!(until("https://s.example/k?X-Amz-Expires=10&x=y"), 9_000);
    }
}
