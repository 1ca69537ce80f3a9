//! One image file directory, read under rules that keep damage out.
//!
//! A wrong value is worse than none, so what a damaged directory seems to say is not believed: a directory
//! that does not fit into the block, or whose first entry has no valid type, is none; a value that lies
//! outside the block, in the header or across its own directory is left out.

use super::kind;
use super::view::View;
use crate::metadata::source::{ByteRange, Stop};
use crate::metadata::warning::Oddity;

/// Raw files have some hundred entries in a directory.
const ENTRY_CAP: u64 = 4096;
/// A directory with more bad entries than this is no directory from there on.
const BAD_ENTRY_CAP: u32 = 10;

/// An entry as it stands.
#[derive(Debug, Clone, Copy)]
pub(in crate::metadata) struct RawEntry {
    /// Where the entry itself is in the block.
    pub(in crate::metadata) at: u64,
    pub(in crate::metadata) tag: u16,
    pub(in crate::metadata) kind: u16,
    pub(in crate::metadata) count: u64,
    /// Where the value is in the block; `None` where it cannot be there.
    pub(in crate::metadata) value: Option<ByteRange>,
}

impl RawEntry {
    /// The value as one unsigned number, where it is one.
    pub(in crate::metadata) fn number(&self, view: &View<'_>) -> Result<Option<u64>, Stop> {
        match (self.kind, self.value) {
            (kind::SHORT | kind::LONG | kind::IFD | kind::LONG8 | kind::IFD8, Some(value))
                if self.count == 1 =>
            {
                Ok(Some(view.order.number(view.bytes(value)?)))
            }
            _ => Ok(None),
        }
    }
}

/// A directory as it stands.
#[derive(Debug)]
pub(in crate::metadata) struct RawDirectory {
    pub(in crate::metadata) entries: Vec<RawEntry>,
    /// What it takes in the block, with the link behind the entries.
    pub(in crate::metadata) range: ByteRange,
    /// The next directory in the chain; 0 ends it.
    pub(in crate::metadata) next: u64,
}

impl RawDirectory {
    /// Reads the directory at an offset of the block.
    pub(in crate::metadata) fn read(view: &View<'_>, at: u64) -> Result<Self, Stop> {
        let (count_bytes, entry_bytes) = if view.is_big { (8, 20) } else { (2, 12) };
        let count = view.number(at, count_bytes)?;
        if count > ENTRY_CAP {
            return Err(Stop::Damaged(Oddity::ExifDamaged));
        }
        let first = at + count_bytes;
        let table = view.bytes(ByteRange::new(first, count * entry_bytes))?;
        let end = first + table.len() as u64;
        let range = ByteRange::new(at, end + view.offset_bytes() - at);
        let next = match view.number(end, view.offset_bytes()) {
            // The link may be missing at the block's very end.
            Err(Stop::Damaged(_)) => 0,
            next => next?,
        };
        let mut entries = Vec::with_capacity(table.len() / entry_bytes as usize);
        let mut bad_entries = 0;
        for (index, raw) in table.chunks_exact(entry_bytes as usize).enumerate() {
            let entry = read_entry(view, first + index as u64 * entry_bytes, raw, range);
            match entry {
                Some(entry) => {
                    bad_entries += u32::from(entry.value.is_none());
                    entries.push(entry);
                }
                // Zeros fill up what a writer reserved and did not use.
                None if raw.iter().all(|byte| *byte == 0) => {}
                None if index == 0 => return Err(Stop::Damaged(Oddity::ExifDamaged)),
                None => bad_entries += 1,
            }
            if bad_entries > BAD_ENTRY_CAP {
                break;
            }
        }
        Ok(Self { entries, range, next })
    }
}

/// An entry, or `None` where its type is none.
fn read_entry(view: &View<'_>, at: u64, raw: &[u8], directory: ByteRange) -> Option<RawEntry> {
    let (tag, rest) = raw.split_at_checked(2)?;
    let (kind, rest) = rest.split_at_checked(2)?;
    let (count, inline) = rest.split_at_checked(rest.len() / 2)?;
    let (tag, kind) = (view.order.number(tag) as u16, view.order.number(kind) as u16);
    let count = view.order.number(count);
    let unit = kind::unit_bytes(kind)?;
    let header_bytes = if view.is_big { 16 } else { 8 };
    let value = count.checked_mul(unit).and_then(|length| {
        if length <= inline.len() as u64 {
            return Some(ByteRange::new(at + (raw.len() - inline.len()) as u64, length));
        }
        let value = ByteRange::new(view.order.number(inline), length);
        let overlaps = value.offset < directory.end() - view.offset_bytes() && value.end() > directory.offset;
        let fits = value.offset >= header_bytes && value.end() <= view.length() && !overlaps;
        fits.then_some(value)
    });
    Some(RawEntry { at, tag, kind, count, value })
}
