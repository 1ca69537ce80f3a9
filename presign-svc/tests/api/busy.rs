//! F50: another process holds SQLite's lock, as a backup does.

use std::time::Duration;

use serde_json::Value;
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use tokio::time::sleep;

use crate::support::{PhotoSpec, TestApp, file_of, jpeg};

/// As the row has it.
const HELD_FOR: Duration = Duration::from_secs(10);

#[tokio::test]
async fn f50_a_writer_lock_of_ten_seconds_is_waited_for() {
    let app = TestApp::start().await;
    let bytes = jpeg(&PhotoSpec::default());
    let upload = app.announce_one(file_of("before", "a.jpg", &bytes)).await;
    app.put(&upload, &bytes).await;
    let mut other =
        SqliteConnection::connect(&format!("sqlite://{}", app.database("test").display())).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let releasing = async {
        // The lock is what is tested, and how long it is held.
        sleep(HELD_FOR).await;
        other.execute("COMMIT").await.unwrap();
    };
    let announcing = app.announce_one(file_of("meanwhile", "b.jpg", &bytes));
    let completing = app.complete(&upload, Value::Null);
    let reading = async {
        let listed = app.get("/api/v1/photos?project_id=job-7").await;
        assert_eq!(listed.status, 200, "who reads waits for nobody");
    };
    let ((), announced, completed, ()) = futures::join!(releasing, announcing, completing, reading);
    assert_eq!(completed.status, 200, "{}", completed.body);
    assert_eq!(app.record(&announced).await.progress().version, 1);
    let intact: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut other).await.unwrap();
    assert_eq!(intact, "ok");
}
