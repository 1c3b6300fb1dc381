//! The finished card and activity, and how large they are.

use serde_json::{Value, json};

use super::{Button, Content, Image};

/// How large a finished activity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// What Teams counts: two bytes for each UTF-16 unit of the JSON, without an image inside the card. The limit is
    /// [`super::ACTIVITY_BYTES_MAX`].
    pub bytes: usize,
    /// The image inside the card, as a file. The limit is [`super::IMAGE_BYTES_MAX`].
    pub image_bytes: usize,
}

impl Content {
    /// The Adaptive Card, schema 1.5: the newest that bots may send.
    ///
    /// Source: facts, section 9; the layout is the one that users of Company Communicator know.
    pub fn card(&self) -> Value {
        let title = json!({"type": "TextBlock", "text": plain(&self.title), "weight": "Bolder", "size": "ExtraLarge", "wrap": true});
        let picture = |image: &Image| json!({"type": "Image", "url": uri(&image.url), "size": "Stretch", "altText": image.description});
        let text = json!({"type": "TextBlock", "text": self.body, "wrap": true});
        let signed = |author: &String| json!({"type": "TextBlock", "text": plain(author), "size": "Small", "weight": "Lighter", "wrap": true});
        let parts = [Some(title), self.image.as_ref().map(picture), Some(text), self.author.as_ref().map(signed)];
        let mut card = json!({
            "type": "AdaptiveCard",
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "version": "1.5",
            "msteams": {"width": "Full"},
            "body": parts.into_iter().flatten().collect::<Vec<_>>(),
        });
        if !self.buttons.is_empty() {
            let open =
                |button: &Button| json!({"type": "Action.OpenUrl", "title": button.text, "url": uri(&button.url)});
            card["actions"] = self.buttons.iter().map(open).collect();
        }
        card
    }

    /// The activity as the connector takes it. `urgent` asks for an entry in the activity feed beside the toast.
    ///
    /// The protocol's `importance` is left out: what it does for a bot is not documented.
    pub fn activity(&self, urgent: bool) -> Value {
        let mut activity = json!({
            "type": "message",
            "summary": self.notification(),
            "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": self.card()}],
        });
        if urgent {
            activity["channelData"] = json!({"notification": {"alert": true}});
        }
        activity
    }

    /// What the notification and the list of chats show.
    pub fn notification(&self) -> &str {
        self.banner.as_ref().unwrap_or(&self.title)
    }

    /// How large the activity is; an urgent one, which is the larger.
    pub fn size(&self) -> Size {
        let units = self.activity(true).to_string().encode_utf16().count();
        let inside = self.image.as_ref().filter(|image| image.is_inside());
        // Base64 is ASCII and needs no escapes: as many units as bytes.
        let left_out = inside.map_or(0, |image| image.url.len());
        let image_bytes = inside.and_then(Image::bytes).map_or(0, |bytes| bytes.len());
        Size { bytes: 2 * (units - left_out), image_bytes }
    }
}

/// A link as RFC 3986 has it, which the schema asks for: people paste spaces, umlauts, bars and lone percent signs.
fn uri(link: &str) -> String {
    // What a link may hold beside letters and digits; brackets only around an address in the place of a host.
    const MARKS: &str = "-._~:/?#@!$&'()*+,;=";
    let Some(parsed) = url::Url::parse(link).ok().filter(url::Url::has_host) else { return link.to_owned() };
    let (host, rest) = (&parsed[..url::Position::BeforePath], &parsed[url::Position::BeforePath..]);
    let mut written = host.to_owned();
    for (at, letter) in rest.char_indices() {
        let is_escape = || rest.as_bytes().get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
        match letter {
            '%' if is_escape() => written.push(letter),
            _ if letter.is_ascii_alphanumeric() || MARKS.contains(letter) => written.push(letter),
            _ => written.extend(letter.to_string().bytes().map(|byte| format!("%{byte:02X}"))),
        }
    }
    // A second # would begin a second fragment.
    match written.split_once('#') {
        Some((before, fragment)) => format!("{before}#{}", fragment.replace('#', "%23")),
        None => written,
    }
}

/// A text that a card shows as it stands: what markdown would take for its own is escaped.
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '*' | '_' | '[' | ']' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
