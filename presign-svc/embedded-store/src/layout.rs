//! Where things lie on disk, and how a small file is replaced so that a crash leaves the old one
//! or the new one.
//!
//! ```text
//! root/
//!   lock                      held while a process has the store open
//!   store.json                which bucket this is, and the format's version
//!   objects/ab/<sha256>.json  one manifest per object: its rename is the commit of every write
//!   blobs/ab/<id>             bodies and parts; written once, never renamed, never changed
//!   uploads/<id>/upload.json  an open multipart upload
//!   uploads/<id>/00001.json   one uploaded part; its rename is the part's commit
//!   temporary/                what is being written; emptied at open
//! ```
//! Object paths are the SHA-256 of the key: no key, however odd, can leave its folder.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::checksum::hex;

/// Names a body or a part on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct BlobId(Uuid);

/// Names a multipart upload; what clients get as `uploadId`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct UploadId(Uuid);

impl BlobId {
    pub(crate) fn random() -> Self {
        Self(Uuid::new_v4())
    }

    fn from_file_name(name: &str) -> Option<Self> {
        Uuid::try_parse(name).ok().map(Self)
    }
}

impl UploadId {
    pub(crate) fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// Reads exactly what [`Display`](fmt::Display) writes, so that it is safe as a folder's name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let id = Self(Uuid::try_parse(text).ok()?);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// The folders of one store. All its methods block: call them through [`blocking`].
#[derive(Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Makes the folders that are missing and empties the one for temporary files.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        let temporary = self.temporary_folder();
        if temporary.exists() {
            fs::remove_dir_all(&temporary)?;
        }
        for folder in [temporary, self.uploads_folder(), self.root.join("objects"), self.root.join("blobs")] {
            fs::create_dir_all(folder)?;
        }
        sync_folder(&self.root)
    }

    /// Makes the folder (one of 256) that an object's or a body's path lies in, durably.
    pub(crate) fn make_shard(&self, path: &Path) -> io::Result<()> {
        let Some(shard) = path.parent().filter(|shard| !shard.is_dir()) else { return Ok(()) };
        fs::create_dir_all(shard)?;
        shard.parent().map_or(Ok(()), sync_folder)
    }

    pub(crate) fn lock_path(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub(crate) fn identity_path(&self) -> PathBuf {
        self.root.join("store.json")
    }

    pub(crate) fn object_path(&self, key: &str) -> PathBuf {
        let name = hex(&Sha256::digest(key.as_bytes()));
        let shard = name.get(..2).unwrap_or_default();
        self.root.join("objects").join(shard).join(format!("{name}.json"))
    }

    pub(crate) fn blob_path(&self, blob: BlobId) -> PathBuf {
        let name = blob.to_string();
        let shard = name.get(..2).unwrap_or_default();
        self.root.join("blobs").join(shard).join(&name)
    }

    pub(crate) fn uploads_folder(&self) -> PathBuf {
        self.root.join("uploads")
    }

    pub(crate) fn upload_folder(&self, upload: UploadId) -> PathBuf {
        self.uploads_folder().join(upload.to_string())
    }

    pub(crate) fn upload_path(&self, upload: UploadId) -> PathBuf {
        self.upload_folder(upload).join("upload.json")
    }

    pub(crate) fn part_path(&self, upload: UploadId, part_number: u16) -> PathBuf {
        self.upload_folder(upload).join(format!("{part_number:05}.json"))
    }

    /// A fresh name in the folder for temporary files.
    pub(crate) fn temporary_path(&self) -> PathBuf {
        self.temporary_folder().join(Uuid::new_v4().simple().to_string())
    }

    fn temporary_folder(&self) -> PathBuf {
        self.root.join("temporary")
    }

    /// Writes a small file aside, to be moved into place by [`Staged::commit`].
    pub(crate) fn stage(&self, value: &impl Serialize) -> io::Result<Staged> {
        let path = self.temporary_path();
        let mut file = File::create_new(&path)?;
        let staged = Staged { path };
        file.write_all(&serde_json::to_vec(value)?)?;
        file.sync_all()?;
        Ok(staged)
    }

    /// Deletes bodies nobody refers to any more; what cannot be deleted is left to the sweep.
    pub(crate) fn remove_blobs(&self, blobs: &[BlobId]) {
        for blob in blobs {
            if let Err(error) = fs::remove_file(self.blob_path(*blob))
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%blob, %error, "a body that is no longer needed could not be deleted");
            }
        }
    }

    /// Every body on disk, referred to or not.
    pub(crate) fn all_blobs(&self) -> io::Result<Vec<BlobId>> {
        Ok(self.sharded("blobs")?.iter().filter_map(|name| BlobId::from_file_name(name)).collect())
    }

    /// Reads every object manifest. One that cannot be read fails the whole: a sweep that
    /// overlooked it would delete its bodies.
    pub(crate) fn for_each_object<T: for<'de> Deserialize<'de>>(
        &self,
        mut visit: impl FnMut(T),
    ) -> io::Result<()> {
        for name in self.sharded("objects")? {
            let shard = name.get(..2).unwrap_or_default();
            if let Some(manifest) = read_json(&self.root.join("objects").join(shard).join(&name))? {
                visit(manifest);
            }
        }
        Ok(())
    }

    pub(crate) fn open_uploads(&self) -> io::Result<Vec<UploadId>> {
        Ok(file_names(&self.uploads_folder())?.iter().filter_map(|name| UploadId::parse(name)).collect())
    }

    /// The numbers of an upload's parts, ascending.
    pub(crate) fn part_numbers(&self, upload: UploadId) -> io::Result<Vec<u16>> {
        let mut numbers: Vec<u16> = file_names(&self.upload_folder(upload))?
            .iter()
            .filter_map(|name| name.strip_suffix(".json")?.parse().ok())
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn sharded(&self, family: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for shard in 0..=u8::MAX {
            names.extend(file_names(&self.root.join(family).join(hex(&[shard])))?);
        }
        Ok(names)
    }
}

