//! Orientation: the eight ways a picture can lie, as EXIF numbers them (tag 0x0112).

/// A picture's orientation while transformations are applied to it one after the other: first mirrored
/// left to right or not, then turned clockwise by quarter turns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Orientation {
    mirrored: bool,
    quarter_turns: u8,
}

impl Orientation {
    /// Turns on, anticlockwise as `irot` counts (ISO/IEC 23008-12, 6.5.10).
    pub(super) fn turned_anticlockwise(self, quarter_turns: u8) -> Self {
        Self { quarter_turns: (self.quarter_turns + 4 - (quarter_turns & 3)) & 3, ..self }
    }

    /// Swaps left and right (`imir` with axis 1).
    pub(super) fn mirrored_left_to_right(self) -> Self {
        Self { mirrored: !self.mirrored, quarter_turns: (4 - self.quarter_turns) & 3 }
    }

    /// Swaps top and bottom (`imir` with axis 0).
    pub(super) fn mirrored_top_to_bottom(self) -> Self {
        Self { mirrored: !self.mirrored, quarter_turns: (6 - self.quarter_turns) & 3 }
    }

    /// The EXIF number of this orientation.
    pub(super) fn exif(self) -> u8 {
        match (self.mirrored, self.quarter_turns) {
            (false, 0) => 1,
            (false, 1) => 6,
            (false, 2) => 3,
            (false, _) => 8,
            (true, 0) => 2,
            (true, 1) => 7,
            (true, 2) => 4,
            (true, _) => 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_and_a_mirror_give_the_exif_number_of_the_avif_specification() {
        // AVIF 1.1, the table of irot and imir against EXIF: (anticlockwise turns, imir axis, EXIF).
        let table = [
            (0, None, 1),
            (1, None, 8),
            (2, None, 3),
            (3, None, 6),
            (0, Some(0), 4),
            (0, Some(1), 2),
            (1, Some(0), 5),
            (1, Some(1), 7),
            (2, Some(0), 2),
            (2, Some(1), 4),
            (3, Some(0), 7),
            (3, Some(1), 5),
        ];
        for (turns, axis, expected) in table {
            let turned = Orientation::default().turned_anticlockwise(turns);
            let shown = match axis {
                Some(0) => turned.mirrored_top_to_bottom(),
                Some(_) => turned.mirrored_left_to_right(),
                None => turned,
            };
            assert_eq!(shown.exif(), expected, "irot {turns}, imir {axis:?}");
        }
    }

    #[test]
    fn mirroring_twice_changes_nothing() {
        for turns in 0..4 {
            let turned = Orientation::default().turned_anticlockwise(turns);
            assert_eq!(turned.mirrored_left_to_right().mirrored_left_to_right(), turned);
            assert_eq!(turned.mirrored_top_to_bottom().mirrored_top_to_bottom(), turned);
        }
    }
}
