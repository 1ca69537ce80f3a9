//! From sRGB to light, and from light to L*, which is about even to the eye.

/// The inverse transfer function of sRGB (IEC 61966-2-1, 5.2).
pub fn light(encoded: f32) -> f32 {
    if encoded <= 0.040_45 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

/// CIE 1976 L* of linear red, green and blue, from 0 to 1.
pub fn lightness([red, green, blue]: [f32; 3]) -> f32 {
    const EDGE: f32 = 6.0 / 29.0;
    // Y, of which that of white is one (IEC 61966-2-1, 5.2).
    let share = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    let root =
        if share > EDGE * EDGE * EDGE { share.cbrt() } else { share / (3.0 * EDGE * EDGE) + 4.0 / 29.0 };
    1.16 * root - 0.16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_is_zero_white_is_one_and_middle_grey_a_half() {
        assert!(lightness([0.0; 3]).abs() < 1e-4);
        assert!((lightness([1.0; 3]) - 1.0).abs() < 1e-4);
        assert!((lightness([light(0.466); 3]) - 0.5).abs() < 1e-2);
    }
}
