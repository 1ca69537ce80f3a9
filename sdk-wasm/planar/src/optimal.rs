//! Huffman tables made for one picture (T.81, annex K.2): a phone's photo of 1920 pixels takes about one
//! byte in a hundred fewer than with those of annex K.3, a thumbnail one in twenty, because the tables
//! themselves are shorter.

/// A table as a DHT segment holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HuffmanTable {
    /// How many codes there are of each length, from one bit to sixteen.
    pub(super) counts: [u8; 16],
    /// The symbols, those with the shortest codes first.
    pub(super) symbols: Vec<u8>,
}

/// No tree is deeper: one of this depth would need more occurrences than 32 bits can count.
const DEEPEST: usize = 48;

impl HuffmanTable {
    /// The table that takes the fewest bits, given how often each symbol occurs.
    pub(super) fn optimal(occurrences: &[u32; 256]) -> Self {
        let often = |symbol: u8| occurrences[usize::from(symbol)];
        let mut symbols: Vec<u8> = Vec::with_capacity(256);
        for symbol in (0..=255).filter(|symbol| often(*symbol) > 0) {
            // Put into place: the sort of the standard library is as large as this whole encoder's tables.
            let place = symbols.partition_point(|other| often(*other) >= often(symbol));
            symbols.insert(place, symbol);
        }
        // One more leaf, rarer than any symbol: it takes the code of nothing but ones, which is no code.
        let rarest_first = symbols.iter().rev().map(|symbol| often(*symbol));
        let mut lengths = lengths(std::iter::once(0).chain(rarest_first).collect());
        limit(&mut lengths);
        if let Some(longest) = lengths.iter_mut().rev().find(|count| **count > 0) {
            *longest -= 1;
        }
        // There are at most 255 of a length: the 256th would be the code that is none.
        let counts = std::array::from_fn(|index| lengths[index + 1] as u8);
        Self { counts, symbols }
    }
}

/// How many leaves there are of each depth, when the two lightest trees are joined until there is one.
/// Leaves come lightest first, and so do the trees made of them: two queues do for a heap.
fn lengths(mut weights: Vec<u32>) -> [u32; DEEPEST] {
    let leaves = weights.len();
    let nodes = 2 * leaves - 1;
    let mut parents = vec![0; nodes];
    let (mut leaf, mut tree) = (0, leaves);
    for parent in leaves..nodes {
        let mut weight = 0;
        for _ in 0..2 {
            let lightest = if leaf < leaves && (tree == parent || weights[leaf] <= weights[tree]) {
                &mut leaf
            } else {
                &mut tree
            };
            weight += weights[*lightest];
            parents[*lightest] = parent;
            *lightest += 1;
        }
        weights.push(weight);
    }
    // From the root, which is last, to the leaves.
    let mut depths = vec![0; nodes];
    for node in (0..nodes - 1).rev() {
        depths[node] = depths[parents[node]] + 1;
    }
    let mut counts = [0; DEEPEST];
    for depth in &depths[..leaves] {
        counts[*depth] += 1;
    }
    counts
}

/// Brings all codes to sixteen bits (T.81, figure K.3): of two that are too long, one takes the place of
/// their common prefix, and the other shares that of a shorter code.
fn limit(counts: &mut [u32; DEEPEST]) {
    for length in (17..DEEPEST).rev() {
        while counts[length] > 0 {
            let shorter = (1..length - 1).rev().find(|shorter| counts[*shorter] > 0).unwrap_or(0);
            counts[length] -= 2;
            counts[length - 1] += 1;
            counts[shorter + 1] += 2;
            counts[shorter] -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes of all lengths, with the one that is none, fill the space of codes.
    fn assert_complete(table: &HuffmanTable) {
        let codes: usize = table.counts.iter().map(|count| usize::from(*count)).sum();
        assert_eq!(codes, table.symbols.len());
        let space: u32 = (0..16).map(|index| u32::from(table.counts[index]) << (15 - index)).sum();
        let longest = table.counts.iter().rposition(|count| *count > 0).unwrap();
        // Taking the last code away may leave its length without any.
        let free = (1 << 16) - space;
        assert!(free <= 1 << (15 - longest) && free.is_power_of_two(), "{table:?} leaves {free}");
    }

    fn occurrences(of: &[(u8, u32)]) -> [u32; 256] {
        let mut occurrences = [0; 256];
        for (symbol, count) in of {
            occurrences[usize::from(*symbol)] = *count;
        }
        occurrences
    }

    #[test]
    fn one_symbol_has_a_code_of_one_bit() {
        let table = HuffmanTable::optimal(&occurrences(&[(7, 1000)]));
        assert_eq!((table.counts[0], table.symbols.as_slice()), (1, &[7][..]));
        assert_complete(&table);
    }

    #[test]
    fn frequent_symbols_have_the_short_codes() {
        let table = HuffmanTable::optimal(&occurrences(&[(1, 5), (2, 50), (3, 20), (4, 20)]));
        assert_eq!(table.symbols, [2, 3, 4, 1]);
        assert_eq!(table.counts[..4], [1, 1, 1, 1]);
        assert_complete(&table);
    }

    #[test]
    fn all_symbols_as_often_as_each_other_have_codes_of_eight_bits_or_nine() {
        let table = HuffmanTable::optimal(&[3; 256]);
        assert_eq!((table.counts[7], table.counts[8]), (255, 1));
        assert_complete(&table);
    }

    #[test]
    fn no_code_is_longer_than_sixteen_bits() {
        // As Fibonacci's numbers, occurrences make the deepest tree there is.
        let (mut previous, mut next) = (1, 1);
        let mut deepest = [0; 256];
        for (index, count) in deepest.iter_mut().take(40).enumerate() {
            *count = previous;
            (previous, next) = (next, previous + next);
            let table = HuffmanTable::optimal(&occurrences(&[(index as u8, *count)]));
            assert_complete(&table);
        }
        let table = HuffmanTable::optimal(&deepest);
        assert_eq!(table.symbols.len(), 40);
        assert!(table.counts[15] > 0);
        assert_complete(&table);
    }
}
