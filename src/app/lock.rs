//! One engine a data folder, and one a SQLite file.

use std::fs::{File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::AppError;
use crate::config::Config;

/// Held while an engine serves. The system drops the locks when the process ends, however it ends.
#[derive(Debug)]
pub struct DataLock {
    _files: Vec<File>,
}

impl DataLock {
    /// Takes the lock of the data folder, which is made where it is missing, and of the SQLite
    /// file. PostgreSQL may be shared.
    ///
    /// # Errors
    /// When another engine holds one of them, or a folder can't be written.
    pub fn take(config: &Config) -> Result<Self, AppError> {
        make_folder(&config.data_dir)?;
        let mut files = vec![lock(&config.data_dir.join("centrium.lock"), "DATA_DIR")?];
        if let Some(path) = config.database_url.as_str().strip_prefix("sqlite://") {
            let path = Path::new(path);
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                make_folder(folder)?;
            }
            files.push(lock(&beside(path), "DATABASE_URL")?);
        }
        Ok(Self { _files: files })
    }
}

/// After the whole name: `a.db` and `a.sqlite` are two databases, and have two locks.
fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".serve.lock");
    PathBuf::from(name)
}

fn make_folder(folder: &Path) -> Result<(), AppError> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|e| {
        AppError::new(&format!("Can't use the folder {} (DATA_DIR)", folder.display()), e)
    })
}

fn lock(path: &Path, variable: &str) -> Result<File, AppError> {
    let cannot = |e| AppError::new(&format!("Can't write {} ({variable})", path.display()), e);
    let file = File::create(path).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(AppError(format!(
            "Another centrium already serves here: it holds {}. Stop it first, or give this one \
             its own {variable}.",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(cannot(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serving(data: &Path, database: &Path) -> Result<DataLock, AppError> {
        let url = format!("sqlite://{}", database.display());
        let data = data.to_string_lossy().into_owned();
        let config = Config::with(&[("DATABASE_URL", url.as_str()), ("DATA_DIR", data.as_str())]);
        DataLock::take(&config.unwrap())
    }

    #[test]
    fn each_database_of_a_folder_has_one_engine() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two, three] = ["one", "two", "three"].map(|name| folder.path().join(name));
        let _first = serving(&one, &folder.path().join("a.db")).unwrap();
        let _second = serving(&two, &folder.path().join("a.sqlite")).unwrap();
        let refused = serving(&three, &folder.path().join("a.db")).unwrap_err();
        assert!(refused.to_string().contains("a.db.serve.lock"), "{refused}");
    }
}
