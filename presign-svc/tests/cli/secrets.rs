//! The file of HS256 secrets of a running service: changed, gone and spoilt, without a restart.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::{Served, run, windlass};

const OLD: &str = "the old secret of these tests, long enough";
const NEW: &str = "the new secret of these tests, long enough";
/// The file is looked at every five seconds; this is for a machine that has other things to do.
const LOOKS_MOST: u32 = 600;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

struct Scene {
    served: Served,
    folder: TempDir,
    http: reqwest::Client,
}

impl Scene {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(secrets(folder.path()), OLD).unwrap();
        let mut command = windlass(folder.path());
        command.args(["serve", "--port", "0", "--store-port", "0", "--log", "info"]);
        command.env("WINDLASS_JWT_HS256_SECRET_FILE", secrets(folder.path()));
        command.stderr(File::create(folder.path().join("log")).unwrap());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { served: Served::of(command), folder, http }
    }

    /// As an operator does who does not want a half of it to be read.
    fn replace(&self, lines: &str) {
        let new = self.folder.path().join("new");
        std::fs::write(&new, lines).unwrap();
        std::fs::rename(new, secrets(self.folder.path())).unwrap();
    }

    async fn is_let_in(&self, token: &str) -> bool {
        let me = format!("{}/api/v1/me", self.served.api);
        let answer = self.http.get(me).bearer_auth(token).send().await.unwrap();
        assert!(answer.status() == 200 || answer.status() == 401, "{}", answer.status());
        answer.status() == 200
    }

    async fn until(&self, what: &str, is_so: impl AsyncFn(&Self) -> bool) {
        for _ in 0..LOOKS_MOST {
            if is_so(self).await {
                return;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        panic!("{what}: {}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// How often it complained of the file.
    fn complaints(&self) -> usize {
        self.log().matches("those read last stay in use").count()
    }
}

fn secrets(folder: &Path) -> PathBuf {
    folder.join("jwt.secrets")
}

fn token_by(secret: &str) -> String {
    let elsewhere = TempDir::new().unwrap();
    let mut command = windlass(elsewhere.path());
    command.args(["token", "--tenant", "acme", "--project", "job-7", "--jwt-hs256-secret", secret]);
    let (output, text) = run(&mut command);
    assert!(output.status.success(), "{text}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn secrets_are_rotated_by_their_file_and_stay_when_it_is_gone_or_bad() {
    let scene = Scene::start();
    let (old, new) = (token_by(OLD), token_by(NEW));
    assert!(scene.is_let_in(&old).await && !scene.is_let_in(&new).await);

    scene.replace(&format!("{NEW}\n{OLD}\n"));
    scene.until("the new secret is not read", async |scene| scene.is_let_in(&new).await).await;
    assert!(scene.is_let_in(&old).await, "both count until everybody has a new token");

    scene.replace(&format!("\n  {NEW}  \n"));
    scene.until("the old secret still counts", async |scene| !scene.is_let_in(&old).await).await;
    assert!(scene.is_let_in(&new).await);

    // Gone, empty, not text, too short: what was read last stays, and it is said once each.
    let bad: [&dyn Fn(&Path); 4] = [
        &|file| std::fs::remove_file(file).unwrap(),
        &|file| std::fs::write(file, "\n \n").unwrap(),
        &|file| std::fs::write(file, [0xff, 0xfe, 0x00]).unwrap(),
        &|file| std::fs::write(file, format!("{OLD}\nshort\n")).unwrap(),
    ];
    for (number, spoil) in bad.into_iter().enumerate() {
        spoil(&secrets(scene.folder.path()));
        scene.until("nothing is said of a bad file", async |scene| scene.complaints() > number).await;
        assert_eq!(scene.complaints(), number + 1, "{}", scene.log());
        assert!(scene.is_let_in(&new).await && !scene.is_let_in(&old).await, "file {number}");
    }
    let log = scene.log();
    assert!(!log.contains(OLD) && !log.contains(NEW), "a secret is in the log");

    scene.replace(OLD);
    scene.until("a file that is good again is not read", async |scene| scene.is_let_in(&old).await).await;
    assert!(!scene.is_let_in(&new).await);
}
