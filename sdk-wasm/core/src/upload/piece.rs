//! One PUT's worth of bytes: a part, a whole small file, or a variant. Its states and the moves between
//! them; a move that is not allowed is refused and changes nothing.
//!
//! A piece is read and hashed, signed with its checksum, sent, and stored. After a failure that may have
//! to do with the bytes it is read again first: so a file that changed on disk is found out, and a
//! network that flips bits is told from it.

use std::ops::Range;

use windlass_protocol::{Checksum, PartNumber, PieceNumber};

use super::command::Source;
use super::link::Beside;
pub(super) use super::piece_state::{
    Claim, Digest, Flight, InvalidTransition, Need, PieceKind, PieceState, Reading, Rest,
};
use super::refused_urls::RefusedUrls;
use super::ticket::Ticket;

/// So often in a row what left whole and was not there is sent again at once: an answer was lost, and the bytes with it.
const LOST_AT_ONCE: u32 = 2;

/// One PUT's worth of bytes.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub kind: PieceKind,
    pub range: Range<u64>,
    pub digest: Digest,
    pub ticket: Option<Ticket>,
    pub state: PieceState,
    /// Failed PUTs since the last success.
    pub failures: u32,
    /// How often it was killed for silence.
    pub kills: u32,
    /// How often a connection died under it, with bytes of it under way.
    pub deaths: u32,
    /// How often in a row all of it left and no answer came.
    pub answers_lost: u32,
    /// The rest before it is sent again where it turns out not to be there.
    pub rest_if_lost: Rest,
    /// It is to be cut into pieces before anything else is done for it.
    pub is_held: bool,
    /// The store holds other bytes in its place, which only a PUT to that place replaces.
    pub is_occupied: bool,
    pub refused_urls: RefusedUrls,
    /// Failed attempts to read it, in a row.
    pub read_failures: u32,
}

impl Piece {
    pub fn new(kind: PieceKind, range: Range<u64>) -> Self {
        Self {
            kind,
            range,
            digest: Digest::Unknown,
            ticket: None,
            state: PieceState::Idle(Rest::default()),
            failures: 0,
            kills: 0,
            deaths: 0,
            answers_lost: 0,
            rest_if_lost: Rest::default(),
            is_held: false,
            is_occupied: false,
            refused_urls: RefusedUrls::default(),
            read_failures: 0,
        }
    }

    pub fn size_bytes(&self) -> u64 {
        self.range.end - self.range.start
    }

    pub fn source(&self) -> Source {
        match self.kind {
            PieceKind::Variant(index) => Source::Variant(index),
            PieceKind::Whole | PieceKind::Part(_) | PieceKind::Staged(_) => Source::Original,
        }
    }

    pub fn part_number(&self) -> Option<PartNumber> {
        match self.kind {
            PieceKind::Part(number) => Some(number),
            PieceKind::Variant(_) | PieceKind::Whole | PieceKind::Staged(_) => None,
        }
    }

    pub fn staged_number(&self) -> Option<PieceNumber> {
        if let PieceKind::Staged(number) = self.kind { Some(number) } else { None }
    }

    /// Whether the announcement brings its URL, and not a request of its own.
    pub fn is_signed_with_announcement(&self) -> bool {
        matches!(self.kind, PieceKind::Variant(_) | PieceKind::Whole)
    }

    /// Whether the store can be asked for it by its number.
    pub fn is_listed(&self) -> bool {
        !self.is_signed_with_announcement()
    }

    /// Whether it is a whole or a part: what may be cut into pieces.
    pub fn is_unit(&self) -> bool {
        matches!(self.kind, PieceKind::Whole | PieceKind::Part(_))
    }

    /// Whether it could be cut into pieces now.
    pub fn can_be_cut(&self) -> bool {
        self.is_unit()
            && !self.is_occupied
            && matches!(self.state, PieceState::Idle(_) | PieceState::Sending(_))
    }

    /// Whether pieces stand for it.
    pub fn is_cut(&self) -> bool {
        matches!(self.state, PieceState::InPieces)
    }

    pub fn checksum(&self) -> Option<Checksum> {
        match self.digest {
            Digest::Known(checksum) | Digest::Suspect(checksum) => Some(checksum),
            Digest::Unknown => None,
        }
    }

    pub fn is_stored(&self) -> bool {
        matches!(self.state, PieceState::Stored { .. })
    }

