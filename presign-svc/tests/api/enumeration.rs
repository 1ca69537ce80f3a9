//! T21: ids of others cannot be told from ids of nobody, neither by the answer nor by the time it takes.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;
use windlass_presign_svc::auth::Scope;

use crate::support::{PhotoSpec, TestApp, jpeg};

/// How often each is asked for. By chance alone the share below is then off by 0.05 once in three thousand runs.
const PAIRS: usize = 1_200;
/// How far from one half the share of pairs may be in which another's id takes longer: three times what chance
/// makes likely once in three thousand runs.
const TOLERANCE: f64 = 0.15;

#[tokio::test]
async fn t21_an_id_of_another_tenant_takes_no_longer_than_one_of_nobody() {
    let app = TestApp::start().await;
    let mut theirs = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let photo = app.upload(name, &jpeg(&PhotoSpec::default())).await;
        theirs.push(photo["photo_id"].as_str().unwrap().to_owned());
    }
    // Made like real ones, at the same time, and recorded nowhere.
    let now = windlass_presign_svc::ports::clock::Clock::now(app.clock.as_ref());
    let nobodys: Vec<String> = theirs.iter().map(|_| app.app.ids.upload_id(now).to_string()).collect();
    let token = app.token("other", &["*"], &Scope::ALL);
    let took = async |path: String| -> Duration {
        let began = Instant::now();
        let answer = app.call(Method::GET, &path, &token, Value::Null).await;
        let took = began.elapsed();
        answer.assert_problem(404, "not_found");
        took
    };
    for route in ["/api/v1/photos", "/api/v1/uploads"] {
        let mut longer = 0;
        for pair in 0..PAIRS {
            let at = pair % theirs.len();
            let (their, nobody) = (format!("{route}/{}", theirs[at]), format!("{route}/{}", nobodys[at]));
            // Side by side, each first as often as the other: what the machine does meanwhile hits both alike.
            let (their, nobody) = if pair / theirs.len() % 2 == 0 {
                let first = took(their).await;
                (first, took(nobody).await)
            } else {
                let first = took(nobody).await;
                (took(their).await, first)
            };
            longer += usize::from(their > nobody);
        }
        let share = longer as f64 / PAIRS as f64;
        eprintln!("{route}: another's id took longer in {:.1} % of {PAIRS} pairs", share * 100.0);
        assert!((share - 0.5).abs() < TOLERANCE, "{route}: another's id took longer in {share} of the pairs");
    }
}
