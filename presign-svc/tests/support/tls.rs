//! A certificate authority of a test's own, made by the program `openssl`, and servers that show its certificates.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// An authority, which is gone with its folder.
pub struct Authority {
    folder: TempDir,
}

impl Authority {
    pub fn new() -> Self {
        let authority = Self { folder: TempDir::new().unwrap() };
        let mut own = openssl();
        own.args([
            "req",
            "-x509",
            "-nodes",
            "-days",
            "2",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ]);
        // Each has a name of its own: two of the same one would be told apart by their signatures only.
        let name = format!("/CN=Authority {}", authority.folder.path().display()).replace("/tmp/", " ");
        own.args(["-subj", &name, "-addext", "basicConstraints=critical,CA:TRUE"]);
        own.args(["-addext", "keyUsage=critical,keyCertSign"]);
        run(own.arg("-keyout").arg(authority.path("ca.key")).arg("-out").arg(authority.certificate()));
        authority
    }

    /// Its own certificate: what those are told who are to trust it.
    pub fn certificate(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// A certificate and its key for these names, such as `DNS:localhost,IP:127.0.0.1`.
    pub fn vouch_for(&self, file: &str, names: &str) -> (PathBuf, PathBuf) {
        let (certificate, key) = (self.path(&format!("{file}.pem")), self.path(&format!("{file}.key")));
        let (request, extensions) = (self.path("request"), self.path("extensions"));
        let mut asked = openssl();
        asked.args([
            "req",
            "-nodes",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-subj",
            "/CN=test",
        ]);
        run(asked.arg("-keyout").arg(&key).arg("-out").arg(&request));
        std::fs::write(&extensions, format!("subjectAltName={names}\nbasicConstraints=CA:FALSE\n")).unwrap();
        let mut signed = openssl();
        signed.args(["x509", "-req", "-days", "2", "-CAcreateserial"]).arg("-in").arg(&request);
        signed.arg("-CA").arg(self.certificate()).arg("-CAkey").arg(self.path("ca.key"));
        run(signed.arg("-extfile").arg(&extensions).arg("-out").arg(&certificate));
        (certificate, key)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Where the bytes go on, in plain.
#[derive(Clone)]
pub enum Behind {
    Port(u16),
    Socket(PathBuf),
}

/// Listens on a port of 127.0.0.1, shows a certificate of these names there, and passes on what comes.
pub async fn front(authority: &Authority, names: &str, behind: Behind) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = acceptor(authority.vouch_for(&format!("front-{port}"), names));
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                // Who does not trust it goes away.
                let Ok(mut outside) = acceptor.accept(connection).await else { return };
                let _ = match behind {
                    Behind::Port(port) => {
                        let mut inside = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                        copy_bidirectional(&mut outside, &mut inside).await
                    }
                    Behind::Socket(path) => {
                        let mut inside = UnixStream::connect(path).await.unwrap();
                        copy_bidirectional(&mut outside, &mut inside).await
                    }
                };
            });
        }
    });
    port
}

fn acceptor((certificate, key): (PathBuf, PathBuf)) -> TlsAcceptor {
    let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn openssl() -> Command {
    let mut command = Command::new("openssl");
    // Not this machine's defaults.
    command.env("OPENSSL_CONF", Path::new("/dev/null"));
    command
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("openssl: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
