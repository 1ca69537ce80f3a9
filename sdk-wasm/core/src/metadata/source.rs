//! The bytes of a file as far as they are known.
//!
//! Parsers ask for ranges and either get them or learn why not. A range that was not read yet ends the
//! parse; it is read and the parse starts again, so that parsers are straight-line functions of the known
//! bytes and never wait.

use std::borrow::Cow;

use super::warning::Oddity;

/// A range of a file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub length: u64,
}

impl ByteRange {
    pub(super) fn new(offset: u64, length: u64) -> Self {
        Self { offset, length }
    }

    /// One past the last byte.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// Why a parser cannot go on here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// These bytes must be read first; then parse again.
    Unread(ByteRange),
    /// The file is damaged here.
    Damaged(Oddity),
}

impl Stop {
    /// Lets a read that is still needed pass on, and takes damage as an oddity.
    pub(super) fn into_oddity(self) -> Result<Oddity, Stop> {
        match self {
            Self::Unread(_) => Err(self),
            Self::Damaged(oddity) => Ok(oddity),
        }
    }
}

/// What is known of a file: all of it, or the chunks read so far.
#[derive(Debug)]
pub(super) struct Source<'a> {
    size_bytes: u64,
    chunks: Vec<Chunk<'a>>,
    /// No more reads: what is unknown stays so.
    sealed: bool,
}

#[derive(Debug)]
struct Chunk<'a> {
    offset: u64,
    bytes: Cow<'a, [u8]>,
}

impl Chunk<'_> {
    fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }
}

impl<'a> Source<'a> {
    /// A file that lies in memory.
    pub(super) fn whole(bytes: &'a [u8]) -> Self {
        let chunks = vec![Chunk { offset: 0, bytes: Cow::Borrowed(bytes) }];
        Self { size_bytes: bytes.len() as u64, chunks, sealed: true }
    }

    /// A file of which nothing is known yet.
    pub(super) fn unread(size_bytes: u64) -> Source<'static> {
        Source { size_bytes, chunks: Vec::new(), sealed: false }
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The file turned out to end here.
    pub(super) fn shrink(&mut self, size_bytes: u64) {
        self.size_bytes = self.size_bytes.min(size_bytes);
    }

    /// From here on, unknown bytes are a [`Oddity::ReadLimit`], not a reason to read.
    pub(super) fn seal(&mut self) {
        self.sealed = true;
    }

    /// Adds bytes that were read.
    pub(super) fn add(&mut self, offset: u64, bytes: &[u8]) {
        let grown = self.chunks.iter_mut().filter(|chunk| chunk.end() == offset);
        match grown.min_by_key(|chunk| chunk.offset) {
            Some(chunk) => chunk.bytes.to_mut().extend_from_slice(bytes),
            None => self.chunks.push(Chunk { offset, bytes: Cow::Owned(bytes.to_vec()) }),
        }
    }

    /// The bytes of a range.
    // Called from everywhere: inlined, it would be a tenth of the module the browser downloads.
    #[inline(never)]
    pub(super) fn get(&self, offset: u64, length: u64) -> Result<&[u8], Stop> {
        let end = offset
            .checked_add(length)
            .filter(|end| *end <= self.size_bytes)
            .ok_or(Stop::Damaged(Oddity::FileTruncated))?;
        let mut unknown_from = offset;
        for chunk in self.chunks.iter().filter(|chunk| chunk.offset <= offset) {
            let start = usize::try_from(offset - chunk.offset).ok();
            let stop = usize::try_from(end - chunk.offset).ok();
            if let (Some(start), Some(stop)) = (start, stop)
                && let Some(bytes) = chunk.bytes.get(start..stop)
            {
                return Ok(bytes);
            }
            unknown_from = unknown_from.max(chunk.end());
        }
        if self.sealed {
            return Err(Stop::Damaged(Oddity::ReadLimit));
        }
        Err(Stop::Unread(ByteRange::new(unknown_from, end - unknown_from)))
    }

    /// A fixed number of bytes.
    pub(super) fn array<const N: usize>(&self, offset: u64) -> Result<[u8; N], Stop> {
        let bytes = self.get(offset, N as u64)?;
        bytes.try_into().map_err(|_| Stop::Damaged(Oddity::FileTruncated))
    }

    /// At most `length` bytes: fewer where the file ends.
    pub(super) fn up_to(&self, offset: u64, length: u64) -> Result<&[u8], Stop> {
        self.get(offset, length.min(self.size_bytes.saturating_sub(offset)))
    }
}
