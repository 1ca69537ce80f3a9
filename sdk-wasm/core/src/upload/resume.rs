//! What the store already has: its list of parts, compared with the file's, piece by piece.
//!
//! A part counts as ours by its size and its checksum, never by its number alone: a file that changed
//! since must not be spliced together with its former self.

use std::collections::{BTreeMap, HashMap};

use windlass_protocol::list_parts::StoredPart;
use windlass_protocol::{Checksum, PieceNumber};

use super::piece::{Claim, Digest, Piece, PieceKind, PieceState, Rest};

/// What the store says of one piece.
struct Listed {
    etag: Option<String>,
    checksum: Option<Checksum>,
}

/// Takes the store's list in. `asked` are the indices of the pieces whose fate was in question when the
/// list was asked for; what was stored since then cannot be in it and is left alone.
pub(super) fn apply_listing(
    pieces: &mut [Piece],
    parts: Vec<StoredPart>,
    staged: BTreeMap<PieceNumber, Option<Checksum>>,
    asked: &[usize],
) {
    let parts = parts.into_iter().map(|part| {
        let listed = Listed { etag: Some(part.etag), checksum: part.checksum };
        (PieceKind::Part(part.part_number), (Some(part.size), listed))
    });
    let staged = staged
        .into_iter()
        .map(|(number, checksum)| (PieceKind::Staged(number), (None, Listed { etag: None, checksum })));
    let mut listed: HashMap<PieceKind, (Option<u64>, Listed)> = parts.chain(staged).collect();
    for (index, piece) in pieces.iter_mut().enumerate().filter(|(_, piece)| piece.is_listed()) {
        let stored = listed.remove(&piece.kind);
        // Of staged pieces only those are listed that are whole.
        let stored = stored.filter(|(size, _)| size.is_none_or(|size| size == piece.size_bytes()));
        match stored {
            Some((_, listed)) => take_over(piece, listed),
            None if asked.contains(&index) => lost(piece),
            None => {}
        }
    }
}

fn take_over(piece: &mut Piece, listed: Listed) {
    let ours = match (listed.checksum, piece.digest) {
        (Some(theirs), Digest::Known(ours) | Digest::Suspect(ours)) => theirs == ours,
        // Without a checksum the store's word is enough only for what was sent from here just now, under
        // a signature over its checksum.
        (None, _) => matches!(piece.state, PieceState::Unsure | PieceState::Stored { .. }),
        (Some(checksum), Digest::Unknown) => {
            if let PieceState::Idle(_) = piece.state {
                piece.state = PieceState::Claimed {
                    claim: Claim { etag: listed.etag, checksum },
                    is_being_read: false,
                    rest: Rest::default(),
                };
            }
            return;
        }
    };
    piece.is_occupied |= !ours;
    match piece.state {
        PieceState::Idle(_) | PieceState::Unsure | PieceState::Stored { .. } if ours => {
            piece.state = PieceState::Stored { etag: listed.etag };
        }
        PieceState::Unsure | PieceState::Stored { .. } => piece.send_again(Rest::default()),
        _ => {}
    }
}

/// It is not in the store after all.
fn lost(piece: &mut Piece) {
    if let PieceState::Unsure | PieceState::Stored { .. } = piece.state {
        piece.send_again(piece.rest_if_lost);
    }
}

#[cfg(test)]
mod tests {
    use windlass_protocol::PartNumber;

    use super::*;
    use crate::upload::checksum::crc64_nvme;
    use crate::upload::piece::{Need, PieceKind};

    fn number(n: u32) -> PartNumber {
        PartNumber::try_from(n).unwrap()
    }

    fn piece(n: u32, digest: Digest, state: PieceState) -> Piece {
        let mut piece = Piece::new(PieceKind::Part(number(n)), 0..10);
        (piece.digest, piece.state) = (digest, state);
        piece
    }

    fn listed(n: u32, size: u64, checksum: Option<Checksum>) -> StoredPart {
        StoredPart { part_number: number(n), size, etag: format!("\"{n}\""), checksum }
    }

