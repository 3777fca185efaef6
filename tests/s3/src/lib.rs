//! The test is in `tests/bucket.rs`.
