//! A whole service on free ports, and the words its tests speak in.

mod busy_leases;
mod clock;
mod event_stream;
mod faulty_store;
mod form;
mod interrupted_uploads;
mod photo;
pub mod provider;
mod requests;

pub use busy_leases::BusyLeases;
pub use clock::MovableClock;
pub use event_stream::EventStream;
pub use faulty_store::FaultyStore;
pub use form::form_body;
pub use interrupted_uploads::InterruptedUploads;
pub use photo::{PhotoSpec, jpeg, random_bytes};
pub use requests::{Answer, crc64nvme, file, file_of};

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use windlass_embedded_store::{AllowedOrigins as StoreOrigins, EmbeddedStore, StoreConfig};
use windlass_presign_svc::adapters::memory::MemoryRateLimiter;
use windlass_presign_svc::adapters::memory_tickets::MemoryTickets;
use windlass_presign_svc::adapters::s3::{CredentialsFrom, S3Settings, S3Store};
use windlass_presign_svc::adapters::sqlite::SqliteDatabase;
use windlass_presign_svc::adapters::system::RandomIds;
use windlass_presign_svc::answers::RecentAnswers;
use windlass_presign_svc::api::cors::AllowedOrigins;
use windlass_presign_svc::api::demo::DemoSite;
use windlass_presign_svc::app::{App, RateLimits, Readiness, Settings, Turns};
use windlass_presign_svc::auth::{Caller, Membership, ProjectAccess, Scope, TokenGrant, TokenRules, Tokens};
use windlass_presign_svc::config::DeliveryOptions;
use windlass_presign_svc::domain::client_address::TrustedProxies;
use windlass_presign_svc::domain::limits::Limits;
use windlass_presign_svc::domain::object_key::KeyTemplate;
use windlass_presign_svc::domain::quota::Allowance;
use windlass_presign_svc::domain::upload::Upload;
use windlass_presign_svc::feeds::Feeds;
use windlass_presign_svc::jobs::assemble::AssemblyCalls;
use windlass_presign_svc::jobs::notice::Awaited;
use windlass_presign_svc::metrics::Metrics;
use windlass_presign_svc::ports::clock::Clock as _;
use windlass_presign_svc::ports::object_store::ObjectStore as _;
use windlass_presign_svc::progress::RecentProgress;
use windlass_presign_svc::traces::Traces;
use windlass_presign_svc::{api, server};
use windlass_s3_suite::S3Target;
use windlass_signing::Addressing;

/// How many streams of events may be open.
pub const MAX_STREAMS: usize = 8;

/// What a test may want otherwise.
pub struct TestOptions {
    pub settings: Settings,
    pub tokens: Tokens,
    pub membership: Membership,
    pub delivery: DeliveryOptions,
}

impl Default for TestOptions {
    fn default() -> Self {
        let rules = TokenRules::new("windlass", "windlass");
        let tokens = Tokens::from_secret(b"a secret that is long enough, 32+", rules).unwrap();
        let delivery = DeliveryOptions::default();
        Self { settings: settings(), tokens, membership: Membership::default(), delivery }
    }
}

/// A service for one test.
pub struct TestApp {
    pub app: Arc<App>,
    pub clock: Arc<MovableClock>,
    pub store: Arc<FaultyStore>,
    pub uploads: Arc<InterruptedUploads>,
    pub leases: Arc<BusyLeases>,
    pub http: reqwest::Client,
    address: SocketAddr,
    stop: CancellationToken,
    folder: TempDir,
}

impl TestApp {
    /// Starts with the defaults, and video up to 1 GiB, on the embedded store.
    pub async fn start() -> Self {
        let folder = scratch_folder();
        let stop = CancellationToken::new();
        let s3 = start_store(&folder, &stop).await;
        Self::start_on(s3, TestOptions::default(), folder, stop).await
    }

    /// The same with something else than the defaults.
    pub async fn start_with(options: TestOptions) -> Self {
        let folder = scratch_folder();
        let stop = CancellationToken::new();
        let s3 = start_store(&folder, &stop).await;
        Self::start_on(s3, options, folder, stop).await
    }

