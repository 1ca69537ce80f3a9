//! What the camera knew, read from the head of a file.
