//! Those whom the service talks to prove who they are: the identity provider's keys, PostgreSQL, the bucket and Redis
//! over TLS, by an authority of the test's own. Whom another authority vouches for, or who shows another name, is told
//! nothing, and what the operator is told helps.

use std::path::Path;
use std::process::{Command, Stdio};

use axum::Router;
use axum::routing::get;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::bucket::Bucket;
use crate::postgres::{Postgres, unprivileged};
use crate::redis::Redis;
use crate::service::{Served, WINDLASS, program, serve};
use crate::tls_server::{Authority, Behind, front};

const HERE: &str = "DNS:localhost,IP:127.0.0.1";
const ELSEWHERE: &str = "DNS:elsewhere.example";
const ISSUER: &str = "https://id.example.com/";
/// How often somebody else may be given a port that was free a moment ago.
const MOST_ATTEMPTS: usize = 3;

/// `windlass serve` on a folder, which trusts an authority.
fn trusting(authority: &Path, data: &TempDir) -> Command {
    let mut command = program(WINDLASS);
    command.args(serve(data.path())).env("SSL_CERT_FILE", authority);
    command
}

/// What `windlass doctor` says with the same settings.
fn doctor(serving: &Command, data: &TempDir) -> String {
    let mut command = program(WINDLASS);
    for (name, value) in serving.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        command.env(name, value);
    }
    let output = command.args(["doctor", "--data-dir"]).arg(data.path()).output().unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr)
}

fn key() -> EncodingKey {
    EncodingKey::from_ec_der(include_bytes!("../api/support/keys/es256.der"))
}

/// A provider's keys at a port of this machine, in plain.
async fn keys() -> u16 {
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&key(), Algorithm::ES256).unwrap()).unwrap();
    jwk["kid"] = json!("one");
    let document = json!({"keys": [jwk]}).to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = Router::new().route("/keys", get(move || async move { document }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn t19_keys_come_from_whom_the_authority_vouches_for_and_from_nobody_else() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let plain = keys().await;
    let data = tempfile::tempdir().unwrap();
    let claims = json!({"iss": ISSUER, "aud": "windlass", "sub": "ann", "tenant": "acme", "projects": ["job-7"],
        "scope": "read", "exp": time::OffsetDateTime::now_utc().unix_timestamp() + 600});
    let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::ES256) };
    let token = encode(&header, &claims, &key()).unwrap();
    for (authority, names, is_good) in
        [(&ours, HERE, true), (&theirs, HERE, false), (&ours, ELSEWHERE, false)]
    {
        let port = front(authority, names, Behind::Port(plain)).await;
        let mut command = trusting(&ours.certificate(), &data);
        command.env("WINDLASS_JWT_JWKS_URL", format!("https://localhost:{port}/keys"));
        command.env("WINDLASS_JWT_ISSUER", ISSUER).env_remove("WINDLASS_JWT_HS256_SECRET");
        let said = doctor(&command, &data);
        let service = Served::start(command);
        let me = service.http.get(format!("{}/api/v1/me", service.api)).bearer_auth(&token);
        let answer = me.send().await.unwrap();
        if is_good {
            assert_eq!(answer.status(), 200, "{}", service.log());
            assert!(said.contains("publishes 1 usable keys"), "{said}");
        } else {
            assert_eq!(answer.status(), 503, "{}", service.log());
            for told in [&said, &service.log()] {
                assert!(told.contains("certificate") && told.contains("SSL_CERT_FILE"), "{told}");
            }
        }
    }
}