    /// The same on another store.
    pub async fn start_at(target: &S3Target) -> Self {
        let settings = S3Settings {
            bucket: target.bucket.clone(),
            region: Some(target.region.clone()),
            endpoint: Some(target.endpoint.clone()),
            public_endpoint: None,
            accelerate: false,
            addressing: Addressing::Path,
            credentials: CredentialsFrom::Fixed {
                access_key_id: target.access_key_id.clone(),
                secret_access_key: target.secret_access_key.clone(),
            },
        };
        let s3 = S3Store::connect(&settings).await.unwrap();
        let settings = Settings { conditional_writes: false, ..self::settings() };
        let options = TestOptions { settings, ..TestOptions::default() };
        Self::start_on(s3, options, scratch_folder(), CancellationToken::new()).await
    }

    /// The same on this one's bucket, and on a copy of its database in the same folder.
    pub async fn restored(&self, name: &str) -> Self {
        let s3 = connect(self.store.browser_origin()).await;
        let folder = scratch_folder();
        std::fs::copy(self.database(name), folder.path().join("test.sqlite")).unwrap();
        Self::start_on(s3, TestOptions::default(), folder, CancellationToken::new()).await
    }

    /// The file of a database in its folder; its own is called `test`.
    pub fn database(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.sqlite"))
    }

    async fn start_on(s3: S3Store, options: TestOptions, folder: TempDir, stop: CancellationToken) -> Self {
        let store = Arc::new(FaultyStore::around(s3));
        let database = SqliteDatabase::open(&folder.path().join("test.sqlite")).await.unwrap();
        let events = Arc::new(database.clone());
        let uploads = Arc::new(InterruptedUploads::around(database.clone()));
        let leases = Arc::new(BusyLeases::default());
        let clock = Arc::new(MovableClock::default());
        let app = Arc::new(App {
            settings: options.settings,
            store: store.clone(),
            delivery: options.delivery.ways().unwrap(),
            uploads: uploads.clone(),
            events: events.clone(),
            feeds: Feeds::start(events, MAX_STREAMS, stop.clone()),
            tickets: Arc::new(MemoryTickets::default()),
            clock: clock.clone(),
            ids: Arc::new(RandomIds::new()),
            tokens: options.tokens,
            membership: options.membership,
            links: Arc::new(database),
            limiter: Arc::new(MemoryRateLimiter::default()),
            turns: Turns::among(Some(leases.clone())),
            readiness: Readiness::default(),
            answers: RecentAnswers::default(),
            shown: Arc::default(),
            progress: RecentProgress::default(),
            assembly_calls: AssemblyCalls::default(),
            awaited: Awaited::default(),
            metrics: Metrics::default(),
            traces: Traces::off(),
        });
        let origins = AllowedOrigins::Exactly(vec!["https://good.com".parse().unwrap()]);
        let demo = Some(DemoSite { tenant: "demo".parse().unwrap(), origins: origins.clone() });
        let (router, busy) = (api::router(app.clone(), &origins, demo), api::busy::router(&origins));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(server::serve(listener, router, busy, TrustedProxies::default(), stop.clone()));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { app, clock, store, uploads, leases, http, address, stop, folder }
    }

