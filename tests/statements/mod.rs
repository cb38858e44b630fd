//! The statements that the hot roads run: how many a message costs, and that none of them reads a
//! whole table.

mod count;
mod plans;
mod recorder;
