//! Attachments' bytes: checked, made safe to display, and kept under the hash of what they hold.
//!
//! A key is the SHA-256 of the bytes as `ab/cdef…`, so keeping the same file twice stores it
//! once, and a repeat after a crash is harmless. A file whose message was never committed stays
//! behind as unreferenced bytes, never the other way round.

mod error;
mod examine;
mod folder;
mod jpeg;
mod location;
mod name;
mod picture;
mod s3;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use centrium_channels::Attachment;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::sync::Semaphore;
use tokio::task;

pub use error::FilesError;

use crate::clock::Millis;
use crate::store::attachments::Attachment as Row;
use examine::Examined;
use location::Location;

/// How many images are decoded at a time: each may take 400 MiB while it is.
const DECODERS: usize = 2;

/// The place where attachments are kept. Cloning it is cheap.
#[derive(Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    /// Before every key in the store.
    prefix: Path,
    /// Set where the store is a folder of this machine.
    root: Option<PathBuf>,
    decoders: Arc<Semaphore>,
}

/// What is remembered of a kept attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// A name to show and to download under: 1–255 characters, no folders, nothing invisible.
    pub name: String,
    /// The media type: of an image what its bytes say, of another file what its sender said, or
    /// `application/octet-stream`. It is no permission to display: that is `display_key`.
    pub content_type: String,
    /// The original's size in bytes.
    pub size: u64,
    /// The original's SHA-256 in lower-case hex.
    pub sha256: String,
    /// The original, to be offered as a download.
    pub key: String,
    /// A version that may be displayed; without one the file is a download only.
    pub display_key: Option<String>,
    /// The displayed version's media type, `image/jpeg` or `image/png`.
    pub display_type: Option<String>,
}

impl Kept {
    /// The row of this file, as part of a message.
    #[must_use]
    pub fn row(&self, id: i64, message_id: i64, now: Millis) -> Row {
        Row {
            id,
            message_id,
            name: self.name.clone(),
            content_type: self.content_type.clone(),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            sha256: self.sha256.clone(),
            key: self.key.clone(),
            display_key: self.display_key.clone(),
            display_type: self.display_type.clone(),
            created_at: now,
        }
    }
}

impl Files {
    /// Opens `file:PATH`, `file:///PATH` or a plain path, created with mode 0700 if absent, or
    /// `s3://bucket/prefix?region=…&endpoint=…` with the usual `AWS_*` environment; an option in
    /// the address goes before the environment. It does not yet call the bucket:
    /// [`Files::check_writable`] does.
    ///
    /// # Errors
    ///
    /// [`FilesError::Location`] with a sentence for whoever starts the engine.
    pub fn open(url: &str) -> Result<Self, FilesError> {
        let (store, prefix, root): (Arc<dyn ObjectStore>, _, _) = match location::parse(url)? {
            Location::Folder(path) => {
                let cannot = |why: &dyn fmt::Display| {
                    let path = path.display();
                    FilesError::Location(format!("Can't use {path} for attachments: {why}"))
                };
                let root = folder::create(&path).map_err(|error| cannot(&error))?;
                let store = LocalFileSystem::new_with_prefix(&root).map_err(|e| cannot(&e))?;
                (Arc::new(store.with_fsync(true)), Path::default(), Some(root))
            }
            Location::S3 { bucket, prefix, options } => {
                let store = s3::open(&bucket, options).map_err(|error| {
                    let why = format!("Can't use the S3 bucket {bucket} for attachments: {error}");
                    FilesError::Location(why)
                })?;
                (Arc::new(store), prefix, None)
            }
        };
        Ok(Self { store, prefix, root, decoders: Arc::new(Semaphore::new(DECODERS)) })
    }

