//! What is said: card and banner. Limits are checked here, once, at the door.
//!
//! A broadcast is one Adaptive Card and a `summary`, which Teams shows as the notification. Never text beside a card:
//! Teams splits that into two messages and returns no id, so that it could neither be corrected nor recalled.

use serde::{Deserialize, Serialize};

use super::fault::{Fault, Faults, Slip};

mod card;
mod image;
mod markdown;
#[cfg(test)]
mod tests;

pub use card::Size;
pub use image::{IMAGE_BYTES_MAX, fault_of_picture, inline};

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
/// Images inside the card are left out of the count.
///
/// Source: the vendor's guide on formatting bot messages, section on size (read November 2026).
pub const ACTIVITY_BYTES_MAX: usize = 80_000;

/// The longest description of an image, in characters: what a screen reader says in half a minute.
pub const DESCRIPTION_CHARACTERS_MAX: usize = 300;

/// A picture between the title and the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Image {
    /// An https link that opens without signing in, or the picture itself as [`inline`] writes it.
    pub url: String,
    /// What it shows, for those who cannot see it.
    pub description: String,
}

/// One link below the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Button {
    /// What it says.
    pub text: String,
    /// Where it leads; https only.
    pub url: String,
}

/// What is said to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Content {
    /// The heading.
    pub title: String,
    /// Markdown in the subset that Teams renders: bold, italic, links, lists.
    pub body: String,
    /// The picture between title and text.
    pub image: Option<Image>,
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
        faults_of_text("title", &self.title, Some(TITLE_CHARACTERS_MAX), &mut faults);
        faults_of_text("body", &self.body, None, &mut faults);
        if let Some(image) = &self.image {
            image::faults_of(image, &mut faults);
        }
        if let Some(author) = &self.author {
            faults_of_text("author", author, Some(AUTHOR_CHARACTERS_MAX), &mut faults);
        }
        if let Some(banner) = &self.banner {
            faults_of_text("banner", banner, Some(BANNER_CHARACTERS_MAX), &mut faults);
        }
        faults_of_buttons(&self.buttons, &mut faults);
        markdown::faults_of(&self.body, &mut faults);
        let bytes = self.size().bytes;
        if bytes > ACTIVITY_BYTES_MAX {
            let problem =
                format!("the finished message has {bytes} bytes in UTF-16; the limit is {ACTIVITY_BYTES_MAX}");
            let fault = Fault::new("body", problem, "Shorten the text, or link to a page that holds the rest.");
            faults.push(fault.known(Slip::TooLarge { bytes, limit: ACTIVITY_BYTES_MAX }));
        }
        Faults::or(faults, self)
    }
}

fn faults_of_buttons(buttons: &[Button], faults: &mut Vec<Fault>) {
    for (place, button) in buttons.iter().enumerate() {
        let field = format!("button {}", place + 1);
        faults_of_text(&format!("{field} text"), &button.text, Some(BUTTON_CHARACTERS_MAX), faults);
        faults_of_link(&format!("{field} url"), &button.url, faults);
    }
    if buttons.len() > BUTTONS_MAX {
        let problem = format!("there are {}; the limit is {BUTTONS_MAX}", buttons.len());
        let slip = Slip::TooManyButtons { count: buttons.len(), limit: BUTTONS_MAX };
        faults.push(Fault::new("buttons", problem, "Leave the less important ones out.").known(slip));
    }
}

/// `limit` is in characters; `None` leaves it to the size of the whole.
pub(super) fn faults_of_text(field: &str, text: &str, limit: Option<usize>, faults: &mut Vec<Fault>) {
    if text.trim().is_empty() {
        let cure = limit.map_or_else(
            || "Give it a text.".to_owned(),
            |limit| format!("Give it a text of up to {limit} characters."),
        );
        faults.push(Fault::new(field, "is empty", cure).known(Slip::Empty));
    }
    let length = text.chars().count();
    if let Some(limit) = limit.filter(|limit| length > *limit) {
        let problem = format!("has {length} characters; the limit is {limit}");
        let fault = Fault::new(field, problem, format!("Shorten it by {}.", length - limit));
        faults.push(fault.known(Slip::TooLong { length, limit }));
    }
    if let Some(odd) = text.chars().find(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
        let problem = format!("holds the control character U+{:04X}", odd as u32);
        let fault = Fault::new(field, problem, "Remove it; it often comes along when pasting.");
        faults.push(fault.known(Slip::ControlCharacter));
    }
}

fn faults_of_link(field: &str, link: &str, faults: &mut Vec<Fault>) {
    match url::Url::parse(link) {
        Ok(url) if url.scheme() == "https" && url.has_host() => {}
        Ok(url) if url.has_host() => {
            let problem = format!("begins with {}:", url.scheme());
            let fault = Fault::new(field, problem, "Teams opens https links only: write https://…");
            faults.push(fault.known(Slip::NoHttps));
        }
        _ => {
            let fault = Fault::new(field, format!("“{}” is not a link", short(link)), "Write it whole: https://…");
            faults.push(fault.known(Slip::NoLink));
        }
    }
}

/// A text of somebody else, short enough to be repeated.
fn short(text: &str) -> String {
    const CHARACTERS_MAX: usize = 80;
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
