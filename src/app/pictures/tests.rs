use std::io::Cursor;

use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, Frame, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;

use super::darkroom::Developed;
use super::*;

fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.into().write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
    bytes
}

/// Something like a photograph: soft, with a little noise, the same every time.
fn photograph(width: u32, height: u32) -> RgbImage {
    let mut state = 7_u32;
    RgbImage::from_fn(width, height, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 29) as u8;
        let wave = |place: u32, length: f32| ((place as f32 / length).sin() * 90.0 + 120.0) as u8;
        Rgb([wave(x, 90.0) + noise, wave(y, 70.0) + noise, wave(x + y, 110.0) + noise])
    })
}

/// Nothing but noise, which nobody can make small.
fn noise(width: u32, height: u32) -> RgbaImage {
    let mut state = 1_u32;
    RgbaImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Rgba((state ^ (state >> 13)).to_be_bytes())
    })
}

/// A JPEG as a camera writes it: on its side, and with where it was taken.
fn from_a_camera(picture: &RgbImage) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    exif.extend_from_slice(b"GPS 48.8584 N 2.2945 E");
    let mut plain = Vec::new();
    JpegEncoder::new_with_quality(&mut plain, 95).encode_image(picture).unwrap();
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length, &exif, &plain[2..]].concat()
}

fn pixels(developed: &Developed) -> RgbaImage {
    image::load_from_memory(&developed.bytes).unwrap().into_rgba8()
}

fn refused(bytes: &[u8]) -> String {
    develop(bytes, false).expect_err("it is no picture").problem
}

#[test]
fn a_photograph_is_made_small_and_becomes_a_jpeg() {
    let developed = develop(&png(photograph(1600, 800)), false).unwrap();
    assert_eq!((developed.width, developed.height, developed.media_type), (1024, 512, "image/jpeg"));
    assert_eq!(pixels(&developed).dimensions(), (1024, 512));
    assert!(developed.bytes.len() < 200_000, "{}", developed.bytes.len());
}

#[test]
fn a_tall_picture_keeps_its_shape() {
    let developed = develop(&png(photograph(600, 3000)), false).unwrap();
    assert_eq!((developed.width, developed.height), (410, 2048));
    let small = develop(&png(photograph(30, 20)), false).unwrap();
    assert_eq!((small.width, small.height), (30, 20), "nothing is made larger");
}

#[test]
fn a_drawing_becomes_a_png_with_the_very_same_colours() {
    let drawing = RgbaImage::from_fn(400, 300, |x, y| match (x / 40 + y / 40) % 3 {
        0 => Rgba([0, 90, 160, 255]),
        1 => Rgba([255, 255, 255, 255]),
        _ => Rgba([0, 0, 0, 0]),
    });
    let file = png(drawing.clone());
    let developed = develop(&file, false).unwrap();
    assert_eq!(developed.media_type, "image/png");
    assert_eq!(pixels(&developed), drawing, "what is transparent stays so");
    assert!(developed.bytes.len() < file.len(), "{} against {}", developed.bytes.len(), file.len());
}

#[test]
fn what_nobody_sees_through_a_pixel_does_not_colour_its_neighbours() {
    let half = RgbaImage::from_fn(2048, 64, |x, _| if x < 1001 { Rgba([255, 255, 255, 255]) } else { Rgba([0; 4]) });
    let small = pixels(&develop(&png(half), false).unwrap());
    let greyish = small.pixels().filter(|pixel| pixel.0[3] > 8 && pixel.0[0] < 240).count();
    assert_eq!(greyish, 0, "an edge of white on nothing is white");
}

