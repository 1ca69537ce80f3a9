//! The ports made true with real systems, one folder each.
