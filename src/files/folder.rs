//! A folder on this machine, whose files survive a power cut.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

/// Creates `folder` for this user alone if there is none, and gives its absolute path. Folders
/// that exist keep their rights.
pub(super) fn create(folder: &Path) -> io::Result<PathBuf> {
    let folder = std::path::absolute(folder)?;
    let missing: Vec<&Path> = folder.ancestors().take_while(|one| !one.exists()).collect();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder)?;
    for parent in missing.iter().filter_map(|new| new.parent()) {
        sync(parent)?;
    }
    fs::canonicalize(folder)
}

/// Makes a folder's list of files durable.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder can't be opened like a file, and needs no sync.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
