//! Where the next page begins, in a text that nobody need understand: whoever makes one up is told so.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::domain::ids::{BroadcastId, RecipientKey};

/// The cursor behind `last` in a list of the people of `broadcast`.
pub fn write(broadcast: BroadcastId, last: RecipientKey) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes(broadcast, last))
}

/// What [`write()`] was given; `None` for a text that it did not make for this broadcast.
pub fn read(broadcast: BroadcastId, text: &str) -> Option<RecipientKey> {
    let given: [u8; 13] = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let last = RecipientKey(i64::from_be_bytes(given[1..9].try_into().ok()?));
    (given == bytes(broadcast, last)).then_some(last)
}

/// A version, the number, and a sum that guards against slips, not against malice: the number opens nothing.
fn bytes(broadcast: BroadcastId, last: RecipientKey) -> [u8; 13] {
    let mut bytes = [1; 13];
    bytes[1..9].copy_from_slice(&last.0.to_be_bytes());
    let (mut sum, of) = (0x811c_9dc5_u32, broadcast.as_i64().to_be_bytes());
    for byte in of.iter().chain(&bytes[..9]) {
        sum = (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    }
    bytes[9..].copy_from_slice(&sum.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_serves_its_broadcast_alone() {
        let (one, other) = (BroadcastId::from_i64(7), BroadcastId::from_i64(8));
        for number in [0, 1, 500_000, i64::MAX] {
            let text = write(one, RecipientKey(number));
            assert_eq!((text.len(), read(one, &text)), (18, Some(RecipientKey(number))));
            assert_eq!(read(other, &text), None);
        }
    }

    #[test]
    fn whatever_is_made_up_is_no_cursor() {
        let id = BroadcastId::from_i64(7);
        let text = write(id, RecipientKey(5));
        let forged = format!("{}B{}", &text[..8], &text[9..]);
        for made_up in ["", "AAAA", "ü", "AAAAAAAAAAAAAAAAAA", &forged, &format!("{text}A")] {
            assert_eq!(read(id, made_up), None, "{made_up}");
        }
    }
}
