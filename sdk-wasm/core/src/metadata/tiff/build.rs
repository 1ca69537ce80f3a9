//! Entries → a small sound TIFF block.

use super::collect::{Directory, Entry};
use super::view::ByteOrder;
use super::{kind, tag};

const HEADER_BYTES: usize = 8;
const ENTRY_BYTES: usize = 12;

/// Writes the entries of IFD0, EXIF and GPS as a block: header, then each directory with its values.
/// Entries of other directories are left out.
pub(in crate::metadata) fn build(order: ByteOrder, entries: &[Entry]) -> Vec<u8> {
    let of = |directory: Directory| {
        let mut found = Vec::new();
        for entry in entries.iter().filter(|entry| entry.directory == directory) {
            insert(&mut found, entry);
        }
        found
    };
    let (mut image, exif, gps) = (of(Directory::Image), of(Directory::Exif), of(Directory::Gps));
    // Where a directory lies is known once the sizes of those before it are.
    let link =
        |tag: u16| Entry { directory: Directory::Image, tag, kind: kind::LONG, count: 1, value: vec![0; 4] };
    let (mut exif_link, mut gps_link) = (link(tag::EXIF_IFD), link(tag::GPS_IFD));
    let links = usize::from(!exif.is_empty()) + usize::from(!gps.is_empty());
    let exif_at = HEADER_BYTES + size_of(&image) + links * ENTRY_BYTES;
    let gps_at = exif_at + if exif.is_empty() { 0 } else { size_of(&exif) };
    exif_link.value = order.u32(exif_at as u32).to_vec();
    gps_link.value = order.u32(gps_at as u32).to_vec();
    if !exif.is_empty() {
        insert(&mut image, &exif_link);
    }
    if !gps.is_empty() {
        insert(&mut image, &gps_link);
    }

    let mut block = Vec::with_capacity(gps_at + size_of(&gps));
    block.extend_from_slice(if order == ByteOrder::Little { b"II" } else { b"MM" });
    block.extend_from_slice(&order.u16(42));
    block.extend_from_slice(&order.u32(HEADER_BYTES as u32));
    write_directory(&mut block, order, &image);
    for directory in [exif, gps].iter().filter(|directory| !directory.is_empty()) {
        write_directory(&mut block, order, directory);
    }
    block
}

/// Entries stand in the order of their tags.
fn insert<'a>(entries: &mut Vec<&'a Entry>, entry: &'a Entry) {
    let at = entries.partition_point(|other| other.tag <= entry.tag);
    entries.insert(at, entry);
}

/// What a directory takes with its values, which begin at even offsets.
fn size_of(entries: &[&Entry]) -> usize {
    let values = entries.iter().filter(|entry| entry.value.len() > 4);
    2 + entries.len() * ENTRY_BYTES
        + 4
        + values.map(|entry| entry.value.len().next_multiple_of(2)).sum::<usize>()
}

fn write_directory(block: &mut Vec<u8>, order: ByteOrder, entries: &[&Entry]) {
    let mut value_at = block.len() + 2 + entries.len() * ENTRY_BYTES + 4;
    block.extend_from_slice(&order.u16(entries.len() as u16));
    for entry in entries {
        block.extend_from_slice(&order.u16(entry.tag));
        block.extend_from_slice(&order.u16(entry.kind));
        block.extend_from_slice(&order.u32(entry.count));
        if entry.value.len() > 4 {
            block.extend_from_slice(&order.u32(value_at as u32));
            value_at += entry.value.len().next_multiple_of(2);
        } else {
            block.extend_from_slice(&entry.value);
            block.resize(block.len() + 4 - entry.value.len(), 0);
        }
    }
    // No directory follows: no thumbnail.
    block.extend_from_slice(&order.u32(0));
    for entry in entries.iter().filter(|entry| entry.value.len() > 4) {
        block.extend_from_slice(&entry.value);
        block.resize(block.len().next_multiple_of(2), 0);
    }
}