    fn idle() -> PieceState {
        PieceState::Idle(Rest::default())
    }

    #[test]
    fn a_part_with_our_checksum_is_not_sent_again() {
        let ours = crc64_nvme(b"ours");
        let mut pieces =
            [piece(1, Digest::Known(ours), idle()), piece(2, Digest::Suspect(ours), PieceState::Unsure)];
        apply_listing(
            &mut pieces,
            vec![listed(1, 10, Some(ours)), listed(2, 10, Some(ours))],
            BTreeMap::new(),
            &[1],
        );
        assert!(pieces.iter().all(Piece::is_stored));
    }

    #[test]
    fn a_part_of_other_bytes_or_another_size_is_sent_again() {
        let (ours, theirs) = (crc64_nvme(b"ours"), crc64_nvme(b"theirs"));
        let mut pieces =
            [piece(1, Digest::Known(ours), idle()), piece(2, Digest::Known(ours), PieceState::Unsure)];
        apply_listing(
            &mut pieces,
            vec![listed(1, 10, Some(theirs)), listed(2, 9, Some(ours))],
            BTreeMap::new(),
            &[1],
        );
        assert!(pieces.iter().all(|piece| piece.need(0) == Need::Signing));
        assert!(!pieces[0].can_be_cut(), "pieces beside the other bytes would not replace them");
    }

    #[test]
    fn a_part_not_read_yet_is_claimed_until_it_is_compared() {
        let mut pieces = [piece(1, Digest::Unknown, idle())];
        apply_listing(&mut pieces, vec![listed(1, 10, Some(crc64_nvme(b"x")))], BTreeMap::new(), &[]);
        assert!(matches!(pieces[0].state, PieceState::Claimed { .. }));
        assert_eq!(pieces[0].need(0), Need::Reading);
    }

    #[test]
    fn without_a_checksum_only_what_was_just_sent_is_believed() {
        let ours = Digest::Known(crc64_nvme(b"ours"));
        let hidden = PieceState::Stored { etag: None };
        let mut pieces = [piece(1, ours, idle()), piece(2, ours, PieceState::Unsure), piece(3, ours, hidden)];
        apply_listing(&mut pieces, (1..4).map(|n| listed(n, 10, None)).collect(), BTreeMap::new(), &[1, 2]);
        assert!(!pieces[0].is_stored());
        assert!(pieces[1].is_stored());
        assert!(matches!(&pieces[2].state, PieceState::Stored { etag: Some(etag) } if etag == "\"3\""));
    }

    #[test]
    fn a_staged_piece_is_taken_over_by_its_checksum() {
        let ours = crc64_nvme(b"ours");
        let staged = |n: u32, digest, state| {
            let mut piece = Piece::new(PieceKind::Staged(PieceNumber::try_from(n).unwrap()), 0..10);
            (piece.digest, piece.state) = (digest, state);
            piece
        };
        let mut pieces = [
            staged(1, Digest::Suspect(ours), PieceState::Unsure),
            staged(2, Digest::Unknown, idle()),
            staged(3, Digest::Known(ours), PieceState::Stored { etag: None }),
        ];
        let listed = [1, 2].map(|n| (PieceNumber::try_from(n).unwrap(), Some(ours)));
        apply_listing(&mut pieces, Vec::new(), BTreeMap::from(listed), &[0, 2]);
        assert!(pieces[0].is_stored());
        assert!(matches!(pieces[1].state, PieceState::Claimed { .. }));
        assert_eq!(pieces[2].need(0), Need::Signing, "what is gone is sent again");
    }

    #[test]
    fn what_was_stored_after_asking_is_left_alone() {
        let ours = Digest::Known(crc64_nvme(b"ours"));
        let stored = PieceState::Stored { etag: Some("e".into()) };
        let mut pieces = [piece(1, ours, stored), piece(2, ours, PieceState::Unsure)];
        apply_listing(&mut pieces, Vec::new(), BTreeMap::new(), &[1]);
        assert!(pieces[0].is_stored());
        assert!(matches!(pieces[1].state, PieceState::Idle(_)));
    }
}
