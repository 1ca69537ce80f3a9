//! A plane's rows become its columns.

use super::OutOfMemory;
use super::plane::{Plane, VECTOR};
use super::simd::{U8x16, transpose_16x16};

/// The transposed plane. The plane must have whole vectors of rows, as those of [`Plane::new`] do.
pub(super) fn transpose(plane: &Plane) -> Result<Plane, OutOfMemory> {
    let mut turned = Plane::new(plane.height, plane.width)?;
    turned.extent = (plane.extent.1, plane.extent.0);
    let turned_stride = turned.stride;
    for top in (0..plane.height).step_by(VECTOR) {
        for left in (0..plane.width).step_by(VECTOR) {
            let start = top * plane.stride + left;
            let rows: [U8x16; VECTOR] = std::array::from_fn(|row| {
                let samples = plane.samples.get(start + row * plane.stride..).unwrap_or_default();
                U8x16::load(samples.first_chunk().unwrap_or(&[0; VECTOR]))
            });
            let start = left * turned_stride + top;
            for (row, samples) in transpose_16x16(rows).into_iter().enumerate() {
                let place = turned.samples.get_mut(start + row * turned_stride..);
                if let Some(place) = place.and_then(<[u8]>::first_chunk_mut::<VECTOR>) {
                    *place = samples.to_array();
                }
            }
        }
    }
    Ok(turned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns_at_every_size_about_a_vector() {
        for (width, height) in [(1, 1), (15, 17), (16, 16), (33, 2), (3, 40), (31, 47)] {
            let mut plane = Plane::new(width, height).unwrap();
            for (index, sample) in plane.samples.iter_mut().enumerate() {
                *sample = (index * 7 % 251) as u8;
            }
            let turned = transpose(&plane).unwrap();
            assert_eq!((turned.width, turned.height), (height, width));
            for y in 0..height {
                for x in 0..width {
                    assert_eq!(turned.row(x)[y], plane.row(y)[x], "{width} × {height} at {x}, {y}");
                }
            }
        }
    }
}
