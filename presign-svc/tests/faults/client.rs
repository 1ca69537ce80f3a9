//! A client that does one of everything, knows what was acknowledged, and goes on after a failure.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::service::{Place, Served};

const PART_BYTES: usize = 5 << 20;

/// A file, by its `client_ref`, and its bytes: what becomes of it is in its name.
const KEPT: &str = "kept";
const IN_PARTS: &str = "kept-in-parts";
const DELETED: &str = "deleted";
const GIVEN_UP: &str = "given-up";
/// The same, sent in small pieces that a job puts together.
const IN_PIECES: &str = "kept-in-pieces";
const PARTS_IN_PIECES: &str = "kept-in-parts-in-pieces";
const PIECE_BYTES: usize = 512 << 10;
/// So often the service may say that it is putting pieces together.
const PATIENCE: usize = 40;

pub struct Client {
    http: reqwest::Client,
    token: String,
    files: BTreeMap<&'static str, Vec<u8>>,
    /// Which upload each file was told to be.
    ids: BTreeMap<&'static str, String>,
    /// What is done, by file and deed.
    done: BTreeSet<(&'static str, &'static str)>,
}

/// As S3 writes it.
fn crc64nvme(bytes: &[u8]) -> String {
    let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes);
    STANDARD.encode(sum.to_be_bytes())
}

/// The service went away before it had answered.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Stopped(#[from] reqwest::Error);

impl Client {
    pub fn new(place: &Place) -> Self {
        let mut token = place.windlass();
        token.args(["token", "--tenant", "acme", "--project", "job-7"]);
        let made = token.args(["--scope", "upload read delete pipeline"]).output().unwrap();
        let pdf = |size: usize, fill: u8| [b"%PDF-1.7\n".to_vec(), vec![fill; size]].concat();
        let files = [
            (KEPT, pdf(4096, b'a')),
            (IN_PARTS, pdf(PART_BYTES, b'b')),
            (DELETED, pdf(4096, b'c')),
            (GIVEN_UP, pdf(PART_BYTES, b'd')),
            (IN_PIECES, pdf(PIECE_BYTES, b'e')),
            (PARTS_IN_PIECES, pdf(PART_BYTES, b'f')),
        ];
        Self {
            http: reqwest::Client::builder().no_proxy().retry(reqwest::retry::never()).build().unwrap(),
            token: String::from_utf8(made.stdout).unwrap().trim().to_owned(),
            files: files.into(),
            ids: BTreeMap::new(),
            done: BTreeSet::new(),
        }
    }

    /// All that is still to be done. What was acknowledged before must be true.
    pub async fn work(&mut self, service: &Served) -> Result<(), Stopped> {
        for announced in self.announce(service).await? {
            match announced["client_ref"].as_str().unwrap() {
                IN_PIECES => self.stage(service, IN_PIECES).await?,
                PARTS_IN_PIECES => self.stage(service, PARTS_IN_PIECES).await?,
                _ => self.send(&announced).await?,
            }
        }
        for file in [KEPT, IN_PARTS, DELETED, IN_PIECES, PARTS_IN_PIECES] {
            if self.is_new(file, "completed") {
                self.complete(service, file).await?;
                self.done.insert((file, "completed"));
            }
        }
        let given_up = format!("uploads/{}", self.ids[GIVEN_UP]);
        self.once(service, (GIVEN_UP, "aborted"), Method::DELETE, &given_up, Value::Null, &[204]).await?;
        let kept = format!("photos/{}", self.ids[KEPT]);
        let tags = json!({"tags": ["roof"]});
        self.once(service, (KEPT, "tagged"), Method::PATCH, &kept, tags, &[200]).await?;
        let status = json!({"status": "processing"});
        let of_kept = format!("{kept}/status");
        self.once(service, (KEPT, "processed"), Method::PATCH, &of_kept, status, &[200]).await?;
        // Where the answer to the first one was lost it is gone already.
        let deleted = format!("photos/{}", self.ids[DELETED]);
        self.once(service, (DELETED, "deleted"), Method::DELETE, &deleted, Value::Null, &[204, 404]).await
    }

