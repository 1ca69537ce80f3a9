//! A small durable S3-compatible object store that runs inside the service's process.
