//! Where attachments are kept: a folder or an S3 bucket, from one setting.

use std::path::PathBuf;
use std::str::FromStr;

use object_store::aws::AmazonS3ConfigKey;
use object_store::path::Path;
use percent_encoding::percent_decode_str;

use super::FilesError;

/// The setting, understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Location {
    Folder(PathBuf),
    S3 { bucket: String, prefix: Path, options: Vec<(AmazonS3ConfigKey, String)> },
}

/// Reads `file:PATH`, `file:///PATH`, a plain path, or `s3://bucket/prefix?region=…&endpoint=…`.
///
/// The error never repeats the setting, which may hold a secret.
pub(super) fn parse(setting: &str) -> Result<Location, FilesError> {
    let setting = setting.trim();
    if let Some(rest) = setting.strip_prefix("s3://") {
        return parse_s3(rest);
    }
    if let Some(rest) = setting.strip_prefix("file:") {
        let path = rest.strip_prefix("//").unwrap_or(rest);
        let path = percent_decode_str(path).decode_utf8();
        return folder(&path.map_err(|_| bad("holds a file: path that is not UTF-8"))?);
    }
    if setting.contains("://") {
        return Err(bad("must be a folder, a file: path or an s3:// address"));
    }
    folder(setting)
}

fn folder(path: &str) -> Result<Location, FilesError> {
    if path.is_empty() { Err(bad("names no folder")) } else { Ok(Location::Folder(path.into())) }
}

fn parse_s3(rest: &str) -> Result<Location, FilesError> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    if bucket.is_empty() {
        return Err(bad("names no S3 bucket"));
    }
    let prefix = Path::from_url_path(prefix).map_err(|_| bad("holds a broken S3 prefix"))?;
    let mut options = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let key = AmazonS3ConfigKey::from_str(&name.to_ascii_lowercase())
            .map_err(|_| bad(&format!("holds the unknown S3 option `{name}`")))?;
        options.push((key, value.into_owned()));
    }
    Ok(Location::S3 { bucket: bucket.to_owned(), prefix, options })
}

fn bad(what: &str) -> FilesError {
    FilesError::Location(format!("The location of attachments (ATTACHMENTS_URL) {what}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_in_every_spelling() {
        for (setting, path) in [
            ("data/attachments", "data/attachments"),
            ("/srv/files", "/srv/files"),
            ("file:data/attachments", "data/attachments"),
            ("file:/srv/files", "/srv/files"),
            ("file:///srv/my%20files", "/srv/my files"),
            ("/srv/100%", "/srv/100%"),
        ] {
            assert_eq!(parse(setting).unwrap(), Location::Folder(path.into()), "{setting}");
        }
    }

    #[test]
    fn a_bucket_with_prefix_and_options() {
        let location =
            parse("s3://tickets/a/b?endpoint=http%3A%2F%2Fminio%3A9000&region=kz").unwrap();
        let Location::S3 { bucket, prefix, options } = location else { panic!("a folder") };
        assert_eq!((bucket.as_str(), prefix.as_ref()), ("tickets", "a/b"));
        let endpoint = (AmazonS3ConfigKey::Endpoint, "http://minio:9000".to_owned());
        assert_eq!(options, [endpoint, (AmazonS3ConfigKey::Region, "kz".to_owned())]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_without_repeating_it() {
        for setting in ["", "file:", "s3://", "s3:///x", "gs://secret/x", "s3://b?secret=1"] {
            let sentence = parse(setting).unwrap_err().to_string();
            assert!(sentence.contains("ATTACHMENTS_URL"), "{sentence}");
            assert!(!sentence.contains("secret/x") && !sentence.contains("=1"), "{sentence}");
        }
    }
}
