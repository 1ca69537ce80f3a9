//! Whether a colour profile (ICC.1:2022; version 2 alike) is that of sRGB: by what it makes of numbers where it says
//! so plainly, because names mislead. Phones call theirs "Display P3 Gamut with sRGB Transfer", and a widespread
//! profile of sRGB is called "c2".

/// Red, green and blue of sRGB as X, Y, Z under D50, in 1/65536.
const COLORANTS: [(&[u8; 4], [i32; 3]); 3] = [
    (b"rXYZ", [0x6FA2, 0x38F5, 0x0390]),
    (b"gXYZ", [0x6299, 0xB785, 0x18DA]),
    (b"bXYZ", [0x24A0, 0x0F84, 0xB6CF]),
];
/// By how much writers differ in them, 0.004; Display P3 is twenty times as far away.
const COLORANT_TOLERANCE: i32 = 0x0100;

/// Where sRGB's curve is half way along, in 1/65535, and its gamma, in 1/65536, with what is near enough: not the curve
/// of video, nor a gamma of 2.2 all along.
const MIDDLE: i32 = 14_027;
const MIDDLE_TOLERANCE: i32 = 200;
const GAMMA: i32 = 0x2_6666;
const GAMMA_TOLERANCE: i32 = 0x0CCD;

/// Whether numbers mean with this profile what they mean without one.
pub(super) fn is_srgb(profile: &[u8]) -> bool {
    let found = COLORANTS.map(|(name, expected)| (tag(profile, name).and_then(xyz), expected));
    if found.iter().any(|(colorant, _)| colorant.is_none()) {
        return is_named_srgb(profile);
    }
    let mut numbers = found.iter().flat_map(|(colorant, expected)| colorant.iter().flatten().zip(expected));
    numbers.all(|(found, expected)| is_near(*found, *expected, COLORANT_TOLERANCE))
        && [b"rTRC", b"gTRC", b"bTRC"].iter().all(|name| tag(profile, name).is_some_and(is_srgb_curve))
}

/// By the description, of profiles of tables only.
fn is_named_srgb(profile: &[u8]) -> bool {
    // In ASCII or UTF-16, which is ASCII with zeros between.
    let text: Vec<u8> =
        tag(profile, b"desc").unwrap_or_default().iter().copied().filter(|byte| *byte != 0).collect();
    let says = |word: &[u8]| text.windows(word.len()).any(|window| window == word);
    says(b"sRGB") && !says(b"P3") && !says(b"Gamut")
}

/// A tag's data (7.3).
fn tag<'a>(profile: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    let (count, entries) = profile.get(128..)?.split_first_chunk::<4>()?;
    let entries = entries.as_chunks::<12>().0.iter().take(u32::from_be_bytes(*count) as usize);
    let [_, _, _, _, place @ ..] = *entries.into_iter().find(|entry| entry.starts_with(name))?;
    let [offset, length] = [number(&place, 0)?, number(&place, 4)?].map(|number| number as u32 as usize);
    profile.get(offset..)?.get(..length)
}

/// Of a tag of the type XYZ (10.31).
fn xyz(tag: &[u8]) -> Option<[i32; 3]> {
    Some([number(tag, 8)?, number(tag, 12)?, number(tag, 16)?])
}

/// Of a tag of the types of curves (10.6, 10.18).
fn is_srgb_curve(tag: &[u8]) -> bool {
    match tag.first_chunk() {
        Some(b"curv") => {
            let (levels, _) = tag.get(12..).unwrap_or_default().as_chunks();
            let level = |index: usize| levels.get(index).map(|level| i32::from(u16::from_be_bytes(*level)));
            // One alone is a gamma, and none a straight line.
            let Some(count @ 2..) = number(tag, 8).map(|count| count as u32 as usize) else { return false };
            level((count - 1) / 2)
                .zip(level(count / 2))
                .is_some_and(|(lower, upper)| is_near(i32::midpoint(lower, upper), MIDDLE, MIDDLE_TOLERANCE))
        }
        // With a straight part at its dark end.
        Some(b"para") if matches!(tag.get(8..10), Some([0, 3 | 4])) => {
            number(tag, 12).is_some_and(|gamma| is_near(gamma, GAMMA, GAMMA_TOLERANCE))
        }
        _ => false,
    }
}

/// Four bytes as a number, of 1/65536 where it is a fraction.
fn number(bytes: &[u8], at: usize) -> Option<i32> {
    bytes.get(at..)?.first_chunk().map(|number| i32::from_be_bytes(*number))
}

