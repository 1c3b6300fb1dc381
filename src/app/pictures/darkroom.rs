//! Makes of whatever somebody uploaded a small, clean picture: turned the right way up, at most 1024 pixels wide, and
//! written anew, so that nothing of what cameras and programs add travels along.
//!
//! Nothing here trusts the file: its first bytes say what it is, its size in pixels is known before a pixel is read, and
//! what would take more memory than a large photograph is refused unread.

use std::collections::HashMap;
use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::imageops::FilterType;
use image::{AnimationDecoder, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbaImage};

use crate::domain::content::{IMAGE_BYTES_MAX, fault_of_picture};
use crate::domain::fault::Fault;

/// The widest picture that is kept, in pixels: Teams shows a card at most half as wide, on a screen with twice the dots.
pub const WIDTH_MAX: u32 = 1024;
/// The highest picture that is kept, in pixels: more is a page, and nobody scrolls through a card.
pub const HEIGHT_MAX: u32 = 2048;
/// The largest picture that is read, in pixels. Telephones take 12 to 24 million unless they are told to take more.
const PIXELS_MAX: u64 = 32_000_000;
/// No side is longer; a picture of one line is a mistake, or worse.
const SIDE_MAX: u32 = 20_000;
/// The most memory that reading one picture takes, in bytes: four for each pixel.
const MEMORY_MAX: u64 = 4 * PIXELS_MAX;
/// Qualities of photographs, best first. The first is good for every purpose; the others are tried where a little less
/// lets the picture travel inside the card.
const QUALITIES: [u8; 4] = [85, 80, 75, 70];
/// What is tried where a picture can only travel inside: widths in pixels, each at these qualities.
const SQUEEZED: [(u32, [u8; 2]); 6] =
    [(1024, [60, 50]), (768, [75, 60]), (640, [75, 60]), (512, [75, 60]), (384, [70, 55]), (256, [60, 40])];
/// A picture with no more colours is written with a table of them.
const COLOURS_MAX: usize = 256;

const FIELD: &str = "picture";

/// A picture as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Developed {
    /// `image/png` or `image/jpeg`.
    pub media_type: &'static str,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The file.
    pub bytes: Vec<u8>,
    /// It was an animation, of which this is the first picture.
    pub was_animated: bool,
}

/// Develops the picture whose file holds `bytes`; where it `must_fit` inside a card, it is made as small as that takes.
///
/// # Errors
/// One fault when it is no picture, cut off, too large to be read, or does not fit.
pub fn develop(bytes: &[u8], must_fit: bool) -> Result<Developed, Fault> {
    if let Some(fault) = fault_of_picture(bytes) {
        return Err(Fault { field: FIELD.to_owned(), ..fault });
    }
    let (picture, was_animated) = read(bytes)?;
    let sized = fit(picture, WIDTH_MAX);
    let usual = written(&sized, &QUALITIES);
    let developed = match must_fit && usual.bytes.len() > IMAGE_BYTES_MAX {
        true => squeezed(sized)?,
        false => usual,
    };
    Ok(Developed { was_animated, ..developed })
}

/// The pixels, the right way up; whether there are more pictures behind this one.
fn read(bytes: &[u8]) -> Result<(RgbaImage, bool), Fault> {
    let unreadable = |error: ImageError| match error {
        ImageError::Limits(_) => too_large(),
        error => Fault::new(FIELD, format!("cannot be read: {error}"), "Save the picture again as PNG, JPEG or GIF."),
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(MEMORY_MAX);
    let format = image::guess_format(bytes).map_err(unreadable)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    let is_large = width > SIDE_MAX || height > SIDE_MAX || u64::from(width) * u64::from(height) > PIXELS_MAX;
    if is_large || decoder.total_bytes() > MEMORY_MAX {
        return Err(too_large());
    }
    if width == 0 || height == 0 {
        return Err(Fault::new(FIELD, "has no pixels", "Save the picture again as PNG, JPEG or GIF."));
    }
    // A turn that cannot be read is none.
    let turn = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    picture.apply_orientation(turn);
    Ok((picture.into_rgba8(), format == ImageFormat::Gif && is_animated(bytes, limits)))
}

fn is_animated(bytes: &[u8], limits: Limits) -> bool {
    let Ok(mut decoder) = GifDecoder::new(Cursor::new(bytes)) else { return false };
    decoder.set_limits(limits).is_ok() && decoder.into_frames().take(2).filter_map(Result::ok).count() > 1
}

fn too_large() -> Fault {
    let problem = format!("has more than {} million pixels, or a side of more than {SIDE_MAX}", PIXELS_MAX / 1_000_000);
    Fault::new(FIELD, problem, format!("Make it smaller: {WIDTH_MAX} pixels are as wide as it is shown."))
}

/// The picture within `width` and [`HEIGHT_MAX`]; never larger than it was.
fn fit(picture: RgbaImage, width: u32) -> RgbaImage {
    let (wide, high) = picture.dimensions();
    if wide <= width && high <= HEIGHT_MAX {
        return picture;
    }
    let mut picture = picture;
    // What nobody sees through a pixel must not colour its neighbours.
    for pixel in picture.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        let weighed = |colour: u8| (u16::from(colour) * u16::from(alpha) / 255) as u8;
        pixel.0 = [weighed(red), weighed(green), weighed(blue), alpha];
    }
    let mut small = DynamicImage::from(picture).resize(width, HEIGHT_MAX, FilterType::Lanczos3).into_rgba8();
    for pixel in small.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        if alpha > 0 {
            let weighed = |colour: u8| (u16::from(colour) * 255 / u16::from(alpha)).min(255) as u8;
            pixel.0 = [weighed(red), weighed(green), weighed(blue), alpha];
        }
    }
    small
}

