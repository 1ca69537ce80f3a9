//! A house under a sunny sky, drawn from numbers: which way is up, and which is right, is plain to see.

/// Colours of the scene's landmarks, as red, green, blue before grain.
pub mod color {
    pub const SKY_TOP: [f32; 3] = [52.0, 116.0, 214.0];
    pub const SKY_HORIZON: [f32; 3] = [176.0, 210.0, 242.0];
    pub const GROUND: [f32; 3] = [58.0, 128.0, 48.0];
    pub const ROOF: [f32; 3] = [196.0, 44.0, 36.0];
    pub const WALL: [f32; 3] = [214.0, 192.0, 158.0];
    pub const WINDOW: [f32; 3] = [64.0, 82.0, 104.0];
    pub const DOOR: [f32; 3] = [98.0, 62.0, 38.0];
    pub const SUN: [f32; 3] = [255.0, 236.0, 120.0];
}

/// Middle of the sun, upper right, in fractions of the upright picture's width and height.
pub const SUN_AT: (f32, f32) = (0.84, 0.14);

/// Rows of the stored picture, RGB, so that it is upright after its EXIF orientation is applied.
///
/// `width` and `height` are those of the stored picture; `grain` is the noise of the sensor in levels.
pub fn stored_pixels(width: u32, height: u32, orientation: u8, seed: u32, grain: f32) -> Vec<u8> {
    let swapped = (5..=8).contains(&orientation);
    let (upright_width, upright_height) = if swapped { (height, width) } else { (width, height) };
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
    for row in 0..height {
        for column in 0..width {
            let (x, y) = upright_position((column, row), (width, height), orientation);
            let u = (x as f32 + 0.5) / upright_width as f32;
            let v = (y as f32 + 0.5) / upright_height as f32;
            let aspect = upright_width as f32 / upright_height as f32;
            let base = scene(u, v, aspect, seed);
            let noise = grain * (noise_at(column, row, seed) - 0.5);
            pixels.extend(base.map(|level| (level + noise).round().clamp(0.0, 255.0) as u8));
        }
    }
    pixels
}

/// Where a stored pixel is in the upright picture (EXIF 2.32, tag 0x0112).
fn upright_position((x, y): (u32, u32), (width, height): (u32, u32), orientation: u8) -> (u32, u32) {
    let (from_right, from_bottom) = (width - 1 - x, height - 1 - y);
    match orientation {
        2 => (from_right, y),
        3 => (from_right, from_bottom),
        4 => (x, from_bottom),
        5 => (y, x),
        6 => (from_bottom, x),
        7 => (from_bottom, from_right),
        8 => (y, from_right),
        _ => (x, y),
    }
}

/// The colour at a place of the upright picture.
fn scene(u: f32, v: f32, aspect: f32, seed: u32) -> [f32; 3] {
    let inside = |left: f32, top: f32, right: f32, bottom: f32| {
        (left..right).contains(&u) && (top..bottom).contains(&v)
    };
    let roof_half_width = (v - 0.25) * 1.2;
    let sun_distance = (((u - SUN_AT.0) * aspect).powi(2) + (v - SUN_AT.1).powi(2)).sqrt();
    if (0.25..0.48).contains(&v) && (u - 0.5).abs() < roof_half_width {
        let tiles = 14.0 * ((v * 90.0).fract() - 0.5) + 10.0 * (smooth_noise(u * 60.0, v * 60.0, seed) - 0.5);
        color::ROOF.map(|level| level + tiles)
    } else if inside(0.46, 0.62, 0.54, 0.78) {
        color::DOOR.map(|level| level + 24.0 * (smooth_noise(u * 300.0, v * 12.0, seed) - 0.5))
    } else if inside(0.34, 0.54, 0.42, 0.64) || inside(0.58, 0.54, 0.66, 0.64) {
        color::WINDOW.map(|level| level + 40.0 * (v - 0.5))
    } else if inside(0.28, 0.48, 0.72, 0.78) {
        let bricks = if (v * 80.0).fract() < 0.12 { -28.0 } else { 0.0 };
        color::WALL.map(|level| level + bricks + 18.0 * (smooth_noise(u * 120.0, v * 120.0, seed) - 0.5))
    } else if v > 0.66 {
        let blades = smooth_noise(u * 700.0, v * 240.0, seed) + smooth_noise(u * 90.0, v * 60.0, seed ^ 7);
        color::GROUND.map(|level| level + 34.0 * (blades - 1.0))
    } else if sun_distance < 0.07 {
        color::SUN
    } else {
        let clouds =
            smooth_noise(u * 5.0, v * 9.0, seed) * 0.6 + smooth_noise(u * 14.0, v * 22.0, seed) * 0.4;
        let white = ((clouds - 0.55) * 3.0).clamp(0.0, 0.8);
        let depth = v / 0.66;
        std::array::from_fn(|i| {
            let sky = color::SKY_TOP[i] + (color::SKY_HORIZON[i] - color::SKY_TOP[i]) * depth;
            sky + (245.0 - sky) * white
        })
    }
}

/// Noise between 0 and 1 that changes smoothly over a distance of one.
fn smooth_noise(x: f32, y: f32, seed: u32) -> f32 {
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (left, top) = (x.floor(), y.floor());
    let (right_share, bottom_share) = (ease(x - left), ease(y - top));
    let corner = |dx: u32, dy: u32| noise_at(left as u32 + dx, top as u32 + dy, seed);
    let upper = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * right_share;
    let lower = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * right_share;
    upper + (lower - upper) * bottom_share
}

/// A number between 0 and 1 that depends on the place and the seed only.
fn noise_at(x: u32, y: u32, seed: u32) -> f32 {
    let mut hash = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ seed.wrapping_mul(0xC2B2_AE3D);
    hash = (hash ^ (hash >> 15)).wrapping_mul(0x2C1B_3C6D);
    hash = (hash ^ (hash >> 12)).wrapping_mul(0x297A_2D39);
    ((hash ^ (hash >> 15)) >> 8) as f32 / (1 << 24) as f32
}
