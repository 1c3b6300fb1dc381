//! What is said: card and banner. Limits are checked here, once, at the door.
//!
//! A broadcast is one Adaptive Card and a `summary`, which Teams shows as the notification. Never text beside a card:
//! Teams splits that into two messages and returns no id, so that it could neither be corrected nor recalled.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fault::{Fault, Faults};

/// The longest title, in characters: what fits a phone's notification and a card's heading.
pub const TITLE_CHARACTERS_MAX: usize = 200;
/// The longest author line, in characters.
pub const AUTHOR_CHARACTERS_MAX: usize = 100;
/// The longest banner (the notification's text), in characters: what Teams shows of it.
pub const BANNER_CHARACTERS_MAX: usize = 150;
/// The most buttons: Teams shows six without a menu.
pub const BUTTONS_MAX: usize = 6;
/// The longest text on a button, in characters.
pub const BUTTON_CHARACTERS_MAX: usize = 60;
/// The largest finished activity, counted in UTF-16 as Teams counts it. Teams refuses 100 KB and advises 80 KB.
///
/// Source: the vendor's guide on formatting bot messages, section on size (read November 2026).
pub const ACTIVITY_BYTES_MAX: usize = 80_000;

/// One link below the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What it says.
    pub text: String,
    /// Where it leads; https only.
    pub url: String,
}

/// What is said to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// The heading.
    pub title: String,
    /// Markdown in the subset that Teams renders: bold, italic, links, lists.
    pub body: String,
    /// Who speaks; shown small below the text.
    pub author: Option<String>,
    /// The notification's text; the title when absent.
    pub banner: Option<String>,
    /// Up to [`BUTTONS_MAX`] links.
    pub buttons: Vec<Button>,
}

impl Content {
    /// Checks everything about the content that can be checked without sending it.
    ///
    /// # Errors
    /// Every fault found, each with its field, limit and cure.
    pub fn check(self) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        faults_of_text("title", &self.title, TITLE_CHARACTERS_MAX, &mut faults);
        faults_of_text("body", &self.body, ACTIVITY_BYTES_MAX, &mut faults);
        if let Some(author) = &self.author {
            faults_of_text("author", author, AUTHOR_CHARACTERS_MAX, &mut faults);
        }
        if let Some(banner) = &self.banner {
            faults_of_text("banner", banner, BANNER_CHARACTERS_MAX, &mut faults);
        }
        for (place, button) in self.buttons.iter().enumerate() {
            let field = format!("button {}", place + 1);
            faults_of_text(&format!("{field} text"), &button.text, BUTTON_CHARACTERS_MAX, &mut faults);
            faults_of_link(&format!("{field} url"), &button.url, &mut faults);
        }
        if self.buttons.len() > BUTTONS_MAX {
            let problem = format!("there are {}; the limit is {BUTTONS_MAX}", self.buttons.len());
            faults.push(Fault::new("buttons", problem, "Leave the less important ones out."));
        }
        faults_of_markdown(&self.body, &mut faults);
        let bytes = activity_bytes(&self.activity(true));
        if bytes > ACTIVITY_BYTES_MAX {
            let problem =
                format!("the finished message has {bytes} bytes in UTF-16; the limit is {ACTIVITY_BYTES_MAX}");
            faults.push(Fault::new("body", problem, "Shorten the text, or link to a page that holds the rest."));
        }
        Faults::or(faults, self)
    }

    /// The Adaptive Card, schema 1.5: the newest that bots may send.
    ///
    /// Source: facts, section 9; the layout is the one that users of Company Communicator know.
    pub fn card(&self) -> Value {
        let mut body = vec![
            json!({"type": "TextBlock", "text": plain(&self.title), "weight": "Bolder", "size": "ExtraLarge", "wrap": true}),
            json!({"type": "TextBlock", "text": self.body, "wrap": true}),
        ];
        if let Some(author) = &self.author {
            body.push(
                json!({"type": "TextBlock", "text": plain(author), "size": "Small", "weight": "Lighter", "wrap": true}),
            );
        }
        let mut card = json!({
            "type": "AdaptiveCard",
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "version": "1.5",
            "msteams": {"width": "Full"},
            "body": body,
        });
        if !self.buttons.is_empty() {
            let open = |button: &Button| json!({"type": "Action.OpenUrl", "title": button.text, "url": button.url});
            card["actions"] = self.buttons.iter().map(open).collect();
        }
        card
    }

    /// The activity as the connector takes it. `urgent` asks for an entry in the activity feed beside the toast.
    pub fn activity(&self, urgent: bool) -> Value {
        let mut activity = json!({
            "type": "message",
            "summary": self.banner.as_ref().unwrap_or(&self.title),
            "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": self.card()}],
        });
        if urgent {
            activity["channelData"] = json!({"notification": {"alert": true}});
        }
        activity
    }
}

