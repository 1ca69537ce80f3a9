//! One S3 behaviour suite, run on the embedded store and on Garage.
