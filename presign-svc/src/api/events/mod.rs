//! What happens to a project's photos, as it happens: one file each for the stream and for the tickets of
//! pages, which cannot send a token with an `EventSource`.

pub mod stream;
pub mod ticket;

use sha2::{Digest as _, Sha256};

use crate::ports::tickets::TicketDigest;

fn digest(ticket: &str) -> TicketDigest {
    Sha256::digest(ticket.as_bytes()).into()
}
