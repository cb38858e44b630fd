//! The program from its command line: what it prints, and what it refuses.

mod eval;
mod help;
mod keys;
mod prompts;
mod refusals;
mod set_webhook;
mod work;