    /// Lets time pass, by the service's clock and by the store's.
    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
        *self.store.ahead.lock().unwrap() += time;
    }

    /// Begins to stop the service.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// A token for these scopes in these projects of a tenant.
    pub fn token(&self, tenant: &str, projects: &[&str], scopes: &[Scope]) -> String {
        self.token_of("ann", tenant, projects, scopes)
    }

    /// The same for somebody else.
    pub fn token_of(&self, subject: &str, tenant: &str, projects: &[&str], scopes: &[Scope]) -> String {
        let projects = match projects {
            ["*"] => ProjectAccess::All,
            some => ProjectAccess::only(some.iter().map(|project| project.parse().unwrap())),
        };
        let caller = Caller {
            tenant: tenant.parse().unwrap(),
            subject: subject.to_owned(),
            projects,
            scopes: scopes.iter().copied().collect(),
            link: None,
        };
        let grant = TokenGrant { caller, lifetime: Duration::from_secs(3600) };
        self.app.tokens.mint(&grant, self.clock.now()).unwrap()
    }

    /// The caller of most tests: everything in `job-7` of `acme`.
    pub fn ann(&self) -> String {
        self.token("acme", &["job-7"], &Scope::ALL)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request with a token and, unless it is null, a JSON body.
    pub async fn call(&self, method: Method, path: &str, token: &str, body: Value) -> Answer {
        let mut request = self.http.request(method, self.url(path)).bearer_auth(token);
        if !body.is_null() {
            request = request.json(&body);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &self.ann(), Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, &self.ann(), body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, &self.ann(), Value::Null).await
    }

    /// Announces files of `job-7` and answers the entries.
    pub async fn announce(&self, files: Value) -> Vec<Value> {
        let answer = self.post("/api/v1/uploads", json!({"project_id": "job-7", "files": files})).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body["uploads"].as_array().unwrap().clone()
    }

    /// Announces one file.
    pub async fn announce_one(&self, file: Value) -> Value {
        self.announce(json!([file])).await.remove(0)
    }

    /// What a browser does with a signed request: it sends the headers, and sets `content-length` itself.
    pub async fn put(&self, signed: &Value, bytes: &[u8]) -> reqwest::Response {
        let mut request = self.http.put(signed["url"].as_str().unwrap()).body(bytes.to_vec());
        let headers = signed["headers"].as_object().unwrap();
        for (name, value) in headers.iter().filter(|(name, _)| *name != "content-length") {
            request = request.header(name, value.as_str().unwrap());
        }
        request.send().await.unwrap()
    }

    /// Announces, sends and completes one small photo.
    pub async fn upload(&self, client_ref: &str, bytes: &[u8]) -> Value {
        let upload = self.announce_one(file_of(client_ref, "roof.jpg", bytes)).await;
        assert_eq!(self.put(&upload, bytes).await.status(), 200);
        let photo = self.complete(&upload, Value::Null).await;
        assert_eq!(photo.status, 200, "{}", photo.body);
        photo.body
    }

    /// What is recorded of an upload of `acme`.
    pub async fn record(&self, upload: &Value) -> Upload {
        let id = upload["upload_id"].as_str().unwrap().parse().unwrap();
        self.app.uploads.find(&"acme".parse().unwrap(), id).await.unwrap().unwrap()
    }

    pub async fn complete(&self, upload: &Value, body: Value) -> Answer {
        self.post(&format!("/api/v1/uploads/{}/complete", upload["upload_id"].as_str().unwrap()), body).await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// In memory where the system has such a folder: these tests are not about the disk, and fsync is slow.
fn scratch_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

pub fn settings() -> Settings {
    Settings {
        // As every service has it.
        allowance: Allowance { max_open_uploads: Some(10_000), ..Allowance::default() },
        rates: RateLimits::default(),
        upload_page: None,
        limits: Limits { video: Some(1..=1 << 30), ..Limits::default() },
        key_template: KeyTemplate::parse(KeyTemplate::DEFAULT).unwrap(),
        put_url_lifetime: Duration::from_secs(900),
        get_url_lifetime: Duration::from_secs(7200),
        upload_deadline: Duration::from_secs(86_400),
        event_retention: Duration::from_secs(7 * 86_400),
        reconcile_every: None,
        conditional_writes: true,
        plain_clients: false,
        weak_signal: true,
        api_docs: true,
        assembly_wait: Duration::ZERO,
    }
}

async fn start_store(folder: &TempDir, stop: &CancellationToken) -> S3Store {
    let store = EmbeddedStore::open(StoreConfig {
        root: folder.path().join("store"),
        bucket: "photos".to_owned(),
        region: "us-east-1".to_owned(),
        access_key_id: "test".to_owned(),
        secret_access_key: "canary-store-secret".to_owned(),
        allowed_origins: StoreOrigins::Any,
    })
    .await
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(store.serve(listener, stop.clone().cancelled_owned()));
    connect(format!("http://{address}")).await
}

/// The embedded store of a test.
async fn connect(endpoint: String) -> S3Store {
    let settings = S3Settings {
        bucket: "photos".to_owned(),
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint),
        public_endpoint: None,
        accelerate: false,
        addressing: Addressing::Path,
        credentials: CredentialsFrom::Fixed {
            access_key_id: "test".to_owned(),
            secret_access_key: "canary-store-secret".to_owned(),
        },
    };
    S3Store::connect(&settings).await.unwrap()
}
