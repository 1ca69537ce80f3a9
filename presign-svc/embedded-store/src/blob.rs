//! Bodies: written once from a stream, digested on the way, on disk before anyone refers to them;
//! and read back as a stream.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use s3s::StdError;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::task::spawn_blocking;
use tokio_util::io::ReaderStream;

use crate::checksum::{Algorithm, BodyDigester, Checksum};
use crate::layout::{BlobId, Layout, blocking, sync_folder};
use crate::manifest::StoredPart;

/// How long a client may send nothing before its request is given up.
const SILENCE_LIMIT: Duration = Duration::from_secs(60);
/// What is gathered before it is written. One batch is gathered while the one before is written,
/// so a request holds less than 2 MiB: two batches, and what hyper read beyond (about 400 KiB).
const BATCH_BYTES: usize = 512 * 1024;
const READ_BUFFER_BYTES: usize = 256 * 1024;

/// Why a body could not be taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// The client broke off, or its chunk signatures or framing are wrong.
    #[error("the body could not be read: {0}")]
    Source(StdError),
    #[error("the client sent nothing for {} seconds", SILENCE_LIMIT.as_secs())]
    Silent,
    #[error("the body is longer than {limit_bytes} bytes")]
    TooLarge { limit_bytes: u64 },
    #[error("the body could not be written: {0}")]
    Disk(#[from] io::Error),
}

/// Bodies being written, or finished and about to be referred to: the sweep leaves them alone.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Mutex<HashSet<BlobId>>);

impl InFlight {
    pub(crate) fn snapshot(&self) -> HashSet<BlobId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A body on disk that no manifest refers to yet. Dropped, it deletes its file.
#[derive(Debug)]
pub(crate) struct PendingBlob {
    blob: BlobId,
    layout: Arc<Layout>,
    in_flight: Arc<InFlight>,
    referred_to: bool,
}

impl PendingBlob {
    /// A manifest that refers to it is on disk: the file stays.
    pub(crate) fn keep(mut self) {
        self.referred_to = true;
    }
}

impl Drop for PendingBlob {
    fn drop(&mut self) {
        if !self.referred_to {
            self.layout.remove_blobs(&[self.blob]);
        }
        self.in_flight.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.blob);
    }
}

/// A body that is wholly on disk, with what was measured of it.
#[derive(Debug)]
pub(crate) struct WrittenBody {
    pub(crate) pending: PendingBlob,
    pub(crate) blob: BlobId,
    pub(crate) size_bytes: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) checksum: Checksum,
}

/// A file that is being written, and the digests of what is in it so far.
struct Writer {
    file: File,
    digester: BodyDigester,
}

impl Writer {
    /// Blocks; call it on a thread for that.
    fn write(mut self, batch: Vec<Bytes>) -> io::Result<Self> {
        for chunk in batch {
            self.digester.update(&chunk);
            self.file.write_all(&chunk)?;
        }
        Ok(self)
    }
}

/// Streams a body to a new file. When this returns, its bytes and its name are on disk; when the
/// future is dropped, the file goes.
///
/// A thread is used only while there is something to write: a thousand slow phones must not hold
/// a thousand threads.
pub(crate) async fn write_body(
    layout: &Arc<Layout>,
    in_flight: &Arc<InFlight>,
    algorithm: Algorithm,
    limit_bytes: u64,
    source: impl Stream<Item = Result<Bytes, StdError>> + Send,
) -> Result<WrittenBody, BodyError> {
    let blob = BlobId::random();
    let path = layout.blob_path(blob);
    in_flight.0.lock().unwrap_or_else(PoisonError::into_inner).insert(blob);
    let pending = PendingBlob {
        blob,
        layout: Arc::clone(layout),
        in_flight: Arc::clone(in_flight),
        referred_to: false,
    };
    let (shards, target) = (Arc::clone(layout), path.clone());
    blocking(move || shards.make_shard(&target)).await?;
    // Made here rather than on another thread, so that dropping `pending` finds it.
    let writer = Writer { file: File::create_new(&path)?, digester: BodyDigester::new(algorithm) };

    let mut writing = spawn_blocking(move || Ok(writer));
    let (mut size_bytes, mut batch, mut batch_bytes) = (0u64, Vec::new(), 0);
    let mut source = std::pin::pin!(source);
    loop {
        let next = tokio::time::timeout(SILENCE_LIMIT, source.next()).await.map_err(|_| BodyError::Silent)?;
        let Some(chunk) = next.transpose().map_err(BodyError::Source)? else { break };
        size_bytes = size_bytes.saturating_add(chunk.len() as u64);
        if size_bytes > limit_bytes {
            return Err(BodyError::TooLarge { limit_bytes });
        }
        batch_bytes += chunk.len();
        batch.push(chunk);
        if batch_bytes >= BATCH_BYTES {
            let writer: Writer = writing.await.map_err(io::Error::other)??;
            let full = std::mem::take(&mut batch);
            batch_bytes = 0;
            writing = spawn_blocking(move || writer.write(full));
        }
    }
    let writer = writing.await.map_err(io::Error::other)??;
    let (md5, checksum) = blocking(move || {
        let Writer { file, digester } = writer.write(batch)?;
        file.sync_all()?;
        path.parent().map_or(Ok(()), sync_folder)?;
        Ok(digester.finish())
    })
    .await?;
    Ok(WrittenBody { pending, blob, size_bytes, md5, checksum })
}

