//! Tests of the whole room: files in a folder, and what comes of them.
