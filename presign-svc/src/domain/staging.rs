//! Where the small pieces of an upload are staged on a weak signal, and what of it is there whole.
//!
//! All of it is below one prefix, by tenant, project and upload, and is never handed out: no URL to read it
//! is ever signed. A piece has one place, so that what is staged of a file is never more than the file.

use std::collections::HashSet;
use std::ops::Range;

use windlass_protocol::{PieceNumber, PiecePlan};

use super::object_key::ObjectKey;
use super::upload::Upload;

/// The prefix of everything that is staged, for an operator's lifecycle rule.
pub const STAGING_PREFIX: &str = "windlass-staging/";

/// Where the pieces of one upload are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagingFolder(String);

impl StagingFolder {
    /// That of an upload.
    pub fn of(upload: &Upload) -> Self {
        let facts = upload.facts();
        Self(format!("{STAGING_PREFIX}{}/{}/{}/", facts.tenant, facts.project, facts.id))
    }

    /// What the keys of its pieces begin with.
    pub fn prefix(&self) -> &str {
        &self.0
    }

    /// The key of a piece.
    pub fn piece(&self, number: PieceNumber) -> ObjectKey {
        ObjectKey::below(&self.0, &format!("{:08}", number.get()))
    }

    /// Which piece has that key; `None` where it is the key of none.
    pub fn number_of(&self, key: &str) -> Option<PieceNumber> {
        let name = key.strip_prefix(&self.0)?;
        let number: u32 = name.parse().ok()?;
        let number = PieceNumber::try_from(number).ok()?;
        (*self.piece(number).as_str() == *key).then_some(number)
    }
}

/// What is staged of one upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    plan: PiecePlan,
    whole: HashSet<PieceNumber>,
}

impl Staged {
    /// From the sizes of what is there. What has another size than the plan says is no piece of it.
    pub fn of(plan: PiecePlan, found: impl IntoIterator<Item = (PieceNumber, u64)>) -> Self {
        let whole = found.into_iter().filter(|(number, size)| plan.size_of(*number) == Some(*size));
        Self { plan, whole: whole.map(|(number, _)| number).collect() }
    }

    /// How the file is cut.
    pub fn plan(&self) -> &PiecePlan {
        &self.plan
    }

    /// The pieces that are there, in order.
    pub fn numbers(&self) -> Vec<PieceNumber> {
        let mut numbers: Vec<_> = self.whole.iter().copied().collect();
        numbers.sort_unstable();
        numbers
    }

    /// The pieces these bytes of the file are put together from, in order; `None` where one of them is missing.
    pub fn pieces_of(&self, range: &Range<u64>) -> Option<Vec<PieceNumber>> {
        let pieces: Vec<_> = self.plan.pieces_of(range)?.collect();
        pieces.iter().all(|number| self.whole.contains(number)).then_some(pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: u64 = 1024;

    fn folder() -> StagingFolder {
        StagingFolder(format!("{STAGING_PREFIX}acme/job-7/0192f0c1-2c5d-7c1e-9f00-0123456789ab/"))
    }

    fn number(number: u32) -> PieceNumber {
        PieceNumber::try_from(number).unwrap()
    }

    #[test]
    fn a_piece_is_found_again_by_its_key_and_nothing_else_is_one() {
        let folder = folder();
        let key = folder.piece(number(7));
        assert!(key.as_str().ends_with("/00000007"), "{key}");
        assert!(ObjectKey::try_from(key.as_str().to_owned()).is_ok());
        assert_eq!(folder.number_of(key.as_str()), Some(number(7)));
        for other in ["7", "00000000", "0000007", "+0000007", "00000007/x", "original.jpg", ""] {
            assert_eq!(folder.number_of(&format!("{}{other}", folder.prefix())), None, "{other}");
        }
        assert_eq!(folder.number_of("windlass-staging/other/00000007"), None);
    }

    #[test]
    fn bytes_are_there_when_all_their_pieces_are_whole() {
        let plan = PiecePlan::new(300 * KIB, 128 * KIB).unwrap();
        let sizes = [(1, 128 * KIB), (2, 128 * KIB), (3, 44 * KIB)];
        let all = Staged::of(plan, sizes.map(|(n, size)| (number(n), size)));
        assert_eq!(all.pieces_of(&(0..300 * KIB)), Some(vec![number(1), number(2), number(3)]));
        let truncated = Staged::of(plan, [(number(1), 128 * KIB), (number(2), 1), (number(3), 44 * KIB)]);
        assert_eq!(truncated.pieces_of(&(0..300 * KIB)), None);
        assert_eq!(truncated.pieces_of(&(0..128 * KIB)), Some(vec![number(1)]));
        assert_eq!(truncated.numbers(), [number(1), number(3)]);
    }
}
