//! Where log lines go, and how they look.

use std::fs::DirBuilder;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use tracing::Subscriber;
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use super::panics;
use crate::config::{Config, LogFormat};

/// Keeps the log file's writer alive; what is still in memory is written when it is dropped.
#[must_use = "the log file is written only while this lives"]
#[derive(Debug)]
pub struct Guard {
    _file: Option<WorkerGuard>,
}

/// Why logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `RUST_LOG` is not a list of directives.
    #[error("RUST_LOG must hold levels such as info or info,centrium::jobs=debug: {0}.")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The log file can't be written.
    #[error("LOG_FILE {} can't be written: {reason}.", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It was called before.
    #[error("Logging was started already.")]
    Twice,
}

/// Starts logging, once for the process: to standard error, and to `LOG_FILE` where it is set.
/// From now on a panic is logged by its place.
///
/// # Errors
/// `RUST_LOG` can't be read, the file can't be written, or logging was started before.
pub fn init(config: &Config) -> Result<Guard, TelemetryError> {
    let (subscriber, guard) = subscriber(config, io::stderr, io::stderr().is_terminal())?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| TelemetryError::Twice)?;
    panics::log_panics();
    Ok(guard)
}

fn subscriber<W>(
    config: &Config,
    terminal: W,
    colours: bool,
) -> Result<(impl Subscriber + Send + Sync, Guard), TelemetryError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&config.rust_log)?;
    let (file, guard) = match &config.log_file {
        Some(path) => {
            let (writer, guard) = tracing_appender::non_blocking(rolling(path)?);
            (Some(writer), Some(guard))
        }
        None => (None, None),
    };
    // The fields of a span are formatted once for both, so colours would get into the file.
    let colours = colours && file.is_none();
    let file = file.map(|writer: NonBlocking| lines(config.log_format, writer, false));
    let subscriber = Registry::default().with(filter).with(file).with(lines(
        config.log_format,
        terminal,
        colours,
    ));
    Ok((subscriber, Guard { _file: guard }))
}

fn lines<S, W>(format: LogFormat, writer: W, colours: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(colours);
    match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_span_list(false).boxed(),
    }
}

/// `logs/centrium.log` becomes `logs/centrium.2026-01-31.log`, a new one each day (UTC), and is
/// itself a link to the newest.
fn rolling(path: &Path) -> Result<RollingFileAppender, TelemetryError> {
    let failed = |reason: String| TelemetryError::File { path: path.to_owned(), reason };
    // The link holds the folder's name, which must hold from anywhere.
    let full = std::path::absolute(path).map_err(|error| failed(error.to_string()))?;
    let (Some(folder), Some(name), Some(stem)) =
        (full.parent(), full.file_name().and_then(|name| name.to_str()), full.file_stem())
    else {
        return Err(failed("it is not the name of a file".into()));
    };
    DirBuilder::new().recursive(true).create(folder).map_err(|error| failed(error.to_string()))?;
    let mut builder = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix(stem.to_string_lossy());
    if let Some(extension) = full.extension() {
        builder = builder.filename_suffix(extension.to_string_lossy());
    }
    // Making the link removes what has its name: only a link of ours may go that way.
    match full.symlink_metadata() {
        Err(_) => builder = builder.latest_symlink(name),
        Ok(old) if old.is_symlink() && links_into(folder, &full) => {
            builder = builder.latest_symlink(name);
        }
        Ok(old) if old.is_file() => {}
        Ok(_) => return Err(failed("it is not a file".into())),
    }
    builder.build(folder).map_err(|error| failed(error.to_string()))
}

fn links_into(folder: &Path, link: &Path) -> bool {
    std::fs::read_link(link).is_ok_and(|target| target.parent() == Some(folder))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    /// A terminal that can be read.
    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Screen {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    /// What is on the screen after `talk` was run with this configuration.
    fn logged(config: &Config, talk: impl FnOnce()) -> String {
        let screen = Screen::default();
        let writer = screen.clone();
        let (subscriber, guard) = subscriber(config, move || writer.clone(), true).unwrap();
        tracing::subscriber::with_default(subscriber, talk);
        drop(guard);
        screen.text()
    }

    #[test]
    fn json_lines_are_flat_and_keep_dotted_names() {
        let config = Config::with(&[("LOG_FORMAT", "json")]).unwrap();
        let line =
            logged(&config, || tracing::info!(ticket.id = 7, channel.kind = "api", "stored"));
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&line["ticket.id"], &line["channel.kind"]), (&7.into(), &"api".into()));
        assert_eq!((&line["message"], &line["level"]), (&"stored".into(), &"INFO".into()));
    }

    #[test]
    fn the_level_is_info_until_rust_log_says_otherwise() {
        let talk = || {
            tracing::info!("heard");
            tracing::debug!("whispered");
        };
        let usual = logged(&Config::with(&[]).unwrap(), talk);
        assert!(usual.contains("heard") && !usual.contains("whispered"), "{usual}");
        let more = logged(&Config::with(&[("RUST_LOG", "debug")]).unwrap(), talk);
        assert!(more.contains("whispered"), "{more}");
    }

    #[test]
    fn a_rust_log_that_is_none_is_refused() {
        let config = Config::with(&[("RUST_LOG", "centrium=loudly")]).unwrap();
        let Err(refused) = subscriber(&config, io::sink, false) else { panic!("it was taken") };
        assert!(refused.to_string().starts_with("RUST_LOG must hold levels"), "{refused}");
    }

    #[test]
    fn the_file_has_the_lines_of_the_terminal_without_colours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/centrium.log");
        let config = Config::with(&[("LOG_FILE", path.to_str().unwrap())]).unwrap();
        for talk in ["first start", "second start"] {
            let screen = logged(&config, || {
                tracing::info_span!("s", a = 1).in_scope(|| tracing::info!("{talk}"));
            });
            assert!(screen.contains(talk), "{screen}");
        }
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("first start") && text.contains("second start"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(files, 2, "today's file and the link to it");
    }

    #[test]
    fn what_is_not_ours_is_not_removed_for_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let (old, alien) = (folder.path().join("old.log"), folder.path().join("alien.log"));
        fs::write(&old, "precious").unwrap();
        rolling(&old).unwrap();
        assert_eq!(fs::read_to_string(&old).unwrap(), "precious");
        std::os::unix::fs::symlink("/dev/null", &alien).unwrap();
        assert!(rolling(&alien).is_err());
        assert!(rolling(folder.path()).is_err());
        assert!(alien.is_symlink());
    }
}
