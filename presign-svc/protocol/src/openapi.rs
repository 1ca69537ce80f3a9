//! Schemas of those values that are texts and numbers on the wire and more than that here.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::part_plan::MAX_PART_COUNT;
use crate::piece_plan::MAX_PIECE_COUNT;
use crate::{
    Checksum, ClientRef, PartNumber, PhotoId, PieceNumber, ProjectId, TenantId, Timestamp, UploadId,
    UploadLinkId,
};

/// Letters, digits, `.`, `_`, `-`; begins with a letter or digit; no two dots beside each other.
const NAME: &str = r"^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*\.?$";
/// base64 of 4, 8 or 32 bytes.
const CHECKSUM: &str =
    "^([A-Za-z0-9+/]{5}[AQgw]==|[A-Za-z0-9+/]{10}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)$";

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn name() -> ObjectBuilder {
    text().pattern(Some(NAME)).max_length(Some(128))
}

fn uuid() -> ObjectBuilder {
    text().format(Some(SchemaFormat::Custom("uuid".to_owned())))
}

macro_rules! schema {
    ($type:ty, $description:literal, $schema:expr) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                $schema.description(Some($description)).build().into()
            }
        }
        impl ToSchema for $type {}
    };
}

schema!(TenantId, "The company", name());
schema!(ProjectId, "What photos are attached to: a job, a site, an album", name());
schema!(UploadId, "One file on its way", uuid());
schema!(UploadLinkId, "A link for customers without an account", uuid());
schema!(PhotoId, "What an upload becomes: the same UUID", uuid());
schema!(Timestamp, "A moment, in UTC", text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))));
schema!(Checksum, "CRC32C, CRC64NVME or SHA-256, told apart by its length", text().pattern(Some(CHECKSUM)));
schema!(
    ClientRef,
    "The client's own name for one file: 1 to 200 bytes without control characters",
    text().min_length(Some(1)).max_length(Some(200))
);
schema!(
    PartNumber,
    "The number of a part",
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(MAX_PART_COUNT as f64))
);
schema!(
    PieceNumber,
    "The number of a piece, counted from 1",
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(MAX_PIECE_COUNT))
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_say_what_is_taken() {
        let schema = |schema: RefOr<Schema>| serde_json::to_value(schema).unwrap();
        assert_eq!(schema(PhotoId::schema())["format"], "uuid");
        assert_eq!(schema(PartNumber::schema())["maximum"], 10_000.0);
        assert_eq!(schema(ProjectId::schema())["pattern"], NAME);
    }
}
