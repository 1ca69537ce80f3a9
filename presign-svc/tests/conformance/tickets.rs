//! The laws of [`TicketBook`].

use std::time::Duration;

use futures::future::join_all;
use time::OffsetDateTime;
use windlass_presign_svc::adapters::memory_tickets::MemoryTickets;
use windlass_presign_svc::adapters::postgres::PostgresDatabase;
use windlass_presign_svc::ports::tickets::{Admission, MAX_OF_VIEWER, TicketBook, TicketDigest};

use crate::uploads::NOON;

const LIFETIME: Duration = Duration::from_secs(30);
/// By so much an instance's clock may be wrong before `/readyz` fails.
const LIMIT_OF_SKEW: Duration = Duration::from_secs(120);

async fn a_ticket_lets_one_in_and_only_in_its_time(book: &dyn TicketBook) {
    let admission = Admission {
        tenant: "acme".parse().unwrap(),
        subject: "ann".to_owned(),
        project: "job-7".parse().unwrap(),
        expires_at: NOON + LIFETIME,
    };
    let keep = async |ticket: u8| book.keep([ticket; 32], admission.clone(), NOON).await.unwrap();
    keep(1).await;
    let racers = join_all((0..8).map(|_| book.redeem([1; 32], NOON))).await;
    let mut let_in: Vec<_> = racers.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(let_in.pop(), Some(admission.clone()));
    assert_eq!(let_in, [], "one of those who race");
    assert_eq!(book.redeem([2; 32], NOON).await.unwrap(), None, "never given out");
    keep(3).await;
    assert_eq!(book.redeem([3; 32], NOON + LIFETIME).await.unwrap(), None, "too late");
    keep(4).await;
    let last_moment = NOON + LIFETIME - Duration::from_millis(1);
    assert_eq!(book.redeem([4; 32], last_moment).await.unwrap(), Some(admission.clone()));
}

async fn who_collects_tickets_loses_the_oldest_and_takes_none_from_others(book: &dyn TicketBook) {
    let now = OffsetDateTime::now_utc();
    let keep = async |tenant: &str, subject: &str, ticket: u16| {
        let admission = Admission {
            tenant: tenant.parse().unwrap(),
            subject: subject.to_owned(),
            project: "job-7".parse().unwrap(),
            expires_at: now + LIFETIME + Duration::from_millis(ticket.into()),
        };
        book.keep(digest_of(ticket), admission, now).await.unwrap();
    };
    let is_good = async |ticket: u16| book.redeem(digest_of(ticket), now).await.unwrap().is_some();
    let (bobs, anns_elsewhere) = (1000, 1001);
    keep("acme", "bob", bobs).await;
    keep("other", "ann", anns_elsewhere).await;
    for ticket in 0..=MAX_OF_VIEWER {
        keep("acme", "ann", ticket).await;
    }
    assert!(!is_good(0).await, "one too many");
    for ticket in [1, MAX_OF_VIEWER, bobs, anns_elsewhere] {
        assert!(is_good(ticket).await, "{ticket}");
    }
    keep("acme", "ann", MAX_OF_VIEWER + 1).await;
    keep("acme", "ann", MAX_OF_VIEWER + 2).await;
    assert!(is_good(2).await, "those that were used do not count");
}

async fn instances_whose_clocks_differ_forget_no_ticket_of_each_other(book: &dyn TicketBook) {
    let now = OffsetDateTime::now_utc();
    let behind = now - 2 * LIMIT_OF_SKEW;
    for (ticket, now) in
        [(2001, now), (2002, behind), (2003, now + Duration::from_secs(2 * 86_400)), (2004, now)]
    {
        let admission = Admission {
            tenant: "acme".parse().unwrap(),
            subject: format!("crew-{ticket}"),
            project: "job-7".parse().unwrap(),
            expires_at: now + LIFETIME,
        };
        book.keep(digest_of(ticket), admission, now).await.unwrap();
    }
    assert!(book.redeem(digest_of(2001), now).await.unwrap().is_some());
    assert!(book.redeem(digest_of(2002), behind).await.unwrap().is_some());
}

fn digest_of(ticket: u16) -> TicketDigest {
    let mut digest = [0; 32];
    digest[..2].copy_from_slice(&ticket.to_be_bytes());
    digest
}

#[tokio::test]
async fn in_memory() {
    a_ticket_lets_one_in_and_only_in_its_time(&MemoryTickets::default()).await;
    who_collects_tickets_loses_the_oldest_and_takes_none_from_others(&MemoryTickets::default()).await;
}

#[tokio::test]
async fn on_postgres_for_every_instance() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let database = PostgresDatabase::connect(&url, 4).await.unwrap();
    a_ticket_lets_one_in_and_only_in_its_time(&database).await;
    who_collects_tickets_loses_the_oldest_and_takes_none_from_others(&database).await;
    instances_whose_clocks_differ_forget_no_ticket_of_each_other(&database).await;
    database.close().await;
}
