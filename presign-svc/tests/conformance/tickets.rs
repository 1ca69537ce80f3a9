//! The laws of [`TicketBook`].

use std::time::Duration;

use futures::future::join_all;
use windlass_presign_svc::adapters::memory_tickets::MemoryTickets;
use windlass_presign_svc::adapters::postgres::PostgresDatabase;
use windlass_presign_svc::ports::tickets::{Admission, TicketBook};

use crate::uploads::NOON;

const LIFETIME: Duration = Duration::from_secs(30);

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

#[tokio::test]
async fn in_memory() {
    a_ticket_lets_one_in_and_only_in_its_time(&MemoryTickets::default()).await;
}

#[tokio::test]
async fn on_postgres_for_every_instance() {
    let Some(url) = crate::postgres_server::new_database() else { return };
    let database = PostgresDatabase::connect(&url, 4).await.unwrap();
    a_ticket_lets_one_in_and_only_in_its_time(&database).await;
    database.close().await;
}