/// The size of an activity as Teams counts it: two bytes for each UTF-16 unit of its JSON.
pub fn activity_bytes(activity: &Value) -> usize {
    2 * activity.to_string().encode_utf16().count()
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

fn faults_of_text(field: &str, text: &str, limit: usize, faults: &mut Vec<Fault>) {
    if text.trim().is_empty() {
        faults.push(Fault::new(field, "is empty", format!("Give it a text of up to {limit} characters.")));
    }
    let length = text.chars().count();
    if length > limit {
        let problem = format!("has {length} characters; the limit is {limit}");
        faults.push(Fault::new(field, problem, "Shorten it."));
    }
    if let Some(odd) = text.chars().find(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
        let problem = format!("holds the control character U+{:04X}", odd as u32);
        faults.push(Fault::new(field, problem, "Remove it; it often comes along when pasting."));
    }
}

fn faults_of_link(field: &str, link: &str, faults: &mut Vec<Fault>) {
    match url::Url::parse(link) {
        Ok(url) if url.scheme() == "https" && url.has_host() => {}
        Ok(url) if url.has_host() => {
            let problem = format!("begins with {}:", url.scheme());
            faults.push(Fault::new(field, problem, "Teams opens https links only: write https://…"));
        }
        _ => faults.push(Fault::new(field, format!("“{link}” is not a link"), "Write it whole: https://…")),
    }
}

/// Names each line that Teams would show as raw text.
fn faults_of_markdown(body: &str, faults: &mut Vec<Fault>) {
    for (number, line) in body.lines().enumerate() {
        let text = line.trim_start();
        let heading = text.trim_start_matches('#');
        let hashes = text.len() - heading.len();
        let what = if (1..=6).contains(&hashes) && heading.starts_with(' ') {
            "a heading; use **bold** text instead"
        } else if text.starts_with("```") {
            "a code block; use plain text instead"
        } else if text.contains("![") {
            "an image; Teams shows none inside the text"
        } else if text.starts_with('|') && text.trim_end().ends_with('|') && text.len() > 1 {
            "a table; use a list instead"
        } else if has_html(text) {
            "HTML; use **bold**, _italic_, links and lists instead"
        } else {
            continue;
        };
        let problem = format!("line {} holds markup that Teams shows raw", number + 1);
        faults.push(Fault::new("body", problem, format!("It is {what}.")));
    }
}

fn has_html(text: &str) -> bool {
    text.match_indices('<').any(|(place, _)| {
        let tag = text[place + 1..].trim_start_matches('/');
        tag.starts_with(|letter: char| letter.is_ascii_alphabetic()) && tag.contains('>') && !tag.starts_with("http")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn content() -> Content {
        Content { title: "Offices close at noon".into(), body: "Leave before **12:00**.".into(), ..Content::default() }
    }

    fn fields(content: Content) -> Vec<String> {
        content.check().map_or_else(|faults| faults.0.into_iter().map(|fault| fault.field).collect(), |_| vec![])
    }

    #[test]
    fn a_plain_announcement_is_taken() {
        assert_eq!(content().check(), Ok(content()));
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let button = Button { text: String::new(), url: "http://intranet.contoso.example".into() };
        let bad = Content { title: " ".into(), body: "# News\n<b>bold</b>".into(), buttons: vec![button], ..content() };
        assert_eq!(fields(bad), ["title", "button 1 text", "button 1 url", "body", "body"]);
    }

    #[test]
    fn a_text_that_teams_would_refuse_for_its_size_is_refused_at_the_door() {
        assert_eq!(fields(Content { body: "é".repeat(41_000), ..content() }), ["body"]);
    }

    #[test]
    fn the_activity_is_a_card_and_a_summary_and_no_text() {
        let activity = Content { banner: Some("Please read".into()), ..content() }.activity(false);
        assert_eq!(activity["summary"], "Please read");
        assert_eq!(activity["attachments"].as_array().map(Vec::len), Some(1));
        assert!(activity.get("text").is_none());
    }

    #[test]
    fn a_title_is_shown_as_it_stands() {
        let card = Content { title: "A*B_[c]".into(), ..content() }.card();
        assert_eq!(card["body"][0]["text"], r"A\*B\_\[c\]");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_check_panic(title in "\\PC{0,300}", body in "(?s).{0,400}", url in "\\PC{0,40}") {
            let buttons = vec![Button { text: title.clone(), url }];
            let _ = Content { title, body, buttons, ..Content::default() }.check();
        }
    }
}
