//! The `centrium` binary: see `centrium --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    centrium::cli::run()
}