/// The smallest file that shows the picture well: the best of `qualities`, or one of the others if that lets it travel
/// inside a card.
fn written(picture: &RgbaImage, qualities: &[u8]) -> Developed {
    let plain = as_png(picture);
    let mut best = plain;
    if picture.pixels().all(|pixel| pixel.0[3] == 255) {
        let opaque = DynamicImage::from(picture.clone()).into_rgb8();
        let mut photographs = qualities.iter().filter_map(|quality| as_jpeg(&opaque, *quality));
        if let Some(first) = photographs.next()
            && first.len() < best.bytes.len()
        {
            best = Developed { media_type: "image/jpeg", bytes: first, ..best };
        }
        if best.bytes.len() > IMAGE_BYTES_MAX
            && let Some(smaller) = photographs.find(|bytes| bytes.len() <= IMAGE_BYTES_MAX)
        {
            best = Developed { media_type: "image/jpeg", bytes: smaller, ..best };
        }
    }
    best
}

/// The picture, made smaller and plainer until it fits inside a card.
fn squeezed(picture: RgbaImage) -> Result<Developed, Fault> {
    let mut picture = picture;
    for (width, qualities) in SQUEEZED {
        picture = fit(picture, width);
        let tried = written(&picture, &qualities);
        if tried.bytes.len() <= IMAGE_BYTES_MAX {
            return Ok(tried);
        }
    }
    let problem = format!("cannot be made smaller than {IMAGE_BYTES_MAX} bytes, the most that a message carries");
    let cure = "Use a plainer picture.";
    Err(Fault::new(FIELD, problem, cure))
}

fn as_jpeg(picture: &image::RgbImage, quality: u8) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture).ok()?;
    Some(bytes)
}

fn as_png(picture: &RgbaImage) -> Developed {
    let (width, height) = picture.dimensions();
    let bytes = with_table(picture).unwrap_or_else(|| full(picture));
    Developed { media_type: "image/png", width, height, bytes, was_animated: false }
}

fn full(picture: &RgbaImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, PngFilter::Adaptive);
    let is_opaque = picture.pixels().all(|pixel| pixel.0[3] == 255);
    let picture = DynamicImage::from(picture.clone());
    let done = match is_opaque {
        true => picture.into_rgb8().write_with_encoder(encoder),
        false => picture.write_with_encoder(encoder),
    };
    // Invariant: writing to memory does not fail.
    debug_assert!(done.is_ok(), "{done:?}");
    bytes
}

/// As a PNG with a table of colours, for drawings and logos: a byte a pixel instead of four. `None` for too many colours.
fn with_table(picture: &RgbaImage) -> Option<Vec<u8>> {
    let mut places: HashMap<[u8; 4], u8> = HashMap::new();
    let (mut table, mut alphas) = (Vec::new(), Vec::new());
    let mut pixels = Vec::with_capacity(picture.len() / 4);
    for pixel in picture.pixels() {
        let place = match places.get(&pixel.0) {
            Some(place) => *place,
            None => {
                let place = u8::try_from(places.len()).ok().filter(|_| places.len() < COLOURS_MAX)?;
                places.insert(pixel.0, place);
                table.extend_from_slice(&pixel.0[..3]);
                alphas.push(pixel.0[3]);
                place
            }
        };
        pixels.push(place);
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width(), picture.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.set_palette(table);
    if alphas.iter().any(|alpha| *alpha != 255) {
        encoder.set_trns(alphas);
    }
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&pixels).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}
