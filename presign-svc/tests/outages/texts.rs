//! Whatever people write, on PostgreSQL, which cannot keep every character that SQLite can: the laws of
//! `tests/support/naughty.rs` over HTTP, as `tests/api/threats.rs` has them for SQLite.

use crate::document::{announce, complete, document, send_parts};
use crate::naughty::Writer;
use crate::postgres::Postgres;
use crate::service::{Served, WINDLASS, program, serve};

#[tokio::test]
async fn t03_naughty_strings_are_texts_and_nothing_else_to_postgres() {
    let Some(postgres) = Postgres::start() else { return };
    let data = tempfile::tempdir().unwrap();
    let mut command = program(WINDLASS);
    command.args(serve(data.path())).env("WINDLASS_DATABASE_URL", postgres.url("postgres"));
    let mut service = Served::start(command);
    let bytes = document(1);
    let photo = announce(&service, "plan", &bytes).await;
    send_parts(&service, &photo, &bytes).await;
    let (status, answer) = complete(&service, &photo).await;
    assert_eq!(status, 200, "{answer}");
    let writer = Writer { http: &service.http, service: &service.api, token: &service.token };
    writer.writes(&photo).await;
    writer.searches().await;
    writer.announces().await;
    service.check_health();
}
