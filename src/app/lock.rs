//! One engine a data folder.

use std::fs::File;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::AppError;

/// Held while an engine serves from a data folder. The system drops it when the process ends,
/// however it ends.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock, and makes the folder where it is missing.
    ///
    /// # Errors
    /// When another engine holds it, or the folder can't be written.
    pub fn take(folder: &Path) -> Result<Self, AppError> {
        let shown = folder.display();
        let cannot = |e: std::io::Error| AppError::new(&format!("Can't use the folder {shown} (DATA_DIR)"), e);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(cannot)?;
        let file = File::create(folder.join("centrium.lock")).map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(AppError(format!(
                "Another centrium already serves from the folder {shown}. Stop it first, or give \
                 this one its own DATA_DIR."
            ))),
            Err(std::fs::TryLockError::Error(error)) => Err(cannot(error)),
        }
    }
}
