//! What a piece may become, and what it may not.

use super::*;
use crate::upload::checksum::crc64_nvme;

fn ticket(usable_until_ms: u64) -> Ticket {
    Ticket::until(usable_until_ms)
}

fn part() -> Piece {
    Piece::new(PieceKind::Part(PartNumber::FIRST), 0..10)
}

#[test]
fn a_piece_is_read_then_signed_then_sent_then_stored() {
    let mut piece = part();
    assert_eq!(piece.need(0), Need::Reading);
    piece.start_reading().unwrap();
    assert_eq!(piece.was_read(crc64_nvme(b"a")), Ok(Reading::Good));
    assert_eq!(piece.need(0), Need::Signing);
    piece.start_signing().unwrap();
    piece.signing_ended(Some(ticket(100)));
    assert_eq!(piece.need(0), Need::Sending);
    piece.start_sending(0).unwrap();
    assert_eq!(piece.moved(10, 5).map(|(silence_ms, _)| silence_ms), Some(5));
    piece.was_stored(Some("e".into())).unwrap();
    assert!(piece.is_settled());
}

#[test]
fn moves_that_make_no_sense_are_refused() {
    let mut piece = part();
    assert!(piece.start_sending(0).is_err());
    assert!(piece.was_stored(None).is_err());
    assert!(piece.was_read(crc64_nvme(b"a")).is_err());
    piece.start_reading().unwrap();
    assert!(piece.start_reading().is_err());
    assert!(piece.start_signing().is_err());
}

#[test]
fn an_expired_ticket_is_not_used() {
    let mut piece = part();
    piece.start_reading().unwrap();
    piece.was_read(crc64_nvme(b"a")).unwrap();
    piece.signing_ended(Some(ticket(100)));
    assert_eq!(piece.need(99), Need::Sending);
    assert_eq!(piece.need(100), Need::Signing);
    assert!(piece.start_sending(100).is_err());
}

#[test]
fn other_bytes_than_before_are_found_out() {
    let mut piece = part();
    piece.start_reading().unwrap();
    piece.was_read(crc64_nvme(b"a")).unwrap();
    piece.signing_ended(Some(ticket(100)));
    piece.start_sending(0).unwrap();
    piece.was_not_stored(Rest::default(), true, true).unwrap();
    assert_eq!(piece.need(0), Need::Reading);
    piece.start_reading().unwrap();
    assert_eq!(piece.was_read(crc64_nvme(b"b")), Ok(Reading::Changed));
}

#[test]
fn a_lost_answer_after_the_last_byte_makes_unsure() {
    let mut piece = part();
    piece.start_reading().unwrap();
    piece.was_read(crc64_nvme(b"a")).unwrap();
    piece.signing_ended(Some(ticket(100)));
    piece.start_sending(0).unwrap();
    piece.moved(10, 1);
    piece.was_not_stored(Rest::default(), true, true).unwrap();
    assert!(matches!(piece.state, PieceState::Unsure));
    assert!(!piece.is_settled());
}

#[test]
fn what_the_store_claims_is_compared_with_the_file() {
    for (content, expected) in [(b"a", Reading::AlreadyStored), (b"b", Reading::Good)] {
        let mut piece = part();
        let claim = Claim { etag: Some("e".into()), checksum: crc64_nvme(b"a") };
        piece.state = PieceState::Claimed { claim, is_being_read: false, rest: Rest::default() };
        piece.start_reading().unwrap();
        assert_eq!(piece.was_read(crc64_nvme(content)), Ok(expected));
        assert_eq!(piece.is_stored(), expected == Reading::AlreadyStored);
    }
}
