//! A real folder and real images.

use std::io::Cursor;

use centrium_channels::Content;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use super::*;

fn scratch() -> (tempfile::TempDir, Files) {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::open(folder.path().join("kept").to_str().unwrap()).unwrap();
    (folder, files)
}

/// 40 × 20, left half red, right half blue.
fn picture(format: ImageFormat) -> Bytes {
    let half = |x: u32| if x < 20 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) };
    let image = DynamicImage::from(RgbImage::from_fn(40, 20, |x, _| half(x)));
    let mut encoded = Cursor::new(Vec::new());
    image.write_to(&mut encoded, format).unwrap();
    encoded.into_inner().into()
}

fn image(bytes: impl Into<Bytes>) -> Attachment {
    Attachment { name: String::new(), content: Content::Image, bytes: bytes.into() }
}

fn file(name: &str, media_type: &str, bytes: impl Into<Bytes>) -> Attachment {
    let content = Content::File(media_type.to_owned());
    Attachment { name: name.to_owned(), content, bytes: bytes.into() }
}

/// A PNG whose head promises another size. It decodes to nothing, and must not be tried.
fn png_that_claims(width: u32, height: u32) -> Vec<u8> {
    let mut png = picture(ImageFormat::Png).to_vec();
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let mut crc = u32::MAX;
    for byte in &png[12..29] {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    png[29..33].copy_from_slice(&(!crc).to_be_bytes());
    png
}

#[tokio::test]
async fn every_format_is_accepted_by_its_bytes_and_redrawn() {
    let (_folder, files) = scratch();
    for (format, content_type, name) in [
        (ImageFormat::Png, "image/png", "image.png"),
        (ImageFormat::Jpeg, "image/jpeg", "image.jpg"),
        (ImageFormat::Gif, "image/gif", "image.gif"),
        (ImageFormat::WebP, "image/webp", "image.webp"),
        (ImageFormat::Bmp, "image/bmp", "image.bmp"),
    ] {
        let original = picture(format);
        let kept = files.keep(image(original.clone())).await.unwrap();
        assert_eq!((kept.content_type.as_str(), kept.name.as_str()), (content_type, name));
        assert_eq!((kept.size, kept.sha256.len()), (original.len() as u64, 64));
        assert_eq!(files.fetch(&kept.key).await.unwrap(), original);

        let shown = files.fetch(&kept.display_key.unwrap()).await.unwrap();
        let shown_format = image::guess_format(&shown).unwrap();
        assert_eq!(kept.display_type.as_deref(), Some(shown_format.to_mime_type()));
        let stays = if format == ImageFormat::Jpeg { format } else { ImageFormat::Png };
        assert_eq!(shown_format, stays);
        let pixels = image::load_from_memory(&shown).unwrap().into_rgb8();
        assert_eq!(pixels.dimensions(), (40, 20));
        assert!(pixels[(2, 2)][0] > 240 && pixels[(38, 2)][2] > 240, "{format:?}");
    }
}

#[tokio::test]
async fn a_cut_image_is_refused() {
    let (_folder, files) = scratch();
    for format in
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP, ImageFormat::Bmp]
    {
        let whole = picture(format);
        for eighths in 0..8 {
            let cut = whole.slice(..whole.len() * eighths / 8);
            let refused = files.keep(image(cut)).await;
            assert!(
                matches!(refused, Err(FilesError::NotAnImage)),
                "{format:?} {eighths}/8: {refused:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_grows_too_large_is_refused_by_its_head() {
    let (_folder, files) = scratch();
    for (width, height, limit) in [
        (20_000, 20_000, "8192 × 8192"),
        (8193, 1, "8192 × 8192"),
        (u32::MAX >> 1, u32::MAX >> 1, "8192 × 8192"),
        (8192, 8192, "128 MiB"),
    ] {
        let refused = files.keep(image(png_that_claims(width, height))).await.unwrap_err();
        assert!(matches!(refused, FilesError::TooLarge(_)), "{refused:?}");
        assert!(refused.to_string().contains(limit), "{refused}");
        let channel = centrium_channels::Error::from(refused);
        assert_eq!(channel.kind, centrium_channels::Kind::Invalid);
    }
}

#[tokio::test]
async fn svg_html_and_nonsense_are_no_images_and_files_to_download() {
    let (_folder, files) = scratch();
    for (media_type, text) in [
        ("image/svg+xml", "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"),
        ("text/html", "<html><script>alert(1)</script></html>"),
        ("application/x-thing", ""),
    ] {
        let refused = files.keep(image(text)).await;
        assert!(matches!(refused, Err(FilesError::NotAnImage)), "{refused:?}");
        let kept = files.keep(file("a/name", media_type, text)).await.unwrap();
        assert_eq!((kept.content_type.as_str(), kept.name.as_str()), (media_type, "name"));
        assert_eq!((kept.display_key, kept.display_type), (None, None));
        assert_eq!(files.fetch(&kept.key).await.unwrap(), text);
    }
}

#[tokio::test]
async fn a_file_that_is_an_image_is_displayed_and_a_broken_one_downloaded() {
    let (_folder, files) = scratch();
    let whole = picture(ImageFormat::Png);
    let kept = files.keep(file("scan", "application/pdf", whole.clone())).await.unwrap();
    assert_eq!(kept.content_type, "image/png");
    assert!(kept.display_key.is_some());
    for download in [whole.slice(..60).to_vec(), png_that_claims(20_000, 20_000)] {
        let kept = files.keep(file("scan", "image/png", download)).await.unwrap();
        assert_eq!(kept.display_key, None);
    }
}

#[tokio::test]
async fn a_photo_is_turned_upright_and_loses_what_it_told() {
    let (_folder, files) = scratch();
    let plain = picture(ImageFormat::Jpeg);
    // Exif with one entry: orientation 6, turned a quarter; and a secret behind it.
    let mut exif =
        b"\xFF\xE1\0\x2EExif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
            .to_vec();
    exif.extend(b"51.1605N71.4704E");
    exif[3] = u8::try_from(exif.len() - 2).unwrap();
    let photo = [&plain[..2], &exif, &plain[2..]].concat();
    let kept = files.keep(image(photo)).await.unwrap();
    let shown = files.fetch(&kept.display_key.unwrap()).await.unwrap();
    assert!(!shown.windows(8).any(|part| part == b"51.1605N"));
    let pixels = image::load_from_memory(&shown).unwrap().into_rgb8();
    assert_eq!(pixels.dimensions(), (20, 40));
    assert!(pixels[(10, 2)][0] > 240 && pixels[(10, 38)][2] > 240);
}

#[tokio::test]
async fn the_same_bytes_are_kept_once_and_are_there_after_a_restart() {
    let (folder, files) = scratch();
    let (one, two) = tokio::join!(
        files.keep(image(picture(ImageFormat::Gif))),
        files.keep(image(picture(ImageFormat::Gif)))
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one, two);
    let path = folder.path().join("kept").join(&one.key);
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();

    drop(files);
    let url = format!("file:{}", folder.path().join("kept").display());
    let files = Files::open(&url).unwrap();
    assert_eq!(files.fetch(&one.key).await.unwrap(), picture(ImageFormat::Gif));
    assert_eq!(files.keep(image(picture(ImageFormat::Gif))).await.unwrap(), one);
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), written);
}

#[tokio::test]
async fn only_a_key_reaches_the_folder() {
    let (folder, files) = scratch();
    std::fs::write(folder.path().join("secret"), "x").unwrap();
    files.check_writable().await.unwrap();
    let absent = format!("ab/{}", "0".repeat(62));
    for key in ["../secret", "writable", "", "ab/../../secret", &absent, &absent.to_uppercase()] {
        let missing = files.fetch(key).await;
        assert!(matches!(missing, Err(FilesError::Missing)), "{key}: {missing:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_new_folder_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("a/b");
    Files::open(new.to_str().unwrap()).unwrap();
    for made in [new.as_path(), new.parent().unwrap()] {
        assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
    std::fs::write(folder.path().join("file"), "").unwrap();
    let refused = Files::open(folder.path().join("file/x").to_str().unwrap()).unwrap_err();
    assert!(matches!(refused, FilesError::Location(_)));
}

#[tokio::test]
async fn a_store_that_is_gone_is_unavailable_not_missing() {
    let (folder, files) = scratch();
    std::fs::remove_dir_all(folder.path().join("kept")).unwrap();
    std::fs::write(folder.path().join("kept"), "in the way").unwrap();
    let refused = files.keep(file("a", "text/plain", "b")).await.unwrap_err();
    assert!(matches!(refused, FilesError::Unavailable(_)), "{refused:?}");
    assert!(files.check_writable().await.is_err());
}
