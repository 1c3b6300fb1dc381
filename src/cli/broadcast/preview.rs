//! The card as a person would read it, in a terminal; needs neither a database nor Teams.

use std::path::Path;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use serde_json::{Value, json};

use super::super::complaint::Complaint;
use super::super::text::{self, thousands};
use crate::config::file_trouble;
use crate::domain::content::{ACTIVITY_BYTES_MAX, Content, IMAGE_BYTES_MAX};

/// Where lines are broken: what a terminal and a phone's chat have room for.
const WIDTH: usize = 72;

/// What `--preview` prints, for people.
pub(super) fn preview_text(content: &Content) -> String {
    let mut card = wrapped(&text::one_line(&content.title));
    card.push(String::new());
    if let Some(image) = &content.image {
        let place = if image.is_inside() { "inside the message" } else { &image.url };
        card.extend(wrapped(&format!("[image: {}] ({})", text::one_line(&image.description), text::one_line(place))));
        card.push(String::new());
    }
    card.extend(body_lines(&content.body));
    if let Some(author) = &content.author {
        card.extend([String::new(), text::one_line(author)]);
    }
    if !content.buttons.is_empty() {
        card.push(String::new());
    }
    card.extend(content.buttons.iter().map(|button| format!("[ {} ] → {}", text::one_line(&button.text), button.url)));
    let card: String = card.iter().map(|line| format!("  │ {line}").trim_end().to_owned() + "\n").collect();
    format!("Notification: {}\n\n{card}\n{}", text::one_line(content.notification()), size_text(content))
}

/// How large the message is, against the limits.
pub(super) fn size_text(content: &Content) -> String {
    let size = content.size();
    let of = |bytes: usize, max: usize| format!("{} of {} bytes", thousands(bytes as u64), thousands(max as u64));
    let mut told = format!("Size: {}, as Teams counts them", of(size.bytes, ACTIVITY_BYTES_MAX));
    if size.image_bytes > 0 {
        told += &format!("; the image inside: {}", of(size.image_bytes, IMAGE_BYTES_MAX));
    }
    told + ".\n"
}

/// What `--preview --json` prints: `bytes` and `limit` are those of Teams.
pub(super) fn preview_json(content: &Content, urgent: bool) -> Value {
    json!({
        "card": content.card(),
        "activity": content.activity(urgent),
        "bytes": content.size().bytes,
        "limit": ACTIVITY_BYTES_MAX,
    })
}

/// Writes what would be sent as JSON.
pub(super) fn write_json(document: &Value, file: &Path) -> anyhow::Result<()> {
    let document = format!("{}\n", serde_json::to_string_pretty(document)?);
    std::fs::write(file, document).map_err(|error| {
        let message = format!("“{}” cannot be written: {}.", file.display(), file_trouble(&error));
        let cure = "Name a file in a directory that is there and yours.";
        Complaint::failed("preview", message, cure).about("--preview").into()
    })
}

/// The text without its markup: lists with their marks, links with their addresses.
fn body_lines(body: &str) -> Vec<String> {
    let mut paper = Paper::default();
    for event in Parser::new(body) {
        paper.take(event);
    }
    paper.close_line();
    paper.lines.truncate(paper.lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1));
    paper.lines
}

#[derive(Default)]
struct Paper {
    lines: Vec<String>,
    line: String,
    /// One for each list around this place: the next number, or `None` for dots.
    lists: Vec<Option<u64>>,
    addresses: Vec<String>,
}

impl Paper {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Text(text) | Event::Code(text) => self.line += &text,
            Event::SoftBreak => self.line.push(' '),
            Event::HardBreak => self.close_line(),
            Event::Start(Tag::List(first)) => {
                self.close_line();
                self.lists.push(first);
            }
            Event::Start(Tag::Item) => self.begin_item(),
            Event::Start(Tag::Link { dest_url, .. }) => self.addresses.push(dest_url.into_string()),
            Event::End(TagEnd::Link) => {
                let address = self.addresses.pop().unwrap_or_default();
                self.line += &format!(" ({address})");
            }
            Event::End(TagEnd::Item) => self.close_line(),
            Event::End(TagEnd::Paragraph) if !self.lists.is_empty() => self.close_line(),
            Event::End(TagEnd::Paragraph) => self.close_block(),
            Event::End(TagEnd::List(_)) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.close_block();
                }
            }
            _ => {}
        }
    }

    fn begin_item(&mut self) {
        self.close_line();
        let margin = "  ".repeat(self.lists.len().saturating_sub(1));
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}.", *number - 1)
            }
            _ => "•".to_owned(),
        };
        self.line = format!("{margin}{mark} ");
    }

    fn close_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.lines.extend(wrapped(&text::one_line(&line)));
        }
    }

    fn close_block(&mut self) {
        self.close_line();
        self.lines.push(String::new());
    }
}

/// `text` in lines of at most [`WIDTH`] characters where words allow; what follows the first stands below its words.
fn wrapped(text: &str) -> Vec<String> {
    let margin = text.chars().take_while(|letter| matches!(letter, ' ' | '•')).count();
    let mut lines = vec![text.chars().take(margin).collect::<String>()];
    for word in text.split_whitespace().filter(|word| *word != "•") {
        let line = lines.last_mut().expect("there is always a line");
        let is_begun = line.chars().count() > margin;
        if is_begun && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(format!("{}{word}", " ".repeat(margin)));
        } else {
            *line += &if is_begun { format!(" {word}") } else { word.to_owned() };
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::{Button, Image};

    #[test]
    fn a_card_reads_as_in_teams() {
        let content = Content {
            title: "Offices close at noon on Friday".into(),
            body:
                "Please leave before **12:00**. The heating is being *replaced* in all buildings, so that doors close \
                   early:\n\n- Lyon and Lille\n- Milan, see [the plan](https://x.example/plan)\n  - north\n\n\
                   1. Out\n2. Home\n\nThank you."
                    .into(),
            image: Some(Image { url: "https://x.example/a.png".into(), description: "The Lyon office".into() }),
            author: Some("Facilities team".into()),
            banner: Some("Please read".into()),
            buttons: vec![Button { text: "Read more".into(), url: "https://x.example/more".into() }],
        };
        insta::assert_snapshot!(preview_text(&content));
    }

    #[test]
    fn a_text_of_somebody_else_cannot_steer_the_terminal() {
        assert!(
            !preview_text(&Content { title: "a\u{1b}[2J".into(), body: "b\u{7}".into(), ..Content::default() })
                .contains(['\u{1b}', '\u{7}'])
        );
    }
}
