//! What the hot roads cost: how many statements and allocations a message takes, and that no
//! statement reads a whole table.

mod constant;
mod count;
mod figures;
mod health;
mod plans;
mod recorder;
mod road;
