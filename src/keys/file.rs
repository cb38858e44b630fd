//! `keys.env`: lines `NAME=newest,older`, readable by its owner alone.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{KeyError, KeyName};
use crate::config::{KEY_LENGTH, KEY_RULE};

/// The keys of the file, the newest first.
pub(super) type Kept = BTreeMap<KeyName, Vec<String>>;

/// By what a changed file is told: size, time and inode (a file is replaced, never written over).
pub(super) type Stamp = (u64, i64, i64, u64);

/// The file in one data folder.
#[derive(Clone, Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join("keys.env") }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// `None` when there is no file.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        let file = fs::metadata(&self.path).ok()?;
        Some((file.len(), file.mtime(), file.mtime_nsec(), file.ino()))
    }

    /// The keys; none when there is no file.
    pub(super) fn read(&self) -> Result<Kept, KeyError> {
        match fs::read_to_string(&self.path) {
            Ok(text) => self.parse(&text),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Kept::new()),
            Err(error) => Err(self.failed("read", error)),
        }
    }

    /// Reads, changes and, where `change` says so, writes the file, alone among all processes.
    pub(super) fn update<T>(
        &self,
        change: impl FnOnce(&mut Kept) -> Result<T, KeyError>,
    ) -> Result<T, KeyError> {
        let lock = self.lock().map_err(|error| self.failed("written", error))?;
        let before = self.read()?;
        let mut keys = before.clone();
        let result = change(&mut keys)?;
        if keys != before {
            self.write(&keys).map_err(|error| self.failed("written", error))?;
        }
        drop(lock);
        Ok(result)
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
    }

    fn lock(&self) -> io::Result<File> {
        DirBuilder::new().recursive(true).mode(0o700).create(self.folder())?;
        let path = self.path.with_extension("lock");
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        lock.lock()?;
        Ok(lock)
    }

    /// A reader sees the old file or the new one, also after a power cut.
    fn write(&self, keys: &Kept) -> io::Result<()> {
        let temporary = self.path.with_extension("tmp");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&temporary)?;
        // The mode above is only for a file that did not exist.
        file.set_permissions(Permissions::from_mode(0o600))?;
        writeln!(file, "# Made by Centrium. Change it with `centrium keys rotate`.")?;
        for (name, values) in keys {
            writeln!(file, "{name}={}", values.join(","))?;
        }
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        File::open(self.folder())?.sync_all()
    }

    fn parse(&self, text: &str) -> Result<Kept, KeyError> {
        let mut keys = Kept::new();
        for (index, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let malformed =
                |rule| KeyError::Malformed { path: self.path.clone(), line: index + 1, rule };
            let (name, values) = line
                .split_once('=')
                .and_then(|(name, values)| Some((name.trim().parse().ok()?, values)))
                .ok_or_else(|| malformed("must begin with EXTERNAL_API_KEY= or API_TOKEN="))?;
            let values = values.split(',').map(str::trim).filter(|value| !value.is_empty());
            let values: Vec<String> = values.map(str::to_owned).collect();
            if values.is_empty() || values.iter().any(|key| key.chars().count() < KEY_LENGTH) {
                return Err(malformed(KEY_RULE));
            }
            keys.insert(name, values);
        }
        Ok(keys)
    }

    fn failed(&self, action: &'static str, source: io::Error) -> KeyError {
        KeyError::File { action, path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn what_was_written_is_read_back_and_is_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("new/data");
        let file = KeyFile::in_folder(&data);
        let keys = vec!["n".repeat(32), "o".repeat(32)];
        file.update(|kept| Ok(kept.insert(KeyName::ApiToken, keys.clone()))).unwrap();
        assert_eq!(file.read().unwrap()[&KeyName::ApiToken], keys);
        assert_eq!((mode(&data), mode(file.path())), (0o700, 0o600));
        assert!(!file.path().with_extension("tmp").exists());
    }

    #[test]
    fn a_left_over_temporary_file_lends_nobody_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::in_folder(folder.path());
        let left_over = file.path().with_extension("tmp");
        fs::write(&left_over, "half").unwrap();
        fs::set_permissions(&left_over, Permissions::from_mode(0o644)).unwrap();
        file.update(|kept| Ok(kept.insert(KeyName::ApiToken, vec!["n".repeat(32)]))).unwrap();
        assert_eq!(mode(file.path()), 0o600);
    }

    #[test]
    fn many_writers_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::in_folder(folder.path());
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    file.update(|kept| {
                        kept.entry(KeyName::ApiToken).or_default().push(super::super::generate());
                        Ok(())
                    })
                    .unwrap();
                });
            }
        });
        assert_eq!(file.read().unwrap()[&KeyName::ApiToken].len(), 8);
    }

    #[test]
    fn a_file_that_is_not_ours_is_refused_by_line_and_without_its_keys() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::in_folder(folder.path());
        for (text, rule) in [
            ("# keys\nAPI_TOKEN=swordfish", "line 2 must hold keys of at least 32"),
            ("swordfish", "line 1 must begin with EXTERNAL_API_KEY="),
            ("API_TOKEN=", "line 1 must hold"),
        ] {
            fs::write(file.path(), text).unwrap();
            let refused = file.read().unwrap_err().to_string();
            assert!(refused.contains(rule) && !refused.contains("swordfish"), "{refused}");
        }
    }
}