    /// Whether nothing more can be done for it here. An unsure whole counts: the service will look.
    pub fn is_settled(&self) -> bool {
        match self.state {
            PieceState::Stored { .. } | PieceState::InPieces => true,
            PieceState::Unsure => self.kind == PieceKind::Whole,
            _ => false,
        }
    }

    pub fn flight(&self) -> Option<&Flight> {
        if let PieceState::Sending(flight) = &self.state { Some(flight) } else { None }
    }

    pub fn flight_mut(&mut self) -> Option<&mut Flight> {
        if let PieceState::Sending(flight) = &mut self.state { Some(flight) } else { None }
    }

    /// What it needs, once its rest is over.
    pub fn need(&self, now_ms: u64) -> Need {
        match &self.state {
            PieceState::Idle(rest) if rest.until_ms > now_ms || self.is_held => Need::Nothing,
            PieceState::Idle(_) => match (self.digest, &self.ticket) {
                (Digest::Unknown | Digest::Suspect(_), _) => Need::Reading,
                (Digest::Known(_), Some(ticket)) if now_ms < ticket.usable_until_ms => Need::Sending,
                (Digest::Known(_), _) => Need::Signing,
            },
            PieceState::Claimed { is_being_read: false, rest, .. } if rest.until_ms <= now_ms => {
                Need::Reading
            }
            _ => Need::Nothing,
        }
    }

    pub fn start_reading(&mut self) -> Result<(), InvalidTransition> {
        match &mut self.state {
            PieceState::Idle(_) => self.state = PieceState::Reading,
            PieceState::Claimed { is_being_read, .. } if !*is_being_read => *is_being_read = true,
            _ => return Err(InvalidTransition),
        }
        Ok(())
    }

    pub fn was_read(&mut self, checksum: Checksum) -> Result<Reading, InvalidTransition> {
        let reading = match &self.state {
            PieceState::Reading => match self.digest {
                Digest::Suspect(before) if before != checksum => Reading::Changed,
                _ => Reading::Good,
            },
            PieceState::Claimed { claim, .. } if claim.checksum == checksum => Reading::AlreadyStored,
            PieceState::Claimed { .. } => Reading::Good,
            _ => return Err(InvalidTransition),
        };
        self.is_occupied |= reading == Reading::Good && matches!(self.state, PieceState::Claimed { .. });
        let state = match (&self.state, reading) {
            (PieceState::Claimed { claim, .. }, Reading::AlreadyStored) => {
                PieceState::Stored { etag: claim.etag.clone() }
            }
            _ => PieceState::Idle(Rest::default()),
        };
        self.read_failures = 0;
        self.digest = Digest::Known(checksum);
        self.state = state;
        Ok(reading)
    }

    /// Reading failed; another attempt is made after `rest`.
    pub fn could_not_be_read(&mut self, rest: Rest) -> Result<(), InvalidTransition> {
        match &mut self.state {
            PieceState::Reading => self.state = PieceState::Idle(rest),
            PieceState::Claimed { is_being_read, rest: waits, .. } => {
                (*is_being_read, *waits) = (false, rest);
            }
            _ => return Err(InvalidTransition),
        }
        self.read_failures += 1;
        Ok(())
    }

    pub fn start_signing(&mut self) -> Result<(), InvalidTransition> {
        let PieceState::Idle(_) = self.state else { return Err(InvalidTransition) };
        self.state = PieceState::Signing;
        Ok(())
    }

    /// The signing request ended, well or not.
    pub fn signing_ended(&mut self, ticket: Option<Ticket>) {
        if let PieceState::Signing = self.state {
            self.state = PieceState::Idle(Rest::default());
        }
        if ticket.is_some() {
            self.ticket = ticket;
        }
    }

    /// The ticket it may be sent with now.
    pub fn usable_ticket(&self, now_ms: u64) -> Option<&Ticket> {
        self.ticket.as_ref().filter(|_| self.need(now_ms) == Need::Sending)
    }

    pub fn start_sending(&mut self, now_ms: u64) -> Result<(), InvalidTransition> {
        if self.need(now_ms) != Need::Sending {
            return Err(InvalidTransition);
        }
        self.state = PieceState::Sending(Flight {
            started_ms: now_ms,
            sent_bytes: 0,
            arrived_bytes: 0,
            heard_ms: now_ms,
            milestone: None,
            burst_bytes: 0,
            prove_by_ms: None,
            beside: Beside::default(),
        });
        Ok(())
    }