#[test]
fn a_picture_from_a_camera_stands_upright_and_says_nothing_of_where_it_was_taken() {
    let half = RgbImage::from_fn(80, 40, |x, _| if x < 40 { Rgb([250, 0, 0]) } else { Rgb([0, 0, 250]) });
    let file = from_a_camera(&half);
    assert!(file.windows(3).any(|word| word == b"GPS"));
    let developed = develop(&file, false).unwrap();
    let upright = pixels(&developed);
    assert_eq!(upright.dimensions(), (40, 80));
    let (top, bottom) = (upright.get_pixel(20, 10).0, upright.get_pixel(20, 70).0);
    assert!(top[0] > 200 && bottom[2] > 200, "{top:?} {bottom:?}");
    for word in [&b"GPS"[..], b"Exif"] {
        assert!(!developed.bytes.windows(word.len()).any(|held| held == word));
    }
}

#[test]
fn of_an_animation_the_first_picture_is_kept() {
    let gif = |frames: usize| {
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new(&mut bytes);
        for frame in 0..frames {
            let colour = Rgba([(frame * 200) as u8, 0, 200, 255]);
            encoder.encode_frame(Frame::new(RgbaImage::from_pixel(20, 10, colour))).unwrap();
        }
        drop(encoder);
        bytes
    };
    let (still, moving) = (develop(&gif(1), false).unwrap(), develop(&gif(2), false).unwrap());
    assert!(!still.was_animated && moving.was_animated);
    assert_eq!(pixels(&moving).get_pixel(0, 0).0[0], 0);
}

/// A PNG that says it has so many pixels, and holds none.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    image::codecs::png::PngEncoder::new(&mut bytes)
        .write_image(&[0; 4], 1, 1, image::ExtendedColorType::Rgba8)
        .unwrap();
    let header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    bytes[16..24].copy_from_slice(&header);
    let mut sum = u32::MAX;
    for byte in &bytes[12..29] {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    bytes[29..33].copy_from_slice(&(!sum).to_be_bytes());
    bytes
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    for (width, height) in [(60_000, 60_000), (20_001, 1), (1, 20_001), (16_000, 2_001)] {
        assert!(refused(&bomb(width, height)).starts_with("has more than 32 million pixels"), "{width} × {height}");
    }
    let frame = [b',', 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 2, 1, 0, 0, b';'];
    let gif = [b"GIF89a".as_slice(), &[0xff, 0xff, 0xff, 0xff, 0, 0, 0], &frame].concat();
    assert!(refused(&gif).starts_with("has more than"), "{}", refused(&gif));
}

#[test]
fn what_is_no_picture_or_half_of_one_is_refused() {
    let whole = png(photograph(60, 60));
    for (bytes, problem) in [
        (&b""[..], "is no PNG, JPEG or GIF, whatever its name says"),
        (b"<svg/>", "is no PNG, JPEG or GIF, whatever its name says"),
        (b"RIFF....WEBP", "is no PNG, JPEG or GIF, whatever its name says"),
        (&whole[..whole.len() / 2], "is cut off: the end of the file is missing"),
    ] {
        assert_eq!(refused(bytes), problem);
    }
    assert!(refused(&[&whole[..60], &whole[whole.len() - 12..]].concat()).starts_with("cannot be read"));
}

#[test]
fn what_can_only_travel_inside_is_squeezed_until_it_fits() {
    let large = png(photograph(1200, 1500));
    let squeezed = develop(&large, true).unwrap();
    assert!(squeezed.bytes.len() <= IMAGE_BYTES_MAX, "{}", squeezed.bytes.len());
    assert!(inline(&squeezed.bytes).is_ok());
    let fault = develop(&png(noise(900, 900)), true).unwrap_err();
    assert!(fault.problem.starts_with("cannot be made smaller than 65536 bytes"), "{fault}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_file_is_too_odd_to_be_answered(at in 0..2000_usize, byte in any::<u8>(), cut in 0..64_usize) {
        for mut file in [png(photograph(24, 24)), from_a_camera(&photograph(24, 24))] {
            let at = at % file.len();
            file[at] = byte;
            file.drain(at..(at + cut).min(file.len()));
            if let Ok(developed) = develop(&file, false) {
                prop_assert!(inline(&developed.bytes).is_ok());
            }
        }
    }
}
