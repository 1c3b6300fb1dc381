//! Pictures: known by what is in them, never by their name; carried inside the card when they are small.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{DESCRIPTION_CHARACTERS_MAX, Fault, Image, Slip, faults_of_link, faults_of_text};

/// The largest picture carried inside a card, in bytes of its file.
///
/// Teams leaves it out of the message's size and names no limit, so this one is ours: fifty messages a second that
/// carry 64 KiB each, a third more as base64, take 35 Mbit/s of an office's line, and 40,000 of them 3.5 GB.
pub const IMAGE_BYTES_MAX: usize = 64 * 1024;

const INSIDE: &str = "data:";
const KINDS_CURE: &str = "Save the picture again as PNG, JPEG or GIF.";

/// The formats that Teams shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Png,
    Jpeg,
    Gif,
}

impl Format {
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            _ => None,
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
        }
    }

    /// Whether the file's own mark of its end is there: half a download looks broken on every screen.
    fn is_whole(self, bytes: &[u8]) -> bool {
        match self {
            Self::Png => bytes.windows(4).any(|mark| mark == b"IEND"),
            Self::Jpeg => jpeg_ends(bytes),
            Self::Gif => bytes.iter().rposition(|byte| *byte != 0).is_some_and(|last| bytes[last] == b';'),
        }
    }
}

/// Whether the picture itself ends: a camera's file holds a small picture, with an end of its own, in one of its segments,
/// which are left out by their lengths. What cameras add behind the end is nobody's business.
fn jpeg_ends(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        // Between segments, and in the picture's data, 0xff is a mark unless it is stuffed, filled up or a restart.
        let is_mark = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff | 0xd0..=0xd7);
        let Some(mark) = rest.windows(2).position(is_mark).map(|place| at + place) else { return false };
        match bytes.get(mark + 1..mark + 4) {
            _ if bytes[mark + 1] == 0xd9 => return true,
            Some(&[_, high, low]) => at = mark + 2 + usize::from(u16::from_be_bytes([high, low])),
            _ => return false,
        }
    }
}

/// What is wrong with `bytes` as the file of a picture, whatever its size.
pub fn fault_of_picture(bytes: &[u8]) -> Option<Fault> {
    known(bytes).err()
}

/// Which picture the file holds, from its beginning to its end.
fn known(bytes: &[u8]) -> Result<Format, Fault> {
    let Some(format) = Format::of(bytes) else {
        let fault = Fault::new("image", "is no PNG, JPEG or GIF, whatever its name says", KINDS_CURE);
        return Err(fault.known(Slip::NoPicture));
    };
    if !format.is_whole(bytes) {
        let fault = Fault::new("image", "is cut off: the end of the file is missing", KINDS_CURE);
        return Err(fault.known(Slip::CutOff));
    }
    Ok(format)
}

/// The picture whose file holds `bytes`, as the url of an [`Image`].
///
/// # Errors
/// One fault when it is too large, cut off, or no picture that Teams shows.
pub fn inline(bytes: &[u8]) -> Result<String, Fault> {
    let refuse = |problem: String, cure: &str| Err(Fault::new("image", problem, cure).known(Slip::PictureTooLarge));
    if bytes.len() > IMAGE_BYTES_MAX {
        let problem = format!("is larger than {IMAGE_BYTES_MAX} bytes, the most that a message carries");
        return refuse(problem, "Make it smaller, or put it on a web server and give its https link.");
    }
    let format = known(bytes)?;
    Ok(format!("{INSIDE}{};base64,{}", format.media_type(), STANDARD.encode(bytes)))
}

impl Image {
    /// Whether the card carries the picture itself.
    pub fn is_inside(&self) -> bool {
        self.url.starts_with(INSIDE)
    }

    /// The file that the card carries; `None` for a link, and for what is none.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let (_, encoded) = self.url.strip_prefix(INSIDE)?.split_once(";base64,")?;
        STANDARD.decode(encoded).ok()
    }
}

pub(super) fn faults_of(image: &Image, faults: &mut Vec<Fault>) {
    if image.is_inside() {
        match image.bytes().as_deref().map(inline) {
            Some(Ok(url)) if url == image.url => {}
            Some(Err(fault)) => faults.push(fault),
            _ => faults.push(Fault::new("image", "is not what its address says it is", KINDS_CURE)),
        }
    } else {
        faults_of_link("image", &image.url, faults);
    }
    if image.description.trim().is_empty() {
        let cure =
            format!("Say in up to {DESCRIPTION_CHARACTERS_MAX} characters what it shows, for those who cannot see it.");
        let fault = Fault::new("image description", "is missing, and an image needs one", cure);
        faults.push(fault.known(Slip::NeedsDescription));
    } else {
        faults_of_text("image description", &image.description, Some(DESCRIPTION_CHARACTERS_MAX), faults);
    }
}