/// A small file, complete and on disk, that nobody sees yet.
#[derive(Debug)]
pub(crate) struct Staged {
    path: PathBuf,
}

impl Staged {
    /// Moves the file to its place, over an older one: the moment a write takes effect.
    pub(crate) fn commit(self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        target.parent().map_or(Ok(()), sync_folder)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // After a commit there is nothing at this path, which is as good.
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes created, renamed and deleted names of a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Folders cannot be opened as files on Windows, where NTFS journals names by itself.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Reads a JSON file; `None` when there is none.
pub(crate) fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn file_names(folder: &Path) -> io::Result<Vec<String>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Runs file work on tokio's blocking threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_leaves_its_folder() {
        let layout = Layout::new(PathBuf::from("root"));
        for key in ["../../etc/passwd", "/absolute", "a/../b", "nul\0", "x".repeat(1024).as_str(), "."] {
            let path = layout.object_path(key);
            let names: Vec<_> =
                path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
            assert_eq!(names.len(), 4, "{key:?} → {path:?}");
            assert!(names.get(3).is_some_and(|name| name.len() == 69), "{key:?} → {path:?}");
        }
    }

    #[test]
    fn upload_ids_are_read_only_as_they_are_written() {
        let id = UploadId::random();
        assert_eq!(UploadId::parse(&id.to_string()), Some(id));
        for text in ["", "..", "../uploads", &id.to_string().to_uppercase(), &format!("{{{id}}}")] {
            assert_eq!(UploadId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_uncommitted_file_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().to_owned());
        layout.prepare().unwrap();
        let target = folder.path().join("kept.json");
        layout.stage(&"first").unwrap().commit(&target).unwrap();
        drop(layout.stage(&"second").unwrap());
        assert_eq!(read_json::<String>(&target).unwrap().as_deref(), Some("first"));
        assert_eq!(file_names(&layout.temporary_folder()).unwrap(), Vec::<String>::new());
    }
}
