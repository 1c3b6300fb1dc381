//! The two icons of an app: checked when they are given, drawn when they are not. Ours is a megaphone.
//!
//! Source: Teams platform, "Design your Teams app icon" and the schema of manifests: the colour icon is 192×192, the outline
//! 32×32, white on nothing.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Encoder, EncodingError, Transformations};

/// Points along each side of a pixel that decide how much of it is covered.
const FINENESS: u32 = 4;
/// Whiter than an eye tells from white.
const WHITE_LEAST: u8 = 250;

/// Which icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Shown in the store and beside messages.
    Color,
    /// Shown in the bar of Teams: white on nothing.
    Outline,
}

impl Icon {
    /// Pixels along each side.
    pub const fn side(self) -> u32 {
        match self {
            Self::Color => 192,
            Self::Outline => 32,
        }
    }
}

/// Red, green and blue of `#RRGGBB`.
pub fn accent(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let part = |place: usize| u8::from_str_radix(digits.get(place..place + 2)?, 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

/// What is wrong with a file that is to be the icon.
///
/// # Errors
/// A sentence.
pub fn check_icon(icon: Icon, file: &[u8]) -> Result<(), String> {
    let not_png = |_| "is not a picture in PNG".to_owned();
    let mut decoder = Decoder::new(Cursor::new(file));
    decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
    let mut reader = decoder.read_info().map_err(not_png)?;
    let (width, height, side) = (reader.info().width, reader.info().height, icon.side());
    if (width, height) != (side, side) {
        return Err(format!("is {width}×{height} pixels, not {side}×{side}"));
    }
    let bytes = reader.output_buffer_size().ok_or_else(|| "is not a picture in PNG".to_owned())?;
    let mut pixels = vec![0; bytes];
    let frame = reader.next_frame(&mut pixels).map_err(not_png)?;
    if icon == Icon::Color {
        return Ok(());
    }
    let channels = frame.color_type.samples();
    let seen = |pixel: &&[u8]| pixel.last().is_some_and(|alpha| *alpha > 0);
    let is_white = |pixel: &[u8]| pixel.iter().take(channels - 1).all(|part| *part >= WHITE_LEAST);
    let shown: Vec<&[u8]> = pixels.chunks_exact(channels).filter(seen).collect();
    if shown.len() as u32 == side * side {
        return Err("has no transparent background".to_owned());
    }
    if shown.is_empty() {
        return Err("shows nothing".to_owned());
    }
    if shown.into_iter().all(is_white) { Ok(()) } else { Err("has other colours than white".to_owned()) }
}

/// Draws ours: white on `colour`, or white on nothing.
///
/// # Errors
/// None is known: memory takes whatever is written.
pub fn draw_icon(icon: Icon, colour: [u8; 3]) -> Result<Vec<u8>, EncodingError> {
    let side = icon.side();
    let mut pixels = Vec::with_capacity((side * side * 4) as usize);
    for row in 0..side {
        for column in 0..side {
            let covered = coverage(column, row, side);
            match icon {
                Icon::Outline => pixels.extend([255, 255, 255, covered]),
                Icon::Color => {
                    let mixed = |part: u8| {
                        let (part, covered) = (u16::from(part), u16::from(covered));
                        ((part * (255 - covered) + 255 * covered) / 255) as u8
                    };
                    pixels.extend(colour.map(mixed));
                    pixels.push(255);
                }
            }
        }
    }
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, side, side);
    encoder.set_color(ColorType::Rgba);
    encoder.set_depth(BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(file)
}

/// How much of a pixel the megaphone covers, 0 to 255.
fn coverage(column: u32, row: u32, side: u32) -> u8 {
    let at = |place: u32, part: u32| {
        f64::from(place * FINENESS + part) / f64::from(side * FINENESS) + 0.5 / f64::from(side * FINENESS)
    };
    let points = (0..FINENESS * FINENESS).filter(|point| {
        let (x, y) = (at(column, point % FINENESS), at(row, point / FINENESS));
        SHAPES.iter().any(|shape| is_within(shape, x, y))
    });
    (points.count() as u32 * 255 / (FINENESS * FINENESS)) as u8
}

/// Handle, horn, grip, and two strokes of sound; corners in order, in parts of the side.
const SHAPES: [[(f64, f64); 4]; 5] = [
    [(0.16, 0.42), (0.28, 0.42), (0.28, 0.60), (0.16, 0.60)],
    [(0.31, 0.41), (0.64, 0.22), (0.64, 0.80), (0.31, 0.61)],
    [(0.31, 0.65), (0.41, 0.69), (0.45, 0.84), (0.36, 0.84)],
    [(0.70, 0.38), (0.75, 0.38), (0.75, 0.64), (0.70, 0.64)],
    [(0.80, 0.30), (0.85, 0.30), (0.85, 0.72), (0.80, 0.72)],
];

/// Whether a point lies within a convex shape: on the same side of every edge.
fn is_within(shape: &[(f64, f64); 4], x: f64, y: f64) -> bool {
    (0..4).all(|corner| {
        let ((from_x, from_y), (to_x, to_y)) = (shape[corner], shape[(corner + 1) % 4]);
        (to_x - from_x) * (y - from_y) - (to_y - from_y) * (x - from_x) >= 0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_icons_pass_our_own_checks() {
        let colour = accent("#464EB8").unwrap();
        for icon in [Icon::Color, Icon::Outline] {
            assert_eq!(check_icon(icon, &draw_icon(icon, colour).unwrap()), Ok(()));
        }
        assert_eq!(accent("#46 EB8"), None);
        assert_eq!(accent("464EB8"), None);
    }

    #[test]
    fn an_icon_of_another_size_colour_or_format_is_refused() {
        let colour = [70, 78, 184];
        let (color, outline) = (draw_icon(Icon::Color, colour).unwrap(), draw_icon(Icon::Outline, colour).unwrap());
        assert!(check_icon(Icon::Color, &outline).unwrap_err().contains("32×32 pixels, not 192×192"));
        assert!(check_icon(Icon::Color, b"GIF89a").unwrap_err().contains("PNG"));
        assert!(check_icon(Icon::Color, &color[..200]).unwrap_err().contains("PNG"));
        let square = |pixel: [u8; 4]| {
            let mut file = Vec::new();
            let mut encoder = Encoder::new(&mut file, 32, 32);
            encoder.set_color(ColorType::Rgba);
            let pixels: Vec<u8> = pixel.into_iter().cycle().take(32 * 32 * 4).collect();
            encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
            file
        };
        assert!(check_icon(Icon::Outline, &square([255; 4])).unwrap_err().contains("transparent"));
        assert!(check_icon(Icon::Outline, &square([255, 255, 255, 0])).unwrap_err().contains("nothing"));
        let _ = color;
    }
}
