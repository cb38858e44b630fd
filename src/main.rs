//! The `centrium` binary.

fn main() {}
