//! A panic is logged by its place. Its message is not: it may quote what a customer wrote.

use std::panic::{self, PanicHookInfo};
use std::thread;

/// Replaces the standard hook, which would print the panic's message to the terminal.
pub(super) fn log_panics() {
    panic::set_hook(Box::new(log));
}

fn log(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = thread::current();
    tracing::error!(
        panic.place = place,
        panic.thread = thread.name().unwrap_or_default(),
        "a defect stopped a task; please report it with this place"
    );
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Line;

        fn make_writer(&'a self) -> Line {
            Line(self.0.clone())
        }
    }

    struct Line(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Line {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_place_is_logged_and_the_message_is_not() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let subscriber = tracing_subscriber::fmt().with_writer(Lines(lines.clone())).finish();
        tracing::subscriber::with_default(subscriber, || {
            let before = panic::take_hook();
            log_panics();
            let ended = panic::catch_unwind(|| panic!("the customer wrote: swordfish"));
            panic::set_hook(before);
            assert!(ended.is_err());
        });
        let text = String::from_utf8(lines.lock().unwrap().clone()).unwrap();
        assert!(text.contains("panics.rs") && !text.contains("swordfish"), "{text}");
    }
}
