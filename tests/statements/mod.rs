//! The statements that the hot roads run: how many a message costs, and that none of them reads a
//! whole table.

#![expect(clippy::print_stderr, reason = "what was counted is part of the result")]

mod count;
mod plans;
mod recorder;