fn is_near(found: i32, expected: i32, tolerance: i32) -> bool {
    found.abs_diff(expected) <= tolerance as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A profile of these tags.
    fn profile(tags: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
        let mut profile = vec![0; 128];
        profile.extend((tags.len() as u32).to_be_bytes());
        let mut offset = 132 + 12 * tags.len();
        for (name, data) in tags {
            profile
                .extend([**name, (offset as u32).to_be_bytes(), (data.len() as u32).to_be_bytes()].concat());
            offset += data.len();
        }
        profile.extend(tags.iter().flat_map(|(_, data)| data.clone()));
        profile
    }

    fn curve(levels: &[u16]) -> Vec<u8> {
        let mut curve = [&b"curv\0\0\0\0"[..], &(levels.len() as u32).to_be_bytes()].concat();
        curve.extend(levels.iter().flat_map(|level| level.to_be_bytes()));
        curve
    }

    /// A table of so many levels of sRGB's curve (IEC 61966-2-1).
    fn table(count: u16) -> Vec<u8> {
        let light = |level: f64| {
            if level <= 0.04045 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) }
        };
        let levels =
            (0..count).map(|n| (65_535.0 * light(f64::from(n) / f64::from(count - 1))).round() as u16);
        curve(&levels.collect::<Vec<_>>())
    }

    fn parametric(kind: u8, numbers: &[f64]) -> Vec<u8> {
        let mut curve = [&b"para\0\0\0\0\0"[..], &[kind, 0, 0]].concat();
        curve.extend(numbers.iter().flat_map(|number| ((number * 65_536.0) as i32).to_be_bytes()));
        curve
    }

    /// Of the colours of sRGB, each number off by this much.
    fn matrix_profile(off: i32, description: &[u8], curve: &[u8]) -> Vec<u8> {
        let colorant = |numbers: [i32; 3]| {
            [&b"XYZ \0\0\0\0"[..], &numbers.map(|number| (number + off).to_be_bytes()).concat()].concat()
        };
        let mut tags: Vec<_> = COLORANTS.iter().map(|(name, numbers)| (*name, colorant(*numbers))).collect();
        tags.extend([b"rTRC", b"gTRC", b"bTRC"].map(|name| (name, curve.to_vec())));
        tags.push((b"desc", description.to_vec()));
        profile(&tags)
    }

    #[test]
    fn colours_and_curves_decide_whatever_the_name() {
        let c2 = b"desc\0\0\0\0\0\0\0\x03c2\0";
        let linear_part = [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045];
        for (off, curve) in
            [(0, table(1024)), (60, table(26)), (-60, table(4096)), (0, parametric(3, &linear_part))]
        {
            assert!(is_srgb(&matrix_profile(off, c2, &curve)), "{off}, {curve:?}");
        }
        let srgb = b"desc\0\0\0\0\0\0\0\x05sRGB\0";
        let video = [1.0 / 0.45, 1.0 / 1.099, 0.099 / 1.099, 1.0 / 4.5, 0.081];
        for (off, curve) in [
            (400, table(1024)),
            (0, curve(&[])),
            (0, curve(&[0x0233])),
            (0, curve(&[0, 32_768, 65_535])),
            (0, parametric(0, &[2.2])),
            (0, parametric(3, &video)),
            (0, Vec::new()),
        ] {
            assert!(!is_srgb(&matrix_profile(off, srgb, &curve)), "{off}, {curve:?}");
        }
    }

    #[test]
    fn a_profile_of_tables_is_taken_by_its_description_alone() {
        let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        let described =
            |description: Vec<u8>| profile(&[(b"desc", description), (b"cprt", b"sRGB".to_vec())]);
        assert!(is_srgb(&described(b"desc\0\0\0\0\0\0\0\x12sRGB v4 ICC preference\0".to_vec())));
        assert!(is_srgb(&described(utf_16("sRGB v4 ICC preference"))));
        for other in ["eciRGB v2", "sRGB EOTF with DCI-P3 Color Gamut", "DCI-P3 D65 with sRGB Transfer"] {
            assert!(!is_srgb(&described(utf_16(other))), "{other}");
            assert!(!is_srgb(&described(other.into())), "{other}");
        }
    }

    #[test]
    fn what_is_no_profile_is_not_srgb() {
        let whole = matrix_profile(0, b"sRGB", &table(26));
        for length in 0..whole.len() {
            is_srgb(&whole[..length]);
        }
        assert!(!is_srgb(b"sRGB") && !is_srgb(&whole[..140]));
        let far = profile(&[]).len() as u32;
        assert!(!is_srgb(&[&whole[..128], &far.to_be_bytes()[..], &[0xFF; 60]].concat()));
    }
}