    /// That the list has what is to be there, and each file is what was chosen, byte for byte.
    pub async fn check_photos(&self, service: &Served) {
        let path = "photos?project_id=job-7";
        let list = self.ask(service, Method::GET, path, Value::Null, &[200]).await.unwrap();
        let list: Value = list.json().await.unwrap();
        let photos = list["photos"].as_array().unwrap();
        assert_eq!(photos.len(), 4, "{list}");
        for file in [KEPT, IN_PARTS, IN_PIECES, PARTS_IN_PIECES] {
            let photo = photos.iter().find(|photo| photo["photo_id"] == self.ids[file]).unwrap();
            let fetched = self.http.get(photo["url"].as_str().unwrap()).send().await.unwrap();
            assert!(fetched.bytes().await.unwrap() == self.files[file], "{file} is not what was chosen");
            let (status, tags) =
                if file == KEPT { ("processing", json!(["roof"])) } else { ("uploaded", json!([])) };
            assert_eq!((&photo["status"], &photo["tags"]), (&json!(status), &tags), "{file}");
        }
        assert_eq!(
            list["totals"],
            json!({"uploaded": 3, "processing": 1, "completed": 0, "failed": 0, "quarantined": 0})
        );
    }

    /// What is true of a client that never came back: what it was told is done, whatever else there is are its
    /// files, whole, and the list shows no other photos than these.
    pub async fn check_what_it_left(&self, service: &Served, photos: &BTreeSet<String>) {
        let path = "photos?project_id=job-7";
        let list = self.ask(service, Method::GET, path, Value::Null, &[200]).await.unwrap();
        let list: Value = list.json().await.unwrap();
        let listed = list["photos"].as_array().unwrap();
        let ids: BTreeSet<String> =
            listed.iter().map(|photo| photo["photo_id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(&ids, photos, "{list}");
        for photo in listed {
            let bytes =
                self.http.get(photo["url"].as_str().unwrap()).send().await.unwrap().bytes().await.unwrap();
            // Its client may not have lived to learn which photo it is.
            assert!(self.files.values().any(|file| *file == bytes), "{photo} is none of the files");
        }
        for (file, _) in self.done.iter().filter(|(_, deed)| *deed == "completed") {
            let photo = listed.iter().find(|photo| photo["photo_id"] == self.ids[file]);
            match photo {
                Some(photo) => {
                    let fetched = self.http.get(photo["url"].as_str().unwrap()).send().await.unwrap();
                    assert!(
                        fetched.bytes().await.unwrap() == self.files[file],
                        "{file} is not what was chosen"
                    );
                }
                // Its deletion may have been done, and the answer lost.
                None => assert_eq!(*file, DELETED, "{file} was acknowledged, and is gone: {list}"),
            }
        }
        for (file, deed) in [(DELETED, "deleted"), (GIVEN_UP, "aborted")] {
            if !self.is_new(file, deed) {
                assert!(!ids.contains(&self.ids[file]), "{file} is back");
            }
        }
    }

    /// Completes, and waits for what is being put together: each answer waits a while itself.
    async fn complete(&self, service: &Served, file: &'static str) -> Result<(), Stopped> {
        let path = format!("uploads/{}/complete", self.ids[file]);
        for _ in 0..PATIENCE {
            if self.ask(service, Method::POST, &path, Value::Null, &[200, 409]).await?.status() == 200 {
                return Ok(());
            }
        }
        panic!("{file} is never put together");
    }

    /// Sends a file in pieces, where they are still taken.
    async fn stage(&self, service: &Served, file: &'static str) -> Result<(), Stopped> {
        let pieces: Vec<&[u8]> = self.files[file].chunks(PIECE_BYTES).collect();
        let wanted: Vec<Value> = pieces
            .iter()
            .enumerate()
            .map(|(index, piece)| json!({"piece_number": index + 1, "checksum": crc64nvme(piece)}))
            .collect();
        let path = format!("uploads/{}/pieces", self.ids[file]);
        let body = json!({"piece_size": PIECE_BYTES, "pieces": wanted});
        // 409: it is a photo already.
        let signed: Value = self.ask(service, Method::POST, &path, body, &[200, 409]).await?.json().await?;
        for (signed, piece) in signed["pieces"].as_array().into_iter().flatten().zip(pieces) {
            self.put(signed, piece.to_vec()).await?;
        }
        Ok(())
    }

    fn is_new(&self, file: &'static str, deed: &'static str) -> bool {
        !self.done.contains(&(file, deed))
    }

    /// Announces what is not settled, and answers what the service says of it.
    async fn announce(&mut self, service: &Served) -> Result<Vec<Value>, Stopped> {
        let settled = [(GIVEN_UP, "aborted"), (DELETED, "deleted"), (DELETED, "completed")];
        let wanted: Vec<&'static str> = self
            .files
            .keys()
            .copied()
            .filter(|file| !settled.iter().any(|deed| deed.0 == *file && self.done.contains(deed)))
            .collect();
        let files: Vec<Value> = wanted
            .iter()
            .map(|file| {
                json!({"client_ref": file, "filename": "plan.pdf", "content_type": "application/pdf",
                       "size": self.files[file].len()})
            })
            .collect();
        let body = json!({"project_id": "job-7", "files": files});
        let answer: Value = self.ask(service, Method::POST, "uploads", body, &[201]).await?.json().await?;
        let uploads = answer["uploads"].as_array().unwrap().clone();
        for (file, upload) in wanted.into_iter().zip(&uploads) {
            let id = upload["upload_id"].as_str().unwrap_or_else(|| panic!("{file}: {upload}")).to_owned();
            // An abort whose answer was lost has freed the name.
            if let Some(before) = self.ids.insert(file, id.clone()).filter(|before| *before != id) {
                assert_eq!(file, GIVEN_UP, "{before} was acknowledged, and is forgotten");
            }
        }
        Ok(uploads)
    }

    /// Sends the bytes of an upload for which there are URLs.
    async fn send(&self, announced: &Value) -> Result<(), Stopped> {
        let name = announced["client_ref"].as_str().unwrap();
        let bytes = &self.files[name];
        if announced["url"].is_string() {
            self.put(announced, bytes.clone()).await?;
        }
        let parts = announced["parts"].as_array().cloned().unwrap_or_default();
        for (signed, part) in parts.iter().zip(bytes.chunks(PART_BYTES)) {
            self.put(signed, part.to_vec()).await?;
        }
        Ok(())
    }

    async fn put(&self, signed: &Value, bytes: Vec<u8>) -> Result<(), Stopped> {
        let mut put = self.http.put(signed["url"].as_str().unwrap()).body(bytes);
        let headers = signed["headers"].as_object().unwrap();
        for (name, value) in headers.iter().filter(|(name, _)| *name != "content-length") {
            put = put.header(name, value.as_str().unwrap());
        }
        let status = put.send().await?.status().as_u16();
        // 412: its bytes are there, and are not written over. 404: its parts were joined, and completing says so.
        assert!([200, 404, 412].contains(&status), "the store answers {status}");
        Ok(())
    }

    async fn once(
        &mut self,
        service: &Served,
        deed: (&'static str, &'static str),
        method: Method,
        path: &str,
        body: Value,
        good: &[u16],
    ) -> Result<(), Stopped> {
        if self.is_new(deed.0, deed.1) {
            self.ask(service, method, path, body, good).await?;
            self.done.insert(deed);
        }
        Ok(())
    }

    async fn ask(
        &self,
        service: &Served,
        method: Method,
        path: &str,
        body: Value,
        good: &[u16],
    ) -> Result<Response, Stopped> {
        let url = format!("{}/api/v1/{path}", service.api);
        let mut request = self.http.request(method.clone(), url).bearer_auth(&self.token);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        if good.contains(&status) {
            return Ok(answer);
        }
        panic!("{method} {path}: {status} {}", answer.text().await?);
    }
}
