//! How a list's text is written: UTF-8, UTF-16 or, as a last resort, Windows-1252.
//!
//! A mark at the beginning decides. Without one, ids and addresses give the writing away: they are ASCII, so in UTF-16
//! every second byte of them is zero, and in no other text is any.

use std::borrow::Cow;

use serde::Serialize;

use super::super::fault::{Fault, Faults, Slip};

/// How much of a list is looked at for zeros: some hundred lines of any list hold plenty of ASCII.
const LOOKED_AT: usize = 64 * 1024;

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Encoding {
    /// UTF-8, with or without its mark.
    #[serde(rename = "UTF-8")]
    Utf8,
    /// UTF-16, the lower byte first.
    #[serde(rename = "UTF-16LE")]
    Utf16Le,
    /// UTF-16, the higher byte first.
    #[serde(rename = "UTF-16BE")]
    Utf16Be,
    /// What Windows wrote in the west before Unicode. Anything can be read as it, so it is a guess.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

impl std::fmt::Display for Encoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le | Self::Utf16Be => "UTF-16",
            Self::Windows1252 => "Windows-1252",
        })
    }
}

/// A text, and how it was written.
pub(super) struct Decoded<'a> {
    pub text: Cow<'a, str>,
    pub encoding: Encoding,
    /// Something could not be read and was replaced by U+FFFD.
    pub garbled: bool,
}

/// Beginnings of files that are no text, with what they are.
const NO_TEXT: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "an Excel workbook or an archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "compressed"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"\xff\xfe\0\0", "in UTF-32"),
    (b"\0\0\xfe\xff", "in UTF-32"),
];

/// Reads `bytes` as text.
///
/// # Errors
/// When they are none.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded<'_>, Faults> {
    if let Some((_, what)) = NO_TEXT.iter().find(|(beginning, _)| bytes.starts_with(beginning)) {
        return Err(no_text(what));
    }
    let (encoding, body) = match bytes {
        [0xef, 0xbb, 0xbf, body @ ..] => (Encoding::Utf8, body),
        [0xff, 0xfe, body @ ..] => (Encoding::Utf16Le, body),
        [0xfe, 0xff, body @ ..] => (Encoding::Utf16Be, body),
        body => (guess(body), body),
    };
    let reader = match encoding {
        Encoding::Utf8 => encoding_rs::UTF_8,
        Encoding::Utf16Le => encoding_rs::UTF_16LE,
        Encoding::Utf16Be => encoding_rs::UTF_16BE,
        Encoding::Windows1252 => encoding_rs::WINDOWS_1252,
    };
    let (text, garbled) = reader.decode_without_bom_handling(body);
    if is_binary(&text) { Err(no_text("not text")) } else { Ok(Decoded { text, encoding, garbled }) }
}

fn no_text(what: &str) -> Faults {
    let cure = "Save the list as CSV in UTF-8 (in Excel: Save As, “CSV UTF-8”), one person a line.";
    Faults(vec![Fault::new("audience", format!("is {what}"), cure).known(Slip::NotText)])
}

fn guess(bytes: &[u8]) -> Encoding {
    let looked_at = &bytes[..bytes.len().min(LOOKED_AT)];
    let zeros = |from: usize| looked_at.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    // A fifth of the letters at least are ASCII; a few others, as 一 (U+4E00), have a zero on the other side.
    let is_utf16 = |zeros: usize, others: usize| zeros * 10 >= looked_at.len() && others * 10 <= zeros && zeros > 0;
    match (even, odd) {
        _ if is_utf16(odd, even) => Encoding::Utf16Le,
        _ if is_utf16(even, odd) => Encoding::Utf16Be,
        _ if std::str::from_utf8(bytes).is_ok() => Encoding::Utf8,
        _ => Encoding::Windows1252,
    }
}

/// Text has no zeros and hardly any other control characters.
fn is_binary(text: &str) -> bool {
    let is_odd =
        |letter: &char| letter.is_control() && !matches!(letter, '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1a}');
    text.contains('\0') || text.chars().filter(is_odd).count() * 50 > text.len()
}
