//! Runs of zeros, which files that were not written out to the end have.

/// Whether there is a run of zeros that no picture makes when zeros stand for coefficients: it would be
/// hundreds of times the same one. Files that were not written out to the end have such runs, and now
/// and then one holds exactly as many blocks as what it replaced.
#[must_use]
pub fn has_long_zeros(data: &[u8]) -> bool {
    data.chunks_exact(32).any(|chunk| chunk.iter().all(|byte| *byte == 0))
}