/// Starts a server again on a port of 127.0.0.1, where it shows a certificate of these names.
fn show_certificate(postgres: &Postgres, authority: &Authority, names: &str) -> u16 {
    let (certificate, key) = authority.vouch_for("postgres", names);
    let data = postgres.path("data");
    for (file, name) in [(&certificate, "server.crt"), (&key, "server.key")] {
        // As whom the server runs: it reads no key of anybody else's.
        let mut install = unprivileged(Path::new("/bin/sh"));
        install.args(["-c", "umask 077; cat >\"$0\""]).arg(data.join(name));
        install.stdin(std::fs::File::open(file).unwrap());
        assert!(install.status().unwrap().success());
    }
    postgres.kill();
    for _ in 0..MOST_ATTEMPTS {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off -c ssl=on -c unix_socket_directories={}",
            postgres.path("socket").display()
        );
        let mut start = postgres.program("pg_ctl");
        start.arg("-D").arg(&data).args(["-w", "-o", &options, "-l"]).arg(data.join("log")).arg("start");
        start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if start.status().unwrap().success() {
            return port;
        }
    }
    panic!("PostgreSQL does not start at any port");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_believed_when_the_authority_vouches_for_its_name() {
    let Some(postgres) = Postgres::start() else { return };
    let (ours, theirs) = (Authority::new(), Authority::new());
    for (authority, names, is_good) in
        [(&ours, HERE, true), (&theirs, HERE, false), (&ours, ELSEWHERE, false)]
    {
        let port = show_certificate(&postgres, authority, names);
        let data = tempfile::tempdir().unwrap();
        let ca = ours.certificate();
        let by_name = format!(
            "postgres://windlass@localhost:{port}/postgres?sslmode=verify-full&sslrootcert={}",
            ca.display()
        );
        // By the setting of the database, and by that of the whole machine.
        let by_machine = format!("postgres://windlass@localhost:{port}/postgres?sslmode=verify-full");
        for url in [by_name, by_machine] {
            let mut command = trusting(&ca, &data);
            command.env("WINDLASS_DATABASE_URL", &url);
            if is_good {
                let service = Served::start(command);
                assert_eq!(service.status("/readyz").await, 200, "{}", service.log());
                service.announce_at_last("over TLS").await;
                continue;
            }
            let said = doctor(&command, &data);
            let output = command.output().unwrap();
            let log = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success(), "{log}");
            for told in [&said, &log] {
                assert!(told.contains("certificate") && told.contains("sslrootcert"), "{url}: {told}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bucket_is_believed_when_the_authority_vouches_for_its_name() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let bucket = Bucket::start().await;
    let plain = bucket.port();
    for (authority, names, is_good) in
        [(&ours, HERE, true), (&theirs, HERE, false), (&ours, ELSEWHERE, false)]
    {
        let data = tempfile::tempdir().unwrap();
        let port = front(authority, names, Behind::Port(plain)).await;
        let mut command = bucket.windlass(&port.to_string()).await;
        command.args(serve(data.path())).env("SSL_CERT_FILE", ours.certificate());
        command.env("WINDLASS_S3_ENDPOINT", format!("https://localhost:{port}"));
        let said = doctor(&command, &data);
        let service = Served::start(command);
        let (status, answer) = service.get("/readyz").await;
        if is_good {
            assert_eq!(status, 200, "{answer} {}", service.log());
        } else {
            assert_eq!((status, &answer["code"]), (503, &json!("store_unavailable")), "{answer}");
            for told in [&said, &service.log()] {
                assert!(told.contains("certificate") && told.contains("SSL_CERT_FILE"), "{told}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_believed_when_the_authority_vouches_for_its_name() {
    let Some(redis) = Redis::start() else { return };
    let (ours, theirs) = (Authority::new(), Authority::new());
    for (authority, names, is_good) in
        [(&ours, HERE, true), (&theirs, HERE, false), (&ours, ELSEWHERE, false)]
    {
        let data = tempfile::tempdir().unwrap();
        let port = front(authority, names, Behind::Socket(redis.socket())).await;
        let mut command = trusting(&ours.certificate(), &data);
        command.env("WINDLASS_REDIS_URL", format!("rediss://localhost:{port}"));
        command.env("WINDLASS_RATE_PER_SUBJECT", "100");
        let service = Served::start(command);
        // Whoever cannot be asked is done without: each instance keeps its own limits.
        service.announce_at_last("over TLS").await;
        let health: Value = service.health().await;
        let expected = if is_good { "ok" } else { "alone" };
        assert_eq!(health["rate_limits"], expected, "{health} {}", service.log());
        if !is_good {
            let log = service.log();
            assert!(log.contains("certificate"), "{log}");
        }
    }
}
