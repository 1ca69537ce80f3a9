//! `GET /api/v1/photos/{photo_id}`.

use crate::support::{PhotoSpec, TestApp, file_of, jpeg};

#[tokio::test]
async fn a_photo_is_shown_as_complete_answered_it() {
    let app = TestApp::start().await;
    let photo = app.upload("a", &jpeg(&PhotoSpec::default())).await;
    let mut shown = app.get(&format!("/api/v1/photos/{}", photo["photo_id"].as_str().unwrap())).await;
    assert_eq!(shown.status, 200);
    for moving in ["url", "url_expires_at"] {
        shown.body[moving] = photo[moving].clone();
    }
    assert_eq!(shown.body, photo);
    assert_eq!(photo["created_by"], "ann", "whose token sent it");
}

#[tokio::test]
async fn what_is_not_verified_is_no_photo_yet() {
    let app = TestApp::start().await;
    let upload = app.announce_one(file_of("a", "a.jpg", &jpeg(&PhotoSpec::default()))).await;
    let path = format!("/api/v1/photos/{}", upload["photo_id"].as_str().unwrap());
    app.get(&path).await.assert_problem(404, "not_found");
}
