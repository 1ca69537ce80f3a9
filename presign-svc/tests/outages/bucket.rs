//! A bucket of a test's own, in this process, with the fault proxy before it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fault_proxy::{Fault, FaultProxy, JournalEntry, Rule};
use tempfile::TempDir;
use tokio::net::TcpListener;
use windlass_embedded_store::{AllowedOrigins, EmbeddedStore, StoreConfig};
use windlass_s3_suite::{Capabilities, S3Target};

use crate::service::{WINDLASS, program};

const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A bucket called `photos`.
pub struct Bucket {
    pub proxy: Arc<FaultProxy>,
    upstream: String,
    _folder: TempDir,
}

impl Bucket {
    /// An empty one.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(StoreConfig {
            root: folder.path().join("store"),
            bucket: "photos".to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: "test".to_owned(),
            secret_access_key: "a secret of these tests".to_owned(),
            allowed_origins: AllowedOrigins::Any,
        });
        let (store, listener) = (store.await.unwrap(), TcpListener::bind(LOOPBACK).await.unwrap());
        let upstream = listener.local_addr().unwrap().to_string();
        tokio::spawn(store.serve(listener, std::future::pending()));
        Self { proxy: FaultProxy::new(), upstream, _folder: folder }
    }

    /// Its port on this machine, without the proxy.
    pub fn port(&self) -> u16 {
        self.upstream.parse::<SocketAddr>().unwrap().port()
    }

    /// `windlass`, which reaches the bucket by a front of its own.
    pub async fn windlass(&self, front: &str) -> Command {
        let address = self.proxy.open_front(front, LOOPBACK, &self.upstream).await.unwrap();
        let mut command = program(WINDLASS);
        command.envs([
            ("WINDLASS_S3_BUCKET", "photos"),
            ("WINDLASS_S3_REGION", "us-east-1"),
            ("WINDLASS_S3_ENDPOINT", &format!("http://{address}")),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "a secret of these tests"),
        ]);
        command
    }

    /// The bucket as its owner sees it, past the proxy.
    fn client(&self) -> aws_sdk_s3::Client {
        let target = S3Target {
            endpoint: format!("http://{}", self.upstream),
            bucket: "photos".to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: "test".to_owned(),
            secret_access_key: "a secret of these tests".to_owned(),
            capabilities: Capabilities::EMBEDDED,
        };
        target.client()
    }

    /// Gives up every upload that was begun, as a rule of the bucket's owner does.
    pub async fn give_up_uploads(&self) {
        let client = self.client();
        let uploads = client.list_multipart_uploads().bucket("photos").send().await.unwrap();
        for upload in uploads.uploads() {
            let abort = client.abort_multipart_upload().bucket("photos");
            abort.set_key(upload.key.clone()).set_upload_id(upload.upload_id.clone()).send().await.unwrap();
        }
    }

    /// I2, past the proxy: there is the object of this photo and nothing else, no upload that was begun included; what
    /// the janitor takes away may take a while.
    pub async fn has_only(&self, photo_id: &str) {
        self.comes_to(|keys, open| keys.len() == 1 && keys[0].contains(photo_id) && open.is_empty()).await;
    }

    /// The same of what became no photo: nothing of it is there, neither an object nor an upload that was begun.
    pub async fn has_nothing_of(&self, upload_id: &str) {
        self.comes_to(|keys, open| !keys.iter().chain(open).any(|key| key.contains(upload_id))).await;
    }

    /// Waits until its keys, and those of uploads that were begun, are as wanted.
    async fn comes_to(&self, are_right: impl Fn(&[&str], &[&str]) -> bool) {
        let (client, began) = (self.client(), Instant::now());
        loop {
            let objects = client.list_objects_v2().bucket("photos").send().await.unwrap();
            let keys: Vec<_> = objects.contents().iter().filter_map(|object| object.key()).collect();
            let uploads = client.list_multipart_uploads().bucket("photos").send().await.unwrap();
            let open: Vec<_> = uploads.uploads().iter().filter_map(|upload| upload.key()).collect();
            if are_right(&keys, &open) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "objects: {keys:?}; begun and never joined: {open:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What happens when parts are to be joined (CompleteMultipartUpload): these faults, one after the other.
    pub fn joins_meet(&self, faults: impl IntoIterator<Item = Fault>) {
        let rule = |fault| Rule { times: Some(1), ..self.every_join(fault) };
        self.proxy.set_rules(faults.into_iter().map(rule).collect()).unwrap();
    }

    /// A rule for each of them.
    pub fn every_join(&self, fault: Fault) -> Rule {
        Rule { method: Some("POST".to_owned()), query: Some("uploadId=".to_owned()), ..Rule::always(fault) }
    }

    /// The calls that were made to join parts.
    pub fn joins(&self) -> Vec<JournalEntry> {
        let requests = self.proxy.requests_after(0).into_iter();
        requests.filter(|request| request.method == "POST" && request.query.contains("uploadId=")).collect()
    }

    /// Waits until there is one more of them than so many.
    pub async fn joining_begins(&self, before: usize) {
        let began = Instant::now();
        while self.joins().len() <= before {
            assert!(began.elapsed() < PATIENCE, "nobody joins parts");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}
