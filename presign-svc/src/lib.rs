//! The Windlass service: signs, verifies and lists uploads; file bytes never pass through it.
