//! Reading metadata over ranged reads, or over a file in memory.

use windlass_protocol::PhotoMetadata;

use super::container::{self, ExifBlock, Survey};
use super::error::MetadataError;
use super::exif;
use super::media_type::{MediaType, SNIFF_BYTES, sniff};
use super::source::{ByteRange, Source, Stop};
use super::tiff::View;
use super::warning::{Oddities, Oddity};

/// The first read: most photos need no other.
const FIRST_READ_BYTES: u64 = 64 << 10;
/// Later reads take at least this much, since what is needed next is mostly near.
const READ_BYTES: u64 = 32 << 10;
/// The most reads of one file.
pub const MAX_READS: u32 = 48;
/// The most bytes read of one file in all. Metadata beyond either cap is left out with a warning.
pub const MAX_READ_BYTES: u64 = 8 << 20;

/// Reads a file's metadata through reads its caller makes: blob slices in the browser, ranged GETs in the
/// service. It asks for the head of the file, and for more only when something lies elsewhere.
///
/// Make the read [`next_read`](Self::next_read) asks for, [`supply`](Self::supply) it, and again until
/// there is none; then [`finish`](Self::finish).
#[derive(Debug)]
pub struct MetadataReader {
    source: Source<'static>,
    reads: u32,
    read_bytes: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting(ByteRange),
    Done(Box<Result<PhotoMetadata, MetadataError>>),
}

impl MetadataReader {
    /// A reader of a file of this size.
    pub fn new(file_size_bytes: u64) -> Self {
        let first = ByteRange::new(0, FIRST_READ_BYTES.min(file_size_bytes));
        let state = match file_size_bytes {
            0 => State::Done(Box::new(Err(MetadataError::Empty))),
            _ => State::Waiting(first),
        };
        Self { source: Source::unread(file_size_bytes), reads: 0, read_bytes: 0, state }
    }

    /// The range to read and supply next, or `None` when the reader has all it needs.
    pub fn next_read(&self) -> Option<ByteRange> {
        match self.state {
            State::Waiting(range) => Some(range),
            State::Done(_) => None,
        }
    }

    /// Supplies the bytes at the offset [`next_read`](Self::next_read) asked for. Fewer bytes than asked
    /// for mean that the file ends after them. Poll `next_read` again afterwards.
    pub fn supply(&mut self, offset: u64, bytes: &[u8]) -> Result<(), MetadataError> {
        let State::Waiting(asked) = self.state else { return Ok(()) };
        if offset != asked.offset {
            return Err(MetadataError::UnexpectedBytes { expected: asked.offset, supplied: offset });
        }
        if (bytes.len() as u64) < asked.length {
            self.source.shrink(offset + bytes.len() as u64);
        }
        self.source.add(offset, bytes);
        self.reads += 1;
        self.read_bytes += bytes.len() as u64;
        self.state = loop {
            match describe(&self.source) {
                Ok(described) => break State::Done(Box::new(described)),
                Err(needed) => match self.affordable(needed) {
                    Some(read) => break State::Waiting(read),
                    // Describes once more, with what is unknown left out.
                    None => self.source.seal(),
                },
            }
        };
        Ok(())
    }

    /// The metadata, once nothing is left to read.
    pub fn finish(self) -> Result<PhotoMetadata, MetadataError> {
        match self.state {
            State::Done(described) => *described,
            State::Waiting(range) => Err(MetadataError::Unfinished { expected: range.offset }),
        }
    }

    /// The read to make for needed bytes, where the caps allow it.
    fn affordable(&self, needed: ByteRange) -> Option<ByteRange> {
        let rest = self.source.size_bytes().saturating_sub(needed.offset);
        let length = needed.length.max(READ_BYTES).min(rest);
        let is_affordable = self.reads < MAX_READS && self.read_bytes + length <= MAX_READ_BYTES;
        is_affordable.then_some(ByteRange::new(needed.offset, length))
    }
}

/// Reads the metadata of a file in memory.
pub fn read_metadata(bytes: &[u8]) -> Result<PhotoMetadata, MetadataError> {
    // A whole file leaves nothing to read.
    describe(&Source::whole(bytes)).unwrap_or(Err(MetadataError::UnknownType))
}

/// What the known bytes say, or the bytes needed to say it.
fn describe(source: &Source<'_>) -> Result<Result<PhotoMetadata, MetadataError>, ByteRange> {
    if source.size_bytes() == 0 {
        return Ok(Err(MetadataError::Empty));
    }
    let described = source.up_to(0, SNIFF_BYTES).and_then(|head| match sniff(head) {
        Some(media_type) => describe_as(media_type, source).map(Ok),
        None => Ok(Err(MetadataError::UnknownType)),
    });
    match described {
        Ok(described) => Ok(described),
        Err(Stop::Unread(needed)) => Err(needed),
        Err(Stop::Damaged(_)) => Ok(Err(MetadataError::UnknownType)),
    }
}

fn describe_as(media_type: MediaType, source: &Source<'_>) -> Result<PhotoMetadata, Stop> {
    let survey = container::survey(media_type, source)?;
    let mut metadata =
        PhotoMetadata { content_type: Some(media_type.as_str().to_owned()), ..PhotoMetadata::default() };
    #[cfg(feature = "films")]
    survey.film.into_metadata(&mut metadata);
    let Survey { mut dimensions, orientation, exif, mut oddities, .. } = survey;
    if let Some(block) = exif {
        let size = read_block(source, &block, media_type, &mut metadata, &mut oddities)?;
        dimensions = dimensions.or(size);
    }
    (metadata.width, metadata.height) = dimensions.unzip();
    metadata.display_orientation = match (orientation, metadata.orientation) {
        (Some(prescribed), _) => prescribed.exif(),
        (None, Some(written @ 1..=8)) => written as u8,
        (None, _) => 1,
    };
    if metadata.orientation.is_some_and(|written| !(1..=8).contains(&written)) {
        oddities.note(Oddity::OrientationInvalid);
    }
    metadata.warnings = oddities.into_warnings();
    Ok(metadata)
}

/// Reads an EXIF block; of a TIFF file also the size of its picture.
fn read_block(
    source: &Source<'_>,
    block: &ExifBlock,
    media_type: MediaType,
    metadata: &mut PhotoMetadata,
    oddities: &mut Oddities,
) -> Result<Option<(u32, u32)>, Stop> {
    let assembled;
    let opened = match block {
        ExifBlock::InFile(range) => View::open(source, *range),
        ExifBlock::Assembled(bytes) => {
            assembled = Source::whole(bytes);
            View::open(&assembled, ByteRange::new(0, bytes.len() as u64))
        }
    };
    let view = match opened {
        Ok(view) => view,
        Err(stop) => {
            oddities.note(stop.into_oddity()?);
            return Ok(None);
        }
    };
    exif::read(&view, metadata, oddities)?;
    match media_type {
        MediaType::Tiff => exif::picture_size(&view, oddities),
        _ => Ok(None),
    }
}
