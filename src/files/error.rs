//! Why a file was not kept or not found.

use centrium_channels::{Error, Kind};

/// Why a file was not kept or not found, each as a sentence for people.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// It was sent as an image and is none, or a broken one. Sending it again won't help.
    #[error("The file is not a readable PNG, JPEG, GIF, WebP or BMP image.")]
    NotAnImage,
    /// An image beyond a limit; the sentence names the limit.
    #[error("{0}")]
    TooLarge(String),
    /// The folder or bucket can't be used now. The source is for the log alone.
    #[error("Attachments can't be stored or read now; please try again later.")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is no such file.
    #[error("There is no such attachment.")]
    Missing,
    /// The location of attachments can't be understood or opened; only [`super::Files::open`]
    /// returns it.
    #[error("{0}")]
    Location(String),
}

impl FilesError {
    pub(super) fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }
}

impl From<object_store::Error> for FilesError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::unavailable(other),
        }
    }
}

impl From<FilesError> for Error {
    fn from(error: FilesError) -> Self {
        let kind = match &error {
            FilesError::NotAnImage | FilesError::TooLarge(_) | FilesError::Missing => Kind::Invalid,
            FilesError::Unavailable(_) => Kind::Unavailable,
            FilesError::Location(_) => Kind::Internal,
        };
        Self::new(kind, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use centrium_channels::Retry;

    use super::*;

    #[test]
    fn a_bad_image_is_never_retried_and_a_full_disk_is() {
        assert_eq!(Error::from(FilesError::NotAnImage).retry, Retry::Never);
        let full = Error::from(FilesError::unavailable("No space left on /srv/secret"));
        assert_eq!((full.kind, full.retry), (Kind::Unavailable, Retry::Later));
        assert!(!full.sentence.contains("/srv"), "{}", full.sentence);
    }
}
