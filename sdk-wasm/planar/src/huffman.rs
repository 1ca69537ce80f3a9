//! Huffman tables (T.81, C and F.2.2.3) with the value bits that follow a code looked up along with it.

use super::DecodeError;
use super::bits::BitReader;

/// How many bits are looked up at once.
pub(super) const LOOKUP_BITS: u32 = 11;
const LOOKUP_SIZE: usize = 1 << LOOKUP_BITS;

/// Added to the coefficient's index by the end-of-block code: beyond any index that a run can reach.
const END_OF_BLOCK_RUN: u32 = 127;

/// A table as the file gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableSpec {
    /// How many codes there are of each length, 1 to 16.
    pub(super) counts: [u8; 16],
    /// What the codes mean, in order.
    pub(super) symbols: Vec<u8>,
}

/// Codes of any length, by their first numbers.
struct Canonical {
    /// Per length, the first 16-bit left-aligned code that is longer.
    limit: [u32; 17],
    /// Per length, what to add to a code of it to get its symbol's index.
    offset: [i32; 17],
    symbols: Vec<u8>,
}

impl Canonical {
    fn new(spec: &TableSpec) -> Result<Self, DecodeError> {
        let mut table = Self { limit: [0; 17], offset: [0; 17], symbols: spec.symbols.clone() };
        let (mut code, mut index) = (0_u32, 0_u32);
        for (length, count) in (1_usize..).zip(spec.counts) {
            let count = u32::from(count);
            if code + count > 1 << length {
                return Err(DecodeError::Corrupt("a Huffman table has more codes than fit"));
            }
            table.offset[length] = index as i32 - code as i32;
            table.limit[length] = (code + count) << (16 - length);
            code = (code + count) << 1;
            index += count;
        }
        Ok(table)
    }

    /// The code that the next sixteen bits begin with: its length and its symbol.
    fn find(&self, ahead: u32) -> Option<(u32, u8)> {
        let length = (1_usize..=16).find(|length| ahead < self.limit[*length])?;
        let index = (ahead >> (16 - length)) as i32 + self.offset[length];
        Some((length as u32, *self.symbols.get(usize::try_from(index).ok()?)?))
    }
}

/// A signed value of `size` bits (T.81, F.2.2.1, EXTEND).
#[inline(always)]
fn extend(bits: u32, size: u32) -> i32 {
    let bits = bits as i32;
    let half = (1_i32 << size) >> 1;
    // Without a branch: nothing predicts the sign.
    let below = (bits - half) >> 31;
    bits + (below & (1 - (1 << size)))
}

/// Tables for DC differences.
pub(super) struct DcTable {
    /// By the next bits: size << 8 | length of the code; zero where it is longer or there is none.
    lookup: Box<[u16; LOOKUP_SIZE]>,
    canonical: Canonical,
}

impl DcTable {
    pub(super) fn new(spec: &TableSpec) -> Result<Self, DecodeError> {
        let canonical = Canonical::new(spec)?;
        let mut lookup = Box::new([0; LOOKUP_SIZE]);
        for (ahead, entry) in (0_u32..).zip(lookup.iter_mut()) {
            if let Some((length, size)) = canonical.find(ahead << (16 - LOOKUP_BITS))
                && length <= LOOKUP_BITS
            {
                *entry = u16::from(size) << 8 | length as u16;
            }
        }
        Ok(Self { lookup, canonical })
    }

    /// The next difference; `None` when the bits are no code.
    #[inline(always)]
    pub(super) fn difference(&self, reader: &mut BitReader) -> Option<i32> {
        reader.refill();
        let entry = u32::from(self.lookup[(reader.ahead() >> (64 - LOOKUP_BITS)) as usize]);
        let (mut length, mut size) = (entry & 0xFF, entry >> 8);
        if length == 0 {
            let (long, symbol) = self.canonical.find(reader.peek(16))?;
            (length, size) = (long, u32::from(symbol));
        }
        // Eight-bit pictures have differences of at most eleven bits (T.81, table F.1).
        if size > 11 {
            return None;
        }
        reader.skip(length);
        if size == 0 {
            return Some(0);
        }
        let value = extend(reader.peek(size), size);
        reader.skip(size);
        Some(value)
    }
}

