//! Disks without room: the database's, and the log's.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::document::Page;
use crate::required::cannot_run;
use crate::service::{Announced, Served, WINDLASS, program, serve};

/// The file that takes the room, and what it takes.
const BALLAST: &str = "ballast";
const BALLAST_BYTES: u64 = 3 << 20;
/// Mounts a small disk that only the command after it sees, and ends with it.
const ON_A_SMALL_DISK: &str = "mount -t tmpfs -o size=5m tmpfs \"$1\" && shift && exec \"$@\"";

#[tokio::test]
async fn f47_on_a_full_disk_nothing_acknowledged_is_lost_and_room_brings_everything_back() {
    let data = tempfile::tempdir().unwrap();
    let Some(room_of_its_own) = may_mount() else {
        return cannot_run("this user, who is not root, may not mount a small disk");
    };
    let mut command = program("unshare");
    command.args(room_of_its_own).args(["sh", "-c", ON_A_SMALL_DISK, "sh"]);
    command.arg(data.path()).arg(WINDLASS).args(serve(data.path()));
    let mut service = Served::start(command);
    let page = Page::announce(&service, "page").await;
    // The disk as the process sees it (proc(5)).
    let disk = PathBuf::from(format!("/proc/{}/root{}", service.id(), data.path().display()));
    let ballast = vec![7; usize::try_from(BALLAST_BYTES).unwrap()];
    std::fs::write(disk.join(BALLAST), ballast).unwrap();

    let mut recorded = Vec::new();
    let full = 'full: {
        for number in 0..20_000 {
            match service.announce(&format!("photo-{number}")).await {
                Announced::Recorded(id) => recorded.push(id),
                Announced::Later => break 'full true,
                Announced::Limited => panic!("nothing was limited"),
                Announced::Nothing(error) => panic!("{error}"),
            }
        }
        false
    };
    assert!(full && !recorded.is_empty(), "{} were recorded", recorded.len());
    assert!(matches!(service.announce("another").await, Announced::Later));
    service.check_recorded(&recorded).await;
    // Whatever else is written is refused in the same words, once what little room is left is used up.
    for path in ["projects/job-7/upload-links", "photos/upload-url"] {
        let body = match path {
            "photos/upload-url" => {
                json!({"file_name": "a.jpg", "file_size": 4096, "mime_type": "image/jpeg"})
            }
            _ => json!({"label": "a customer"}),
        };
        let mut written = 0;
        loop {
            let (status, answer) = service.post(&format!("/api/v1/{path}"), &body).await;
            if status != 201 {
                assert_eq!((status, &answer["code"]), (503, &json!("unavailable")), "{path}: {answer}");
                break;
            }
            written += 1;
            assert!(written < 20_000, "{path}: the disk is never full");
        }
    }
    service.check_health();

    std::fs::remove_file(disk.join(BALLAST)).unwrap();
    recorded.push(service.announce_at_last("with room again").await);
    service.check_recorded(&recorded).await;
    page.check_becomes_the_only_photo(&service).await;
    service.check_health();
}

#[tokio::test]
async fn f47_a_log_that_cannot_be_written_stops_nothing() {
    let data = tempfile::tempdir().unwrap();
    let mut command = program(WINDLASS);
    command.args(serve(data.path())).stderr(OpenOptions::new().write(true).open("/dev/full").unwrap());
    let mut service = Served::start_logging(command, tempfile::tempdir().unwrap());
    for number in 0..5 {
        let announced = service.announce(&format!("photo-{number}")).await;
        assert!(matches!(announced, Announced::Recorded(_)), "{announced:?}");
    }
    service.check_health();
}

/// With which arguments `unshare` lets this user mount a disk: as root, or as root of a namespace of his own.
fn may_mount() -> Option<&'static [&'static str]> {
    let as_root: &[&str] = &["--mount", "--propagation", "private"];
    let as_anybody: &[&str] = &["--user", "--map-root-user", "--mount", "--propagation", "private"];
    [as_root, as_anybody].into_iter().find(|arguments| {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("unshare");
        command.args(*arguments).args(["sh", "-c", ON_A_SMALL_DISK, "sh"]).arg(folder.path()).arg("true");
        command.output().is_ok_and(|output| output.status.success())
    })
}
