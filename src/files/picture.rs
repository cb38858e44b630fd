//! Images: what their bytes say they are, and a version that is safe to display.

use std::io::Cursor;

use bytes::Bytes;
use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
use image::error::LimitErrorKind;
use image::metadata::Orientation;
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
};

use super::{FilesError, jpeg};

/// The most pixels in a row or column.
const MOST_PIXELS: u32 = 8192;
/// The most memory that a decoded image may take.
const MOST_BYTES: u64 = 128 << 20;
/// High enough that a photographed document stays readable.
const JPEG_QUALITY: u8 = 88;

/// An image, drawn anew: nothing of the sender's file but its pixels.
#[derive(Debug)]
pub(super) struct Redrawn {
    pub(super) bytes: Bytes,
    pub(super) content_type: &'static str,
}

/// What the first bytes say; a sender's name or media type has no part in it.
pub(super) fn format_of(bytes: &[u8]) -> Option<ImageFormat> {
    let format = image::guess_format(bytes).ok()?;
    let known = matches!(
        format,
        ImageFormat::Png
            | ImageFormat::Jpeg
            | ImageFormat::Gif
            | ImageFormat::WebP
            | ImageFormat::Bmp
    );
    known.then_some(format)
}

/// Decodes an image within the limits (of an animation the first frame), turns it upright and
/// encodes its pixels again: JPEG as JPEG, everything else as PNG.
///
/// It takes up to about 400 MiB and seconds of work, so it runs on a blocking thread and behind
/// a semaphore.
pub(super) fn redraw(bytes: &Bytes, format: ImageFormat) -> Result<Redrawn, FilesError> {
    if format == ImageFormat::Jpeg {
        jpeg::check(bytes)?;
    }
    let image = decode(bytes, format).map_err(refusal)?;
    let (encoded, content_type) = if format == ImageFormat::Jpeg {
        (as_jpeg(image), "image/jpeg")
    } else {
        (as_png(&image), "image/png")
    };
    Ok(Redrawn { bytes: encoded.map_err(refusal)?.into(), content_type })
}

fn decode(bytes: &Bytes, format: ImageFormat) -> Result<DynamicImage, ImageError> {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MOST_PIXELS);
    limits.max_image_height = Some(MOST_PIXELS);
    limits.max_alloc = Some(MOST_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    // Not every decoder counts its output, so it is counted here before anything is allocated.
    let (width, height) = decoder.dimensions();
    limits.check_dimensions(width, height)?;
    limits.reserve(decoder.total_bytes())?;
    let upright = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(upright);
    Ok(image)
}

fn as_jpeg(image: DynamicImage) -> Result<Vec<u8>, ImageError> {
    let image = match image {
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_) => image,
        other => DynamicImage::ImageRgb8(other.into_rgb8()),
    };
    let mut encoded = Vec::new();
    let color = ExtendedColorType::from(image.color());
    let mut encoder = JpegEncoder::new_with_quality(&mut encoded, JPEG_QUALITY);
    encoder.encode(image.as_bytes(), image.width(), image.height(), color)?;
    Ok(encoded)
}

fn as_png(image: &DynamicImage) -> Result<Vec<u8>, ImageError> {
    let mut encoded = Vec::new();
    image.write_with_encoder(PngEncoder::new(&mut encoded))?;
    Ok(encoded)
}

fn refusal(error: ImageError) -> FilesError {
    match error {
        ImageError::Limits(limit) => FilesError::TooLarge(match limit.kind() {
            LimitErrorKind::DimensionError => {
                format!("An image may be at most {MOST_PIXELS} × {MOST_PIXELS} pixels.")
            }
            _ => format!("An image may take at most {} MiB when decoded.", MOST_BYTES >> 20),
        }),
        _ => FilesError::NotAnImage,
    }
}