/// What the next bits of an AC scan say.
///
/// The low eight bits are the bits to pass, with [`Step::PARTIAL`] set when the value's bits did not
/// fit the lookup; then come eight bits of run and, in the upper half, the value — or, when partial,
/// its size, zero when the code itself did not fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step(u32);

impl Step {
    const PARTIAL: u32 = 0x80;

    fn whole(length: u32, run: u32, value: i32) -> Self {
        Self((value as u32) << 16 | run << 8 | length)
    }

    fn partial(length: u32, run: u32, size: u32) -> Self {
        Self(size << 16 | run << 8 | Self::PARTIAL | length)
    }

    #[inline(always)]
    fn is_whole(self) -> bool {
        self.0 & Self::PARTIAL == 0
    }

    #[inline(always)]
    fn length(self) -> u32 {
        self.0 & 0x3F
    }

    /// How many zeros precede the value. After the end-of-block code, more than any block has.
    #[inline(always)]
    fn run(self) -> u32 {
        (self.0 >> 8) & 0xFF
    }

    #[inline(always)]
    fn value(self) -> i32 {
        self.0 as i32 >> 16
    }

    #[inline(always)]
    fn size(self) -> u32 {
        self.0 >> 16
    }
}

/// Several codes at once, for coefficients that are only to be passed over.
///
/// From the lowest bit: eight bits of length, eight bits by which all codes but the last advance,
/// and those by which the last one does. Zero where not one code with its value fits.
#[derive(Debug, Clone, Copy)]
struct Leap(u32);

/// Tables for AC coefficients.
pub(super) struct AcTable {
    steps: Box<[Step; LOOKUP_SIZE]>,
    leaps: Box<[Leap; LOOKUP_SIZE]>,
    canonical: Canonical,
}

impl AcTable {
    pub(super) fn new(spec: &TableSpec) -> Result<Self, DecodeError> {
        let canonical = Canonical::new(spec)?;
        let mut steps = Box::new([Step::partial(0, 0, 0); LOOKUP_SIZE]);
        for (ahead, step) in (0_u32..).zip(steps.iter_mut()) {
            *step = step_of(&canonical, ahead);
        }
        let mut leaps = Box::new([Leap(0); LOOKUP_SIZE]);
        for (ahead, leap) in (0_usize..).zip(leaps.iter_mut()) {
            *leap = leap_of(&steps, ahead);
        }
        Ok(Self { steps, leaps, canonical })
    }

    /// Whether zero bits stand for a coefficient, not for the end of a block as in tables made for a
    /// picture of one colour.
    pub(super) fn has_coefficient_of_zeros(&self) -> bool {
        self.canonical.symbols.first().is_some_and(|symbol| symbol & 15 != 0)
    }

    /// The next run and value; `None` when the bits are no code. The reader must be refilled.
    #[inline(always)]
    pub(super) fn step(&self, reader: &mut BitReader) -> Option<(u32, i32)> {
        let step = self.steps[(reader.ahead() >> (64 - LOOKUP_BITS)) as usize];
        if step.is_whole() {
            reader.skip(step.length());
            return Some((step.run(), step.value()));
        }
        let step = if step.size() == 0 { self.long_code(reader)? } else { step };
        reader.skip(step.length());
        if step.size() == 0 {
            return Some((step.run(), 0));
        }
        let value = extend(reader.peek(step.size()), step.size());
        reader.skip(step.size());
        Some((step.run(), value))
    }

    #[cold]
    fn long_code(&self, reader: &BitReader) -> Option<Step> {
        let (length, symbol) = self.canonical.find(reader.peek(16))?;
        let (run, size) = run_and_size(symbol)?;
        Some(Step::partial(length, run, size))
    }

