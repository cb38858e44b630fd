//! The program from its command line: what it prints, and what it refuses.

mod help;
mod keys;
mod refusals;
mod work;
