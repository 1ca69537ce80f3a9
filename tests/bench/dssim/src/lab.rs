//! From sRGB to light, and from light to L*a*b*, which is about even to the eye.

/// The inverse transfer function of sRGB (IEC 61966-2-1, 5.2).
pub fn light(encoded: f32) -> f32 {
    if encoded <= 0.040_45 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

/// CIE 1976 L*a*b* of linear red, green and blue, white point D65, with L* from 0 to 1 and a* and b* in
/// the same unit about a half: so that the constants of SSIM mean the same in all three.
pub fn lab([red, green, blue]: [f32; 3]) -> [f32; 3] {
    // IEC 61966-2-1, 5.2, each row divided by the white point's X, Y and Z.
    let x = 0.433_953 * red + 0.376_219 * green + 0.189_828 * blue;
    let y = 0.212_671 * red + 0.715_160 * green + 0.072_169 * blue;
    let z = 0.017_758 * red + 0.109_477 * green + 0.872_766 * blue;
    let [x, y, z] = [x, y, z].map(root);
    [1.16 * y - 0.16, 0.5 + 5.0 * (x - y) / 2.0, 0.5 + 2.0 * (y - z) / 2.0]
}

/// The cube root, straight near zero.
fn root(share: f32) -> f32 {
    const EDGE: f32 = 6.0 / 29.0;
    if share > EDGE * EDGE * EDGE { share.cbrt() } else { share / (3.0 * EDGE * EDGE) + 4.0 / 29.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greys_have_no_colour_and_white_is_one() {
        for encoded in [0.0, 0.02, 0.5, 1.0_f32] {
            let [_, a, b] = lab([light(encoded); 3]);
            assert!((a - 0.5).abs() < 1e-4 && (b - 0.5).abs() < 1e-4, "{a} {b}");
        }
        assert!((lab([1.0; 3])[0] - 1.0).abs() < 1e-4);
        assert!(lab([0.0; 3])[0].abs() < 1e-4);
    }
}
