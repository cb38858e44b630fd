//! The main keys, as a running server checks them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use secrecy::ExposeSecret;
use subtle::{Choice, ConstantTimeEq};

use super::file::{Kept, KeyFile, Stamp};
use super::{KeyError, KeyName, NewKey, generate, sha256};
use crate::config::Config;

type Digests = BTreeMap<KeyName, Vec<[u8; 32]>>;

/// The main keys that are accepted now. Several of one name may be, while one replaces another.
pub struct KeyRing {
    file: KeyFile,
    /// From the configuration: these do not change while the server runs.
    configured: Digests,
    kept: RwLock<FromFile>,
}

/// What the file said when it was last looked at.
struct FromFile {
    digests: Digests,
    stamp: Option<Stamp>,
}

impl KeyRing {
    /// Takes the keys from the configuration, and those it does not set from `keys.env`; what is
    /// in neither is generated, kept there, and returned to be printed once.
    ///
    /// # Errors
    /// The file can't be read or written, or is not one of ours.
    pub fn open(config: &Config) -> Result<(Self, Vec<NewKey>), KeyError> {
        let file = KeyFile::in_folder(&config.data_dir);
        let mut configured = Digests::new();
        for name in KeyName::ALL {
            if let Some((keys, _)) = name.configured(config) {
                let digests = keys.iter().map(|key| sha256(key.expose_secret())).collect();
                configured.insert(name, digests);
            }
        }
        let ours: Vec<KeyName> =
            KeyName::ALL.into_iter().filter(|name| !configured.contains_key(name)).collect();
        let ring = Self {
            file,
            configured,
            kept: RwLock::new(FromFile { digests: Digests::new(), stamp: None }),
        };
        if ours.is_empty() {
            return Ok((ring, Vec::new()));
        }
        let new = ring.file.update(|kept| Ok(add_missing(kept, &ours)))?;
        ring.reload_if_changed()?;
        Ok((ring, new))
    }

    /// Whether `presented` is one of this name's keys. Takes the same time whatever was presented
    /// (of a given length), and whichever key it is.
    #[must_use]
    pub fn accepts(&self, name: KeyName, presented: &str) -> bool {
        let presented = sha256(presented);
        let any = |digests: &[[u8; 32]]| {
            digests.iter().fold(Choice::from(0), |any, digest| any | digest.ct_eq(&presented))
        };
        if let Some(digests) = self.configured.get(&name) {
            return any(digests).into();
        }
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.digests.get(&name).is_some_and(|digests| any(digests).into())
    }

    /// Reads `keys.env` again if it was replaced since, so that a rotation acts on a running
    /// server. `true` when it did. A file that is gone changes nothing: the keys in use go on.
    ///
    /// # Errors
    /// The new file can't be read or is not one of ours; the keys in use go on, and the same file
    /// is not complained of again.
    pub fn reload_if_changed(&self) -> Result<bool, KeyError> {
        let stamp = self.file.stamp();
        if stamp.is_none() || self.configured.len() == KeyName::ALL.len() {
            return Ok(false);
        }
        if self.kept.read().unwrap_or_else(PoisonError::into_inner).stamp == stamp {
            return Ok(false);
        }
        let read = self.file.read();
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.stamp = stamp;
        for (name, keys) in read? {
            kept.digests.insert(name, keys.iter().map(|key| sha256(key)).collect());
        }
        Ok(true)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("file", &self.file.path()).finish_non_exhaustive()
    }
}

fn add_missing(kept: &mut Kept, names: &[KeyName]) -> Vec<NewKey> {
    let mut new = Vec::new();
    for name in names.iter().copied().filter(|name| !kept.contains_key(name)).collect::<Vec<_>>() {
        let value = generate();
        kept.insert(name, vec![value.clone()]);
        new.push(NewKey { name, value });
    }
    new
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{drop_old, rotate};
    use super::*;

    fn config(folder: &Path, variables: &[(&str, &str)]) -> Config {
        let folder = folder.to_str().unwrap();
        let all: Vec<_> = [("DATA_DIR", folder)].iter().chain(variables).copied().collect();
        Config::with(&all).unwrap()
    }

    #[test]
    fn the_first_start_makes_both_keys_and_the_second_none() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &[]);
        let (ring, new) = KeyRing::open(&config).unwrap();
        let names: Vec<_> = new.iter().map(|key| key.name).collect();
        assert_eq!(names, KeyName::ALL);
        let (again, none) = KeyRing::open(&config).unwrap();
        assert!(none.is_empty());
        for key in &new {
            assert!(ring.accepts(key.name, &key.value) && again.accepts(key.name, &key.value));
        }
        assert!(!ring.accepts(KeyName::ApiToken, &new[0].value), "one key does not open both");
        assert!(!ring.accepts(KeyName::ApiToken, ""));
    }

    #[test]
    fn configured_keys_are_all_accepted_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let (new, old, other) = ("n".repeat(32), "o".repeat(32), "x".repeat(32));
        let both = format!("{new},{old}");
        let config = config(&data, &[("API_TOKEN", &both), ("EXTERNAL_API_KEY", &other)]);
        let (ring, made) = KeyRing::open(&config).unwrap();
        assert!(made.is_empty() && !data.exists());
        assert!(ring.accepts(KeyName::ApiToken, &new) && ring.accepts(KeyName::ApiToken, &old));
        assert!(!ring.accepts(KeyName::ApiToken, &other));
    }

    #[test]
    fn a_configured_key_puts_the_kept_one_out_of_use() {
        let folder = tempfile::tempdir().unwrap();
        let (_, made) = KeyRing::open(&config(folder.path(), &[])).unwrap();
        let mine = "m".repeat(32);
        let (ring, new) =
            KeyRing::open(&config(folder.path(), &[("EXTERNAL_API_KEY", &mine)])).unwrap();
        assert!(new.is_empty());
        assert!(ring.accepts(KeyName::ExternalApiKey, &mine));
        assert!(!ring.accepts(KeyName::ExternalApiKey, &made[0].value));
        assert!(ring.accepts(KeyName::ApiToken, &made[1].value));
    }

    #[test]
    fn a_rotation_acts_on_a_running_server() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &[]);
        let (ring, made) = KeyRing::open(&config).unwrap();
        let old = &made[1].value;
        assert!(!ring.reload_if_changed().unwrap(), "nothing changed yet");

        let new = &rotate(&config, Some(KeyName::ApiToken)).unwrap().new[0].value;
        assert!(ring.reload_if_changed().unwrap());
        assert!(ring.accepts(KeyName::ApiToken, new) && ring.accepts(KeyName::ApiToken, old));

        drop_old(&config, None).unwrap();
        assert!(ring.reload_if_changed().unwrap());
        assert!(ring.accepts(KeyName::ApiToken, new) && !ring.accepts(KeyName::ApiToken, old));
    }

    #[test]
    fn a_broken_or_missing_file_leaves_the_keys_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let (ring, made) = KeyRing::open(&config(folder.path(), &[])).unwrap();
        let path = folder.path().join("keys.env");
        std::fs::write(&path, "API_TOKEN=short").unwrap();
        assert!(ring.reload_if_changed().is_err());
        assert!(!ring.reload_if_changed().unwrap(), "it complains once");
        std::fs::remove_file(&path).unwrap();
        assert!(!ring.reload_if_changed().unwrap());
        assert!(ring.accepts(KeyName::ApiToken, &made[1].value));
    }
}
