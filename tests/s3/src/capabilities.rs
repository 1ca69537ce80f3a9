//! Where the servers differ: one table, measured, so that no behaviour asks who it talks to.

/// What a server does beyond, or short of, what every S3 does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// `If-None-Match: *` on PUT and Complete is answered 412 when the object is there.
    pub conditional_writes: bool,
    /// Complete refuses a part under 5 MiB that is not the last.
    pub smallest_part_enforced: bool,
    /// A Complete that is repeated after its success is answered as the first time.
    pub repeated_complete: bool,
    /// The status of an expired URL: 403 on S3.
    pub expired_status: u16,
    /// An `x-amz-*` header that is not signed is refused.
    pub unsigned_headers_refused: bool,
    /// A presigned URL over 7 days is refused for that reason.
    pub longest_expiry_enforced: bool,
    /// `GetObjectAttributes` is answered.
    pub object_attributes: bool,
    /// A part without a checksum is refused where the upload declared a composite one.
    pub part_checksum_required: bool,
    /// A checksum behind a streamed body (`STREAMING-UNSIGNED-PAYLOAD-TRAILER`) is taken over HTTP.
    pub trailing_checksums: bool,
    /// The status when a signed header is not sent at all: 403 on S3.
    pub missing_header_status: u16,
    /// A wrong checksum in a form is refused.
    pub form_checksums: bool,
}

impl Capabilities {
    /// The embedded store: all of it.
    pub const EMBEDDED: Self = Self {
        conditional_writes: true,
        smallest_part_enforced: true,
        repeated_complete: true,
        expired_status: 403,
        unsigned_headers_refused: true,
        longest_expiry_enforced: true,
        object_attributes: true,
        part_checksum_required: true,
        trailing_checksums: true,
        missing_header_status: 403,
        form_checksums: true,
    };

    /// Garage 2.5.0.
    pub const GARAGE: Self = Self {
        conditional_writes: false,
        smallest_part_enforced: false,
        repeated_complete: false,
        expired_status: 400,
        unsigned_headers_refused: true,
        longest_expiry_enforced: true,
        object_attributes: false,
        part_checksum_required: false,
        trailing_checksums: false,
        missing_header_status: 400,
        form_checksums: false,
    };
}
