//! Base64, for the identifiers that Microsoft writes in it: installations, tokens, page links.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The standard alphabet with padding, as in an installation id.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = encode_with(STANDARD, bytes);
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// The alphabet for addresses without padding, as in a token.
pub fn encode_url(bytes: &[u8]) -> String {
    encode_with(URL_SAFE, bytes)
}

/// Reads either alphabet, padded or not. `None` when a character belongs to neither.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for character in text.trim_end_matches('=').bytes() {
        held = (held << 6) | u32::from(digit(character)?);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

fn encode_with(alphabet: &[u8; 64], bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let held = group.iter().fold(0_u32, |held, byte| (held << 8) | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..=group.len() {
            let index = (held >> (18 - 6 * place)) & 63;
            text.push(char::from(alphabet[index as usize]));
        }
    }
    text
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_installation_id_comes_out() {
        let plain = "55555555-5555-4555-8555-555555555555##44444444-4444-4444-8444-444444444444";
        let published =
            "NTU1NTU1NTUtNTU1NS00NTU1LTg1NTUtNTU1NTU1NTU1NTU1IyM0NDQ0NDQ0NC00NDQ0LTQ0NDQtODQ0NC00NDQ0NDQ0NDQ0NDQ=";
        assert_eq!(encode(plain.as_bytes()), published);
        assert_eq!(decode(published).as_deref(), Some(plain.as_bytes()));
    }

    #[test]
    fn every_length_survives_both_alphabets() {
        for length in 0..20_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(67)).collect();
            assert_eq!(decode(&encode(&bytes)).as_ref(), Some(&bytes));
            assert_eq!(decode(&encode_url(&bytes)).as_ref(), Some(&bytes));
        }
    }
}
