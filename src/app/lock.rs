//! One engine a data folder, and one a SQLite file.

use std::fs::{File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

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
            files.push(lock(&path.with_extension("serve.lock"), "DATABASE_URL")?);
        }
        Ok(Self { _files: files })
    }
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
