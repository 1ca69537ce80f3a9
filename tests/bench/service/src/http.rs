//! One kept connection that asks and waits for the answer: as little as a client can do, for it works on the
//! same cores as the server that is measured.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const MAX_HEADERS: usize = 48;
const READ_BYTES: usize = 16 * 1024;

/// A connection.
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

/// What was answered.
pub struct Answer<'c> {
    /// The status.
    pub status: u16,
    /// The whole body.
    pub body: &'c [u8],
}

struct Head {
    status: u16,
    /// Where the body begins.
    start: usize,
    length: Option<usize>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(READ_BYTES) })
    }

    /// Sends a whole request and reads its answer, whose length must be told.
    pub async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.read.clear();
        let head = self.head().await?;
        let end = head.start + head.length.context("an answer without a content-length")?;
        while self.read.len() < end {
            self.more().await?;
        }
        ensure!(self.read.len() == end, "more came than was answered");
        Ok(Answer { status: head.status, body: &self.read[head.start..end] })
    }

    /// Sends a request whose answer never ends, and reads its head: the stream, and what came of it with the head.
    pub async fn open_stream(mut self, request: &[u8]) -> Result<(TcpStream, Vec<u8>)> {
        self.stream.write_all(request).await?;
        let head = self.head().await?;
        ensure!(head.status == 200, "the stream was refused with {}", head.status);
        Ok((self.stream, self.read.split_off(head.start)))
    }

    async fn head(&mut self) -> Result<Head> {
        loop {
            self.more().await?;
            if let Some(head) = head_of(&self.read)? {
                return Ok(head);
            }
        }
    }

    async fn more(&mut self) -> Result<()> {
        self.read.reserve(READ_BYTES);
        if self.stream.read_buf(&mut self.read).await? == 0 {
            bail!("the server hung up");
        }
        Ok(())
    }
}

fn head_of(read: &[u8]) -> Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = answer.parse(read)? else { return Ok(None) };
    let length = answer.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length =
        length.map(|header| std::str::from_utf8(header.value)?.trim().parse().map_err(anyhow::Error::from));
    Ok(Some(Head { status: answer.code.unwrap_or(0), start, length: length.transpose()? }))
}

/// A request with a JSON body, or without one.
pub fn request(method: &str, path: &str, token: &str, body: Option<&str>) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\n");
    if !token.is_empty() {
        text.push_str(&format!("authorization: Bearer {token}\r\n"));
    }
    match body {
        Some(body) => {
            text.push_str(&format!(
                "content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ));
        }
        None => text.push_str("\r\n"),
    }
    text.into_bytes()
}
