//! AWS Signature Version 4 query presigning for S3 object operations, without IO.
