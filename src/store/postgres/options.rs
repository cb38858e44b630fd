//! The part of a database address behind the `?`.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::PostgresError;

/// `sslmode`, with PostgreSQL's own meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SslMode {
    Disable,
    Allow,
    #[default]
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Whom `sslrootcert` trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Roots {
    /// Not said.
    #[default]
    Unset,
    /// `system`: the public authorities.
    Public,
    /// A PEM file.
    File(PathBuf),
}

/// An address, divided into what the driver reads and what it does not know.
#[derive(Debug)]
pub(super) struct Options {
    /// The address without `sslmode` and `sslrootcert`.
    pub(super) address: String,
    pub(super) mode: SslMode,
    pub(super) roots: Roots,
    /// The names of all options that were given.
    pub(super) given: Vec<String>,
}

impl Options {
    pub(super) fn split(url: &str) -> Result<Self, PostgresError> {
        let (place, query) = divide(url);
        let mut options = Self {
            address: place.to_owned(),
            mode: SslMode::default(),
            roots: Roots::default(),
            given: Vec::new(),
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "sslmode" => options.mode = mode(value)?,
                "sslrootcert" => options.roots = roots(value)?,
                _ => {
                    let first = options.address.len() == place.len();
                    options.address.push(if first { '?' } else { '&' });
                    options.address.push_str(pair);
                }
            }
            options.given.push(name.to_owned());
        }
        Ok(options)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|given| given == name)
    }
}

/// At the `?`, of which a password may hold one too: like the driver, credentials end at the
/// first `@`.
fn divide(url: &str) -> (&str, &str) {
    let credentials = url.find('@').unwrap_or(0);
    match url[credentials..].find('?') {
        Some(at) => (&url[..credentials + at], &url[credentials + at + 1..]),
        None => (url, ""),
    }
}

fn mode(value: &str) -> Result<SslMode, PostgresError> {
    Ok(match value {
        "disable" => SslMode::Disable,
        "allow" => SslMode::Allow,
        "prefer" => SslMode::Prefer,
        "require" => SslMode::Require,
        "verify-ca" => SslMode::VerifyCa,
        "verify-full" => SslMode::VerifyFull,
        _ => {
            let known = "disable, allow, prefer, require, verify-ca or verify-full";
            return Err(PostgresError::Setting(format!(
                "DATABASE_URL: sslmode must be {known}, not `{value}`."
            )));
        }
    })
}

fn roots(value: &str) -> Result<Roots, PostgresError> {
    let path = percent_decode_str(value).decode_utf8().map_err(|_| {
        PostgresError::Setting("DATABASE_URL: sslrootcert is not UTF-8.".to_owned())
    })?;
    Ok(match path.as_ref() {
        "" => Roots::Unset,
        "system" => Roots::Public,
        file => Roots::File(file.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_are_taken_out_and_the_rest_stays() {
        let url =
            "postgres://h/db?sslmode=verify-full&options=-c%20a%3Db&sslrootcert=%2Fa%20b.pem&x=1";
        let options = Options::split(url).unwrap();
        assert_eq!(options.address, "postgres://h/db?options=-c%20a%3Db&x=1");
        assert_eq!(options.mode, SslMode::VerifyFull);
        assert_eq!(options.roots, Roots::File("/a b.pem".into()));
        assert!(options.has("x") && options.has("sslmode") && !options.has("port"));
    }

    #[test]
    fn a_password_may_hold_a_question_mark() {
        let options = Options::split("postgres://u:a?sslmode=disable@h/db").unwrap();
        assert_eq!(options.address, "postgres://u:a?sslmode=disable@h/db");
        assert_eq!((options.mode, options.roots), (SslMode::Prefer, Roots::Unset));
    }

    #[test]
    fn an_unknown_mode_is_named() {
        let refused = Options::split("postgres://h/db?sslmode=verify_full").unwrap_err();
        assert!(refused.to_string().contains("not `verify_full`"), "{refused}");
    }
}