    /// Checks an attachment and keeps it; it is durable when this returns.
    ///
    /// What came as [`Content::Image`](centrium_channels::Content::Image) must be a whole PNG,
    /// JPEG, GIF, WebP or BMP image of at most 8192 × 8192 pixels and 128 MiB decoded; an
    /// animation is displayed by its first frame. Anything else is kept as it is, and displayed
    /// only if it happens to be such an image. The number of bytes is the caller's to limit.
    ///
    /// # Errors
    ///
    /// [`FilesError::NotAnImage`] and [`FilesError::TooLarge`] about the attachment,
    /// [`FilesError::Unavailable`] about the store; then nothing is promised to be kept.
    pub async fn keep(&self, attachment: Attachment) -> Result<Kept, FilesError> {
        let Attachment { name, content, bytes } = attachment;
        let Examined { content_type, sha256, display } = self.examine(content, &bytes).await?;
        let key = self.put(&sha256, &bytes).await?;
        let (display_key, display_type) = match display {
            Some((sha256, shown)) => {
                (Some(self.put(&sha256, &shown.bytes).await?), Some(shown.content_type.to_owned()))
            }
            None => (None, None),
        };
        let name = name::sanitise(&name, &content_type);
        let size = bytes.len() as u64;
        Ok(Kept { name, content_type, size, sha256, key, display_key, display_type })
    }

    /// The bytes under a key that [`Files::keep`] gave.
    ///
    /// # Errors
    ///
    /// [`FilesError::Missing`] when there are none, or the key has not the form of one;
    /// [`FilesError::Unavailable`] when the store can't be read.
    pub async fn fetch(&self, key: &str) -> Result<Bytes, FilesError> {
        if !is_key(key) {
            return Err(FilesError::Missing);
        }
        Ok(self.store.get(&self.at(key)).await?.bytes().await?)
    }

    /// Writes a few bytes, durably, to learn whether files can be kept now.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`].
    pub async fn check_writable(&self) -> Result<(), FilesError> {
        let (at, bytes) = (self.at("writable"), Bytes::from_static(b"yes\n"));
        self.store.put(&at, bytes.into()).await.map_err(FilesError::unavailable)?;
        Ok(())
    }

    async fn examine(
        &self,
        content: centrium_channels::Content,
        bytes: &Bytes,
    ) -> Result<Examined, FilesError> {
        let format = picture::format_of(bytes);
        let permit = match format {
            Some(_) => {
                let free = Arc::clone(&self.decoders).acquire_owned();
                Some(free.await.map_err(FilesError::unavailable)?)
            }
            None => None,
        };
        let bytes = bytes.clone();
        let work = task::spawn_blocking(move || {
            // Work on a blocking thread goes on when its caller has left, and holds its place.
            let _permit = permit;
            examine::examine(&content, &bytes, format)
        });
        work.await.unwrap_or_else(|stopped| {
            // A decoder that panics has met a broken image.
            if stopped.is_panic() {
                Err(FilesError::NotAnImage)
            } else {
                Err(FilesError::unavailable(stopped))
            }
        })
    }

    async fn put(&self, sha256: &str, bytes: &Bytes) -> Result<String, FilesError> {
        let (first, rest) = sha256.split_at(2);
        let key = format!("{first}/{rest}");
        let at = self.at(&key);
        let there = match self.store.head(&at).await {
            Ok(found) => found.size == bytes.len() as u64,
            Err(object_store::Error::NotFound { .. }) => false,
            Err(error) => return Err(FilesError::unavailable(error)),
        };
        if !there {
            let put = self.store.put(&at, bytes.clone().into());
            put.await.map_err(FilesError::unavailable)?;
        }
        self.settle(first).await?;
        Ok(key)
    }

    /// Another caller may have made the file or its folder a moment ago and not yet synced what
    /// lists it, so everyone who relies on it does.
    async fn settle(&self, folder: &str) -> Result<(), FilesError> {
        let Some(root) = self.root.clone() else { return Ok(()) };
        let folder = root.join(folder);
        let synced = task::spawn_blocking(move || folder::sync(&folder).and(folder::sync(&root)));
        synced.await.map_err(FilesError::unavailable)?.map_err(FilesError::unavailable)
    }

    fn at(&self, key: &str) -> Path {
        key.split('/').fold(self.prefix.clone(), |path, part| path.join(part))
    }
}

impl fmt::Debug for Files {
    /// Where the files are: the bucket's own `Debug` would go into its credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Files({}, {:?})", self.store, self.prefix.as_ref())
    }
}

/// Keys come back from a database or an address, so their form is checked before use.
fn is_key(key: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    key.split_once('/').is_some_and(|(first, rest)| {
        first.len() == 2 && rest.len() == 62 && hex(first) && hex(rest)
    })
}

#[cfg(test)]
mod tests;