/// The bytes `from..from + length` of an object's parts, read one buffer at a time.
pub(crate) fn read_range(
    layout: Arc<Layout>,
    parts: &[StoredPart],
    mut from: u64,
    mut length: u64,
) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
    let mut pieces = Vec::new();
    for part in parts {
        if from >= part.size_bytes {
            from -= part.size_bytes;
            continue;
        }
        let piece_length = length.min(part.size_bytes - from);
        if piece_length == 0 {
            break;
        }
        pieces.push((part.blob, from, piece_length));
        length -= piece_length;
        from = 0;
    }
    futures::stream::iter(pieces)
        .then(move |(blob, from, length)| {
            let path = layout.blob_path(blob);
            async move {
                let mut file = tokio::fs::File::open(path).await?;
                file.seek(io::SeekFrom::Start(from)).await?;
                Ok::<_, io::Error>(ReaderStream::with_capacity(file.take(length), READ_BUFFER_BYTES))
            }
        })
        .try_flatten()
}

/// Whether every part's file is there with its size: a last look before a manifest refers to them.
pub(crate) async fn all_on_disk(layout: &Arc<Layout>, parts: &[StoredPart]) -> io::Result<bool> {
    let expected: Vec<_> = parts.iter().map(|part| (layout.blob_path(part.blob), part.size_bytes)).collect();
    blocking(move || {
        for (path, size_bytes) in expected {
            match std::fs::metadata(&path) {
                Ok(found) if found.len() == size_bytes => {}
                Ok(_) => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Arc<Layout>, Arc<InFlight>) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().to_owned());
        layout.prepare().unwrap();
        (folder, Arc::new(layout), Arc::default())
    }

    fn chunks(chunks: &[&'static [u8]]) -> impl Stream<Item = Result<Bytes, StdError>> + use<> {
        futures::stream::iter(chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk))).collect::<Vec<_>>())
    }

    #[tokio::test]
    async fn a_body_is_written_and_read_back_in_ranges_across_parts() {
        let (_folder, layout, in_flight) = store();
        let mut parts = Vec::new();
        for (part_number, text) in (1..).zip([&b"hello "[..], b"wide ", b"world"]) {
            let body =
                write_body(&layout, &in_flight, Algorithm::Crc32c, 100, chunks(&[text])).await.unwrap();
            parts.push(StoredPart {
                part_number,
                blob: body.blob,
                size_bytes: body.size_bytes,
                etag: crate::checksum::hex(&body.md5),
                checksum: body.checksum,
                last_modified: time::OffsetDateTime::UNIX_EPOCH,
            });
            body.pending.keep();
        }
        for (from, length) in [(0, 16), (0, 6), (3, 5), (6, 5), (11, 5), (15, 1), (0, 0)] {
            let bytes: Vec<Bytes> =
                read_range(Arc::clone(&layout), &parts, from, length).try_collect().await.unwrap();
            let start = from as usize;
            assert_eq!(
                bytes.concat(),
                b"hello wide world"[start..start + length as usize],
                "{from}+{length}"
            );
        }
        assert!(all_on_disk(&layout, &parts).await.unwrap());
        layout.remove_blobs(&[parts[1].blob]);
        assert!(!all_on_disk(&layout, &parts).await.unwrap());
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_leaves_no_file() {
        let (_folder, layout, in_flight) = store();
        let broken = chunks(&[b"half"]).chain(futures::stream::iter([Err("reset".into())]));
        let error = write_body(&layout, &in_flight, Algorithm::Sha256, 100, broken).await.unwrap_err();
        assert!(matches!(error, BodyError::Source(_)), "{error}");
        assert_eq!(layout.all_blobs().unwrap(), []);
        assert!(in_flight.snapshot().is_empty());
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_given_up_early() {
        let (_folder, layout, in_flight) = store();
        let endless = futures::stream::repeat_with(|| Ok(Bytes::from_static(&[0; 1024])));
        let error = write_body(&layout, &in_flight, Algorithm::Crc32, 10_000, endless).await.unwrap_err();
        assert!(matches!(error, BodyError::TooLarge { limit_bytes: 10_000 }), "{error}");
        assert_eq!(layout.all_blobs().unwrap(), []);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_reported_as_such() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let writer = Writer { file: full, digester: BodyDigester::new(Algorithm::Crc32) };
        let Err(error) = writer.write(vec![Bytes::from_static(b"bytes")]) else { panic!("it was written") };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
