//! Every JPEG of the shared photos and corpora, where they are beside the checkout.

use std::path::{Path, PathBuf};

use windlass_planar::{DecodeError, Header, Scale};

use crate::reference::{to_channel, zune};

fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if shared.is_dir() {
        return Some(shared);
    }
    eprintln!("skipped: {} is not here", shared.display());
    None
}

/// The JPEGs below a folder, by path.
fn jpegs(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path)
                && bytes.starts_with(&[0xFF, 0xD8])
            {
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    found
}

/// What zune-jpeg gets wrong, or reads differently because it is damaged: libjpeg-turbo sides with us on
/// the first, and the other two were fuzzed until their steps and codes overflow.
const ZUNE_DIFFERS: [&str; 3] = [
    "non_interleaved_420_64x64.jpg",
    "865db3dd2d380626f16b6f9dc6d62dba.jpg",
    "id:000313,src:000000,op:arith8,pos:503,val:+31,+cov.jpg",
];

/// Refused although its folder is of good photos: its data fits no Huffman table it has.
const DAMAGED: &str = "hopper_bad_exif.jpg";

/// Planes of more than this are left to the pipeline's budget.
const MAX_BYTES: u64 = 1 << 28;

#[test]
fn every_jpeg_that_is_handled_decodes_as_zune_does() {
    let Some(shared) = shared() else { return };
    let mut compared = 0;
    for (path, bytes) in jpegs(&shared.join("photos")).into_iter().chain(jpegs(&shared.join("corpora"))) {
        let name = path.file_name().unwrap().to_string_lossy();
        let Ok(header) = Header::parse(&bytes) else { continue };
        if header.memory_bytes(&[Scale::Full; 3]) > MAX_BYTES || ZUNE_DIFFERS.contains(&&*name) {
            continue;
        }
        let (Ok(picture), Ok(reference)) = (header.decode(&[Scale::Full]), zune(&bytes)) else { continue };
        let luma = to_channel(&picture.planes[0], &reference, 0);
        assert!(luma.largest <= 1 && luma.psnr() > 55.0, "{name}: {luma:?}, {} dB", luma.psnr());
        compared += 1;
    }
    assert!(compared > 80, "{compared}");
}

#[test]
fn good_photos_are_handled_unless_they_are_of_another_kind() {
    let Some(shared) = shared() else { return };
    let mut handled = 0;
    for (path, bytes) in
        jpegs(&shared.join("photos")).into_iter().chain(jpegs(&shared.join("corpora/photos")))
    {
        match Header::parse(&bytes).and_then(|header| header.decode(&[Scale::Half])) {
            Ok(_) => handled += 1,
            Err(DecodeError::NotHandled(_)) => {}
            Err(error) => assert!(path.ends_with(DAMAGED), "{}: {error}", path.display()),
        }
    }
    assert!(handled > 60, "{handled}");
}

/// Its Y, Cb and Cr are what libjpeg-turbo makes of it, whose interpolated chroma is 173 and 180 a quarter
/// of a row above.
#[test]
fn scans_of_one_component_each_are_put_together() {
    let Some(shared) = shared() else { return };
    let file = shared.join("corpora/bad/zune/test-images/jpeg").join(ZUNE_DIFFERS[0]);
    let picture = Header::parse(&std::fs::read(file).unwrap())
        .and_then(|header| header.decode(&[Scale::Full]))
        .unwrap();
    let middle: Vec<u8> = picture.planes.iter().map(|plane| plane.row(plane.height / 2)[4]).collect();
    assert_eq!(middle, [51, 175, 178]);
}

#[test]
fn broken_files_end_in_errors_or_pictures_at_every_scale() {
    let Some(shared) = shared() else { return };
    for (_, bytes) in
        jpegs(&shared.join("corpora/bad")).into_iter().chain(jpegs(&shared.join("corpora/generated")))
    {
        let Ok(header) = Header::parse(&bytes) else { continue };
        for scale in Scale::ALL {
            if header.memory_bytes(&[scale; 3]) < MAX_BYTES
                && let Ok(picture) = header.decode(&[scale])
            {
                assert_eq!((picture.width, picture.height), (header.width(), header.height()));
            }
        }
    }
}

#[test]
fn real_photos_cut_off_are_incomplete() {
    let Some(shared) = shared() else { return };
    for (path, bytes) in jpegs(&shared.join("photos")) {
        let Ok(header) = Header::parse(&bytes) else { continue };
        header.decode(&[Scale::Eighth]).unwrap();
        for percent in [30, 60, 90] {
            let cut = &bytes[..bytes.len() * percent / 100];
            let error = Header::parse(cut).and_then(|header| header.decode(&[Scale::Eighth])).unwrap_err();
            assert!(matches!(error, DecodeError::Incomplete { .. }), "{}: {error}", path.display());
        }
    }
}
