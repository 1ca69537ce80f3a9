//! The adapter against a store that misbehaves on purpose.
