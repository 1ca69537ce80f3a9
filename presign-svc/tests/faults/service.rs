//! A real `windlass serve`, which can be told where to die.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use aws_sdk_s3::Client;
use aws_sdk_s3::types::MultipartUpload;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use windlass_s3_suite::{Capabilities, S3Target};

/// What is left when the process is gone.
pub struct Place {
    pub data: TempDir,
    /// The address of a PostgreSQL database; an SQLite file in `data` otherwise.
    pub database_url: Option<String>,
}

impl Place {
    pub fn sqlite() -> Self {
        Self { data: scratch_folder(), database_url: None }
    }

    pub fn postgres() -> Option<Self> {
        let database_url = Some(crate::postgres_server::new_database()?);
        Some(Self { data: scratch_folder(), database_url })
    }

    /// Where the record is, without a server.
    pub fn sqlite_url(&self) -> String {
        format!("sqlite://{}", self.data.path().join("windlass.sqlite").display())
    }

    /// Lets the time pass after which the turns of a dead instance end by themselves: truly with `--long`.
    pub async fn outwait_the_dead(&self) {
        if let Some(url) = &self.database_url {
            let mut database = PgConnection::connect(url).await.unwrap();
            while crate::is_long() {
                let held = "SELECT count(*) FROM turns WHERE until > now()";
                let held: i64 = sqlx::query_scalar(held).fetch_one(&mut database).await.unwrap();
                if held == 0 {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
            sqlx::query("UPDATE turns SET until = now() - interval '1 second'")
                .execute(&mut database)
                .await
                .unwrap();
        }
    }

    /// The program, with nothing configured but where its things are.
    pub fn windlass(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        let is_ours = |name: &str| name.starts_with("WINDLASS_") || name.starts_with("AWS_");
        for (name, _) in std::env::vars().filter(|(name, _)| is_ours(name)) {
            command.env_remove(name);
        }
        command
            .env("WINDLASS_DATA_DIR", self.data.path())
            .env_remove("FAILPOINTS")
            .env_remove("CLOCK_AHEAD_HOURS");
        if let Some(url) = &self.database_url {
            command.env("WINDLASS_DATABASE_URL", url);
        }
        command
    }

    /// As [`Place::windlass`], so many hours later.
    fn windlass_later(&self, hours: u32) -> Command {
        let mut command = self.windlass();
        command.env("CLOCK_AHEAD_HOURS", hours.to_string());
        command
    }

    /// Compares record and bucket, so many hours later, and mends what can be mended.
    pub fn reconcile(&self, hours: u32) -> String {
        let mut command = self.windlass_later(hours);
        // Where nobody came back there may be no photo at all, which is a reason to ask for the number.
        let listed = command.args(["reconcile", "--log", "off"]).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let found = listed.lines().filter(|line| line.starts_with("multipart upload without record")).count();
        let mut command = self.windlass_later(hours);
        command.args(["reconcile", "--log", "off", "--remove", "--yes-remove", &found.to_string()]);
        let mended = command.output().unwrap();
        assert!(mended.status.success(), "{listed}\n{}", String::from_utf8_lossy(&mended.stderr));
        listed
    }

    fn secret(&self, name: &str) -> String {
        std::fs::read_to_string(self.data.path().join("secrets").join(name)).unwrap()
    }
}

/// In memory where the system has such a folder: a killed process, unlike a power cut, keeps what it wrote.
fn scratch_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// A running service, killed when dropped.
pub struct Served {
    child: Child,
    pub api: String,
    store: String,
}

impl Served {
    pub fn start(place: &Place, failpoint: Option<&str>) -> Self {
        let mut command = place.windlass();
        if let Some(failpoint) = failpoint {
            command.env("FAILPOINTS", failpoint);
        }
        Self::run(command, failpoint.is_some())
    }

    /// Starts it so many hours later.
    pub fn start_later(place: &Place, hours: u32) -> Self {
        Self::run(place.windlass_later(hours), false)
    }

    fn run(mut command: Command, is_doomed: bool) -> Self {
        command.args(["serve", "--port", "0", "--log", "off"]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let address =
            |line: String| line.split(' ').find(|word| word.starts_with("http://")).unwrap().to_owned();
        // One that is to die may do so before it has said where it is: the janitor begins at once.
        let mut next = || match lines.next() {
            Some(line) => address(line),
            None => is_doomed.then(String::new).unwrap(),
        };
        let (api, store) = (next(), next());
        Self { child, api, store }
    }

    /// That it died of what it was told, and not of anything else.
    pub fn wait_for_its_death(&mut self) {
        use std::os::unix::process::ExitStatusExt as _;
        let status = self.child.wait().unwrap();
        assert!(status.signal().is_some(), "it ended by itself: {status}");
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
    }

    /// The keys of all objects in the store.
    pub async fn objects(&self, place: &Place) -> Vec<String> {
        let listed = self.store_client(place).list_objects_v2().bucket("windlass").send().await.unwrap();
        assert_ne!(listed.is_truncated(), Some(true));
        listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
    }

    /// The open multipart uploads in the store: what each is to become, and its name.
    pub async fn multiparts(&self, place: &Place) -> Vec<(String, String)> {
        let listed =
            self.store_client(place).list_multipart_uploads().bucket("windlass").send().await.unwrap();
        assert_ne!(listed.is_truncated(), Some(true));
        let name =
            |open: &MultipartUpload| (open.key().unwrap().to_owned(), open.upload_id().unwrap().to_owned());
        listed.uploads().iter().map(name).collect()
    }

    fn store_client(&self, place: &Place) -> Client {
        let target = S3Target {
            endpoint: self.store.clone(),
            bucket: "windlass".to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: place.secret("store-access-key-id"),
            secret_access_key: place.secret("store-secret-access-key"),
            capabilities: Capabilities::EMBEDDED,
        };
        target.client()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
