//! What `centrium keys` does with the main keys.

use std::fmt;

use secrecy::ExposeSecret;

use super::file::KeyFile;
use super::{KeyError, KeyName, NewKey, generate};
use crate::config::Config;

/// A key, to be shown to who runs the command. Its `Debug` has no value.
#[derive(Clone)]
pub struct Shown {
    /// Which key it is.
    pub name: KeyName,
    /// The key itself. Of one name, the newest comes first.
    pub value: String,
    /// Where it comes from, in words.
    pub source: String,
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shown({} from {})", self.name, self.source)
    }
}

/// What a rotation did.
#[derive(Debug)]
pub struct Rotated {
    /// The new keys; the old ones keep working.
    pub new: Vec<NewKey>,
    /// A sentence for each key that was left because it is not ours to change.
    pub left: Vec<KeyError>,
}

/// What became of the old keys.
#[derive(Debug)]
pub struct Dropped {
    /// How many old keys of each name no longer work.
    pub dropped: Vec<(KeyName, usize)>,
    /// A sentence for each key that was left because it is not ours to change.
    pub left: Vec<KeyError>,
}

/// All main keys that are accepted. Before the first start none has been made.
///
/// # Errors
/// The file can't be read or is not one of ours.
pub fn show(config: &Config) -> Result<Vec<Shown>, KeyError> {
    let file = KeyFile::in_folder(&config.data_dir);
    let mut shown = Vec::new();
    for name in KeyName::ALL {
        let (values, source): (Vec<String>, String) = match name.configured(config) {
            Some((keys, source)) => {
                let values = keys.iter().map(|key| key.expose_secret().to_owned()).collect();
                (values, source.to_string())
            }
            None => {
                let values = file.read()?.remove(&name).unwrap_or_default();
                (values, file.path().display().to_string())
            }
        };
        let key = |value| Shown { name, value, source: source.clone() };
        shown.extend(values.into_iter().map(key));
    }
    Ok(shown)
}

/// Makes a new key for `name`, or for each name that is ours to change. The old ones keep working
/// until [`drop_old`].
///
/// # Errors
/// [`KeyError::Configured`] when there is nothing that is ours to change; the file can't be read
/// or written.
pub fn rotate(config: &Config, name: Option<KeyName>) -> Result<Rotated, KeyError> {
    let (ours, left) = ours(config, name)?;
    let new = KeyFile::in_folder(&config.data_dir).update(|kept| {
        let rotated = ours.iter().map(|&name| {
            let value = generate();
            kept.entry(name).or_default().insert(0, value.clone());
            NewKey { name, value }
        });
        Ok(rotated.collect())
    })?;
    Ok(Rotated { new, left })
}

/// Puts all keys but the newest of `name`, or of each name that is ours to change, out of use.
///
/// # Errors
/// As [`rotate`].
pub fn drop_old(config: &Config, name: Option<KeyName>) -> Result<Dropped, KeyError> {
    let (ours, left) = ours(config, name)?;
    let dropped = KeyFile::in_folder(&config.data_dir).update(|kept| {
        let dropped = ours.iter().map(|name| {
            let old = kept.get_mut(name).map_or(0, |keys| {
                let old = keys.len().saturating_sub(1);
                keys.truncate(1);
                old
            });
            (*name, old)
        });
        Ok(dropped.collect())
    })?;
    Ok(Dropped { dropped, left })
}

/// Which keys are ours to change, and why the others are not.
fn ours(config: &Config, name: Option<KeyName>) -> Result<(Vec<KeyName>, Vec<KeyError>), KeyError> {
    let (mut ours, mut left) = (Vec::new(), Vec::new());
    for name in KeyName::ALL.into_iter().filter(|one| name.is_none_or(|name| name == *one)) {
        match name.configured(config) {
            Some((_, source)) => {
                left.push(KeyError::Configured { name, place: source.to_string() });
            }
            None => ours.push(name),
        }
    }
    if ours.is_empty()
        && let Some(why) = left.pop()
    {
        return Err(why);
    }
    Ok((ours, left))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::KeyRing;
    use super::*;

    fn config(folder: &Path, token: &str) -> Config {
        Config::with(&[("DATA_DIR", folder.to_str().unwrap()), ("API_TOKEN", token)]).unwrap()
    }

    #[test]
    fn keys_are_shown_with_their_source_the_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let token = "t".repeat(32);
        let config = config(folder.path(), &token);
        assert_eq!(show(&config).unwrap().len(), 1, "before the first start none is made");
        let (_, made) = KeyRing::open(&config).unwrap();
        let rotated = rotate(&config, None).unwrap();
        let shown = show(&config).unwrap();
        let values: Vec<&str> = shown.iter().map(|key| key.value.as_str()).collect();
        assert_eq!(values, [&rotated.new[0].value, &made[0].value, &token]);
        assert!(shown[0].source.ends_with("keys.env"), "{:?}", shown[0]);
        assert_eq!(shown[2].source, "the environment");
    }

    #[test]
    fn a_key_from_the_environment_is_changed_there_and_the_error_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &"t".repeat(32));
        let refused = rotate(&config, Some(KeyName::ApiToken)).unwrap_err().to_string();
        let says = "API_TOKEN comes from the environment: change it there and restart";
        assert!(refused.starts_with(says), "{refused}");
        assert!(drop_old(&config, Some(KeyName::ApiToken)).is_err());
        let rotated = rotate(&config, None).unwrap();
        assert_eq!((rotated.new.len(), rotated.left.len()), (1, 1));
    }

    #[test]
    fn old_keys_are_counted_when_they_are_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &"t".repeat(32));
        let none = drop_old(&config, None).unwrap();
        assert_eq!(none.dropped, [(KeyName::ExternalApiKey, 0)]);
        for _ in 0..3 {
            rotate(&config, None).unwrap();
        }
        let dropped = drop_old(&config, None).unwrap();
        assert_eq!(dropped.dropped, [(KeyName::ExternalApiKey, 2)]);
    }
}
