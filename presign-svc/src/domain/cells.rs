//! Squares of the globe, by which photos are found where they were taken: a place lies in one square of each of
//! a few sizes, and a part of the globe is covered by some squares of a size that suits it.

use std::fmt::Write as _;

use super::filter::BoundingBox;

/// The sizes: the equator is divided into so many powers of two, from squares of 39 km down to 150 m.
const BITS: [u32; 5] = [10, 12, 14, 16, 18];
/// How many digits a row or a column has in a cell's name.
const DIGITS: usize = 5;

/// The names of the squares that a place lies in, one of each size. A name is the size, the row from the south
/// pole, and the column from the 180th meridian, so that names in order are rows from south to north.
pub fn cells_of(latitude: f64, longitude: f64) -> impl Iterator<Item = String> {
    (0..BITS.len()).map(move |size| name(size, row(size, latitude), column(size, longitude)))
}

/// A rectangle of squares of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cover {
    size: usize,
    rows: (u32, u32),
    columns: (u32, u32),
}

impl Cover {
    /// The rectangles that hold a part of the globe, of the largest squares that fit into it, or of a few times
    /// larger ones; two where it crosses the 180th meridian, none where there is no larger size.
    pub fn of(bounds: BoundingBox, times_larger: usize) -> Vec<Self> {
        let BoundingBox { west, south, east, north } = bounds;
        let parts = if west > east { vec![(west, 180.0), (-180.0, east)] } else { vec![(west, east)] };
        let width: f64 = parts.iter().map(|(west, east)| east - west).sum();
        let edge = width.min(north - south) / 2.0;
        let fitting = BITS.iter().position(|bits| 360.0 / f64::from(1 << bits) <= edge);
        let Some(size) = fitting.unwrap_or(BITS.len() - 1).checked_sub(times_larger) else {
            return Vec::new();
        };
        let cover = |(west, east): (f64, f64)| Self {
            size,
            rows: (row(size, south), row(size, north)),
            columns: (column(size, west), column(size, east)),
        };
        parts.into_iter().map(cover).collect()
    }

    /// The name of its first square.
    pub fn first(&self) -> String {
        name(self.size, self.rows.0, self.columns.0)
    }

    /// The name of its last square; between the two are squares beside it, too.
    pub fn last(&self) -> String {
        name(self.size, self.rows.1, self.columns.1)
    }

    /// How its names end: those in its first column, and those in its last.
    pub fn endings(&self) -> (String, String) {
        (digits(self.columns.0), digits(self.columns.1))
    }

    /// Where a name's column begins, counted from 1.
    pub const COLUMN_AT: usize = 2 + DIGITS;

    /// Whether a square between the first and the last is in it.
    pub fn holds(&self, cell: &str) -> bool {
        let (first, last) = self.endings();
        cell.get(Self::COLUMN_AT - 1..)
            .is_some_and(|column| (first.as_str()..=last.as_str()).contains(&column))
    }
}

fn name(size: usize, row: u32, column: u32) -> String {
    format!("{size}{}{}", digits(row), digits(column))
}

fn digits(number: u32) -> String {
    let mut digits = String::with_capacity(DIGITS);
    // Writing to a text does not fail.
    let _ = write!(digits, "{number:0DIGITS$x}");
    digits
}

fn row(size: usize, latitude: f64) -> u32 {
    let squares = 1 << BITS.get(size).copied().unwrap_or_default();
    within((latitude + 90.0) / 360.0, squares, squares / 2)
}

fn column(size: usize, longitude: f64) -> u32 {
    let squares = 1 << BITS.get(size).copied().unwrap_or_default();
    within((longitude + 180.0) / 360.0, squares, squares)
}

/// Which of the squares; the last edge belongs to the last of them.
fn within(share: f64, squares: u32, count: u32) -> u32 {
    // A cast of what is out of range, or no number, ends at the nearest that is.
    ((share * f64::from(squares)) as u32).min(count.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cover(bounds: &str) -> Vec<Cover> {
        Cover::of(BoundingBox::parse(bounds).unwrap(), 0)
    }

    #[test]
    fn a_place_is_in_a_square_of_each_size_and_the_edges_of_the_globe_are_in_the_last() {
        let cells: Vec<String> = cells_of(47.37, 8.54).collect();
        assert_eq!(cells.len(), BITS.len());
        assert!(cells.iter().all(|cell| cell.len() == 1 + 2 * DIGITS), "{cells:?}");
        assert_eq!(cells_of(90.0, 180.0).next(), Some("0001ff003ff".to_owned()));
        assert_eq!(cells_of(-90.0, -180.0).next(), Some("00000000000".to_owned()));
    }

    #[test]
    fn what_is_in_a_box_is_in_a_square_of_its_cover_of_any_size() {
        for bounds in
            ["8.4,47.2,8.6,47.4", "-0.001,-0.001,0.001,0.001", "8,46.9995,9,47.0005", "-180,-90,180,90"]
        {
            let BoundingBox { west, south, east, north } = BoundingBox::parse(bounds).unwrap();
            for times_larger in 0..BITS.len() {
                for cover in Cover::of(BoundingBox { west, south, east, north }, times_larger) {
                    for (latitude, longitude) in
                        [(south, west), (north, east), ((south + north) / 2.0, (west + east) / 2.0)]
                    {
                        let cells: Vec<String> = cells_of(latitude, longitude).collect();
                        let cell = &cells[cover.size];
                        assert!(cover.first() <= *cell && *cell <= cover.last(), "{bounds}: {cover:?}");
                        assert!(cover.holds(cell), "{bounds}: {cover:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn squares_are_small_beside_the_box_and_few() {
        let [cover] = cover("8.4,47.2,8.6,47.4").try_into().unwrap();
        let (rows, columns) = (cover.rows.1 - cover.rows.0 + 1, cover.columns.1 - cover.columns.0 + 1);
        assert!((3..=9).contains(&rows) && (3..=9).contains(&columns), "{rows} by {columns}");
        assert!(!cover.holds(&name(cover.size, cover.rows.0, cover.columns.0 - 1)));
    }

    #[test]
    fn a_box_across_the_180th_meridian_has_two_covers() {
        assert_eq!(cover("179,-20,-179,-10").len(), 2);
        assert_eq!(Cover::of(BoundingBox::parse("0,0,90,90").unwrap(), BITS.len()), []);
    }
}
