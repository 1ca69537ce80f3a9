//! A document that goes in parts, sent as a browser sends it, by whichever instance.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::events::created;
use crate::service::Served;

/// Of a document this small.
const PART_BYTES: usize = 5 << 20;

/// Of two parts, the same for the same number.
pub fn document(number: u8) -> Vec<u8> {
    [b"%PDF-1.7\n".to_vec(), vec![number; PART_BYTES + 4096]].concat()
}

/// A single page, which goes by one PUT, announced and not yet sent.
pub struct Page {
    upload: Value,
    bytes: Vec<u8>,
}

impl Page {
    /// Announces it.
    pub async fn announce(service: &Served, name: &str) -> Self {
        let bytes = [b"%PDF-1.7\n", name.as_bytes()].concat();
        Self { upload: announced(service, name, &bytes, PART_BYTES).await, bytes }
    }

    /// That what was announced before the trouble becomes a photo after it: byte for byte, the only one there is, and
    /// told once.
    pub async fn check_becomes_the_only_photo(&self, service: &Served) {
        assert_eq!(service.put(&self.upload, &self.bytes).await, 200);
        let id = self.upload["upload_id"].as_str().unwrap();
        let (status, photo) = complete(service, id).await;
        assert_eq!(status, 200, "{photo}");
        assert!(bytes_of(service, &photo).await == self.bytes, "stored byte for byte");
        let (_, list) = service.get("/api/v1/photos?project_id=job-7").await;
        assert_eq!(list["photos"].as_array().map(Vec::len), Some(1), "{list}");
        assert_eq!(created(service, service, id).await, [id]);
    }
}

/// Announces it; answers its upload's id.
pub async fn announce(service: &Served, name: &str, bytes: &[u8]) -> String {
    announce_cut(service, name, bytes, PART_BYTES).await
}

/// The same, in parts of another size.
pub async fn announce_cut(service: &Served, name: &str, bytes: &[u8], part_bytes: usize) -> String {
    announced(service, name, bytes, part_bytes).await["upload_id"].as_str().unwrap().to_owned()
}

async fn announced(service: &Served, name: &str, bytes: &[u8], part_bytes: usize) -> Value {
    let file = json!({"client_ref": name, "filename": "plan.pdf", "content_type": "application/pdf",
                      "size": bytes.len(), "checksum": crc64nvme(bytes), "preferred_part_size": part_bytes});
    let announced = json!({"project_id": "job-7", "files": [file]});
    let (status, body) = service.post("/api/v1/uploads", &announced).await;
    assert_eq!(status, 201, "{body}");
    body["uploads"][0].clone()
}

/// Has all parts signed, and sends them.
pub async fn send_parts(service: &Served, id: &str, bytes: &[u8]) {
    for number in 1..=bytes.chunks(PART_BYTES).len() {
        send_part(service, id, bytes, number).await;
    }
}

/// Has one part signed, and sends it.
pub async fn send_part(service: &Served, id: &str, bytes: &[u8], number: usize) {
    let part = bytes.chunks(PART_BYTES).nth(number - 1).unwrap();
    let wanted = json!({"parts": [{"part_number": number, "checksum": crc64nvme(part)}]});
    let (status, signed) = service.post(&format!("/api/v1/uploads/{id}/parts"), &wanted).await;
    assert_eq!(status, 200, "{signed}");
    assert_eq!(service.put(&signed["parts"][0], part).await, 200);
}

/// Says that all is sent: the status, and the photo or the problem.
pub async fn complete(service: &Served, id: &str) -> (u16, Value) {
    service.post(&format!("/api/v1/uploads/{id}/complete"), &json!({})).await
}

/// The bytes of a photo.
pub async fn bytes_of(service: &Served, photo: &Value) -> Vec<u8> {
    let answer = service.http.get(photo["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}

/// As S3 writes it.
pub fn crc64nvme(bytes: &[u8]) -> String {
    STANDARD.encode(crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes).to_be_bytes())
}