    /// The PUT has handed that many bytes to the network; answers how long it had been silent, and the
    /// flight as it is now.
    pub fn moved(&mut self, sent_bytes: u64, now_ms: u64) -> Option<(u64, &mut Flight)> {
        let size_bytes = self.size_bytes();
        let PieceState::Sending(flight) = &mut self.state else { return None };
        if sent_bytes <= flight.sent_bytes {
            return None;
        }
        let silence_ms = now_ms.saturating_sub(flight.heard_ms);
        flight.sent_bytes = sent_bytes.min(size_bytes);
        flight.heard_ms = now_ms;
        flight.prove_by_ms = None;
        Some((silence_ms, flight))
    }

    pub fn was_stored(&mut self, etag: Option<String>) -> Result<Flight, InvalidTransition> {
        let PieceState::Sending(flight) = &self.state else { return Err(InvalidTransition) };
        let flight = flight.clone();
        self.state = PieceState::Stored { etag };
        (self.failures, self.kills, self.deaths, self.answers_lost) = (0, 0, 0, 0);
        self.rest_if_lost = Rest::default();
        self.refused_urls = RefusedUrls::default();
        Ok(flight)
    }

    /// The PUT ended without the store's word. `look` says that the answer may have been lost on the way
    /// back, so that whoever can should look before anything is sent again.
    pub fn was_not_stored(
        &mut self,
        rest: Rest,
        reread: bool,
        look: bool,
    ) -> Result<Flight, InvalidTransition> {
        let PieceState::Sending(flight) = &self.state else { return Err(InvalidTransition) };
        let flight = flight.clone();
        let all_left = flight.sent_bytes >= self.size_bytes() && self.size_bytes() > 0;
        let can_look = !matches!(self.kind, PieceKind::Variant(_));
        self.state = if look && all_left && can_look {
            self.answers_lost += 1;
            // Something may take all of it each time, and drop it: that is not fed without end.
            let is_chance = self.answers_lost <= LOST_AT_ONCE;
            self.rest_if_lost = if is_chance { Rest::default() } else { rest };
            PieceState::Unsure
        } else {
            PieceState::Idle(rest)
        };
        if reread && let Digest::Known(checksum) = self.digest {
            self.digest = Digest::Suspect(checksum);
        }
        self.failures += 1;
        Ok(flight)
    }

    /// Nobody wants it now; what was begun is dropped without counting as a failure.
    pub fn interrupt(&mut self) {
        match &mut self.state {
            PieceState::Reading => self.state = PieceState::Idle(Rest::default()),
            PieceState::Claimed { is_being_read, .. } => *is_being_read = false,
            PieceState::Sending(flight) => {
                let all_left = flight.sent_bytes >= self.range.end - self.range.start;
                self.state = if all_left && matches!(self.kind, PieceKind::Part(_) | PieceKind::Staged(_)) {
                    PieceState::Unsure
                } else {
                    PieceState::Idle(Rest::default())
                };
            }
            _ => {}
        }
    }

    /// The network is back: a wait for it ends at `until_ms` at the latest, and a PUT in flight may
    /// have to show life by `prove_by_ms`.
    pub fn wake(&mut self, until_ms: u64, prove_by_ms: Option<u64>) {
        match &mut self.state {
            PieceState::Idle(rest) if rest.ends_with_network => {
                rest.until_ms = rest.until_ms.min(until_ms);
                self.failures = 0;
            }
            PieceState::Sending(flight) => flight.prove_by_ms = prove_by_ms.or(flight.prove_by_ms),
            PieceState::Unsure => self.rest_if_lost = Rest::default(),
            _ => {}
        }
    }

    /// Nobody could listen for a while: silence counts from now, and life is to be shown soon.
    pub fn forgive_silence(&mut self, now_ms: u64, prove_by_ms: u64) {
        if let PieceState::Sending(flight) = &mut self.state {
            flight.heard_ms = now_ms;
            flight.prove_by_ms = Some(prove_by_ms);
        }
    }

    /// It is not sent, and nothing waits for it: a photo is whole without a smaller picture, which the service looks for
    /// itself and does not show where it is not.
    pub fn leave_out(&mut self) {
        self.state = PieceState::Stored { etag: None };
    }

    /// It is to be sent again from the start.
    pub fn send_again(&mut self, rest: Rest) {
        self.state = PieceState::Idle(rest);
    }
}

#[cfg(test)]
#[path = "piece_tests.rs"]
mod tests;
