//! What can make reading metadata fail altogether. Everything else is a warning.

/// Why there is no metadata at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// The file has no bytes.
    #[error("the file is empty: its content did not arrive, choose it again")]
    Empty,
    /// The first bytes are not those of a type Windlass knows.
    #[error("the file's first bytes are those of no known type: send a photo, a PDF, a drawing or a video")]
    UnknownType,
    /// The caller supplied bytes the reader did not ask for.
    #[error("bytes from offset {supplied} were supplied where the reader asked for offset {expected}")]
    UnexpectedBytes {
        /// The offset asked for by `next_read`.
        expected: u64,
        /// The offset supplied.
        supplied: u64,
    },
    /// The caller finished although `next_read` still asked for bytes.
    #[error("reading was finished too early: bytes from offset {expected} are still needed")]
    Unfinished {
        /// The offset asked for by `next_read`.
        expected: u64,
    },
}

impl MetadataError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_file",
            Self::UnknownType => "unknown_type",
            Self::UnexpectedBytes { .. } => "unexpected_bytes",
            Self::Unfinished { .. } => "unfinished_read",
        }
    }
}
