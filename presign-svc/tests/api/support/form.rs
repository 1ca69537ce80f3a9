//! A form as a browser writes it (RFC 7578).

use serde_json::Value;

/// The body and its content type: the fields in their order, then the file.
pub fn form_body(fields: &Value, file: &[u8]) -> (String, Vec<u8>) {
    let boundary = "----windlass-test-boundary";
    let mut body = Vec::new();
    for (name, value) in fields.as_object().unwrap() {
        let value = value.as_str().unwrap();
        body.extend(
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .bytes(),
        );
    }
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"blob\"\r\nContent-Type: image/jpeg";
    body.extend(format!("--{boundary}\r\n{head}\r\n\r\n").bytes());
    body.extend(file);
    body.extend(format!("\r\n--{boundary}--\r\n").bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}