    /// Passes over as many codes as one lookup holds, given the coefficient to come next (at most 63),
    /// and returns the one after. `None` when the bits are no code. The reader must be refilled.
    #[inline(always)]
    pub(super) fn leap(&self, reader: &mut BitReader, next: u32) -> Option<u32> {
        let Leap(leap) = self.leaps[(reader.ahead() >> (64 - LOOKUP_BITS)) as usize];
        // The last of the codes has to belong to this block still.
        let last = next + ((leap >> 8) & 0xFF);
        if leap != 0 && last < 64 {
            reader.skip(leap & 0xFF);
            return Some(last + (leap >> 16));
        }
        let (run, _) = self.step(reader)?;
        Some(next + run + 1)
    }
}

/// The meaning of an AC symbol (T.81, F.1.2.2.1). Lengths of runs without a value other than
/// end-of-block and sixteen zeros belong to progressive files.
fn run_and_size(symbol: u8) -> Option<(u32, u32)> {
    match symbol {
        0x00 => Some((END_OF_BLOCK_RUN, 0)),
        0xF0 => Some((15, 0)),
        _ if symbol & 15 == 0 => None,
        _ => Some((u32::from(symbol >> 4), u32::from(symbol & 15))),
    }
}

fn step_of(canonical: &Canonical, ahead: u32) -> Step {
    let too_long = Step::partial(0, 0, 0);
    let Some((length, symbol)) = canonical.find(ahead << (16 - LOOKUP_BITS)) else { return too_long };
    let Some((run, size)) = run_and_size(symbol) else { return too_long };
    if length > LOOKUP_BITS {
        return too_long;
    }
    if length + size > LOOKUP_BITS {
        return Step::partial(length, run, size);
    }
    let bits = (ahead >> (LOOKUP_BITS - length - size)) & ((1 << size) - 1);
    Step::whole(length + size, run, if size == 0 { 0 } else { extend(bits, size) })
}

fn leap_of(steps: &[Step; LOOKUP_SIZE], ahead: usize) -> Leap {
    let (mut length, mut advance, mut last) = (0, 0, 0);
    loop {
        let step = steps[(ahead << length) & (LOOKUP_SIZE - 1)];
        // Zeros shifted in are no data: a code that needs them is left to the next lookup.
        if !step.is_whole() || length + step.length() > LOOKUP_BITS || advance + last > 63 {
            break;
        }
        length += step.length();
        advance += last;
        last = step.run() + 1;
        if step.run() == END_OF_BLOCK_RUN {
            break;
        }
    }
    if length == 0 { Leap(0) } else { Leap(last << 16 | advance << 8 | length) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::huffman_tables::{AC_LUMA, DC_LUMA, StandardTable};

    fn spec(table: &StandardTable) -> TableSpec {
        TableSpec { counts: table.counts, symbols: table.symbols.to_vec() }
    }

    #[test]
    fn values_are_extended_as_the_standard_says() {
        let values: Vec<i32> = (0..8).map(|bits| extend(bits, 3)).collect();
        assert_eq!(values, [-7, -6, -5, -4, 4, 5, 6, 7]);
        assert_eq!((extend(0, 1), extend(1, 1)), (-1, 1));
    }

    #[test]
    fn leaping_ends_where_stepping_does() {
        let table = AcTable::new(&spec(&AC_LUMA)).unwrap();
        let mut state = 1_u64;
        for _ in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let bytes = [(state >> 16).to_be_bytes(), state.rotate_left(23).to_be_bytes()].concat();
            let walk = |leaping: bool| {
                let mut reader = BitReader::new(&bytes);
                let mut next = 40;
                while next < 64 {
                    reader.refill();
                    next = if leaping {
                        table.leap(&mut reader, next)?
                    } else {
                        next + table.step(&mut reader)?.0 + 1
                    };
                }
                reader.refill();
                Some((next >= 128, next.min(64 + 17), reader.peek(32)))
            };
            assert_eq!(walk(true), walk(false), "{bytes:x?}");
        }
    }

    #[test]
    fn a_table_with_too_many_codes_is_corrupt() {
        let mut spec = spec(&DC_LUMA);
        spec.counts[0] = 3;
        assert!(matches!(DcTable::new(&spec), Err(DecodeError::Corrupt(_))));
    }
}
