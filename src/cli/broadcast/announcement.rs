//! What is said, as options of the command line.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::app::correction::corrected_content;
use crate::app::manuscript::unseen;
use crate::config::file_trouble;
use crate::domain::content::{Button, Content, IMAGE_BYTES_MAX, Image, inline};
use crate::domain::fault::{Fault, Faults};
use crate::domain::manuscript::{self, Correction, ManuscriptImage};

/// The longest text read, in bytes: many times what a message holds, and little enough to be read at all.
const TEXT_BYTES_MAX: u64 = 1_000_000;

#[derive(Debug, Args)]
pub(super) struct Announcement {
    /// The heading, up to 200 characters
    #[arg(long, value_name = "TEXT")]
    pub title: String,
    /// A file with the text, in the markdown that Teams shows: bold, italic, links, lists; - for standard input
    #[arg(long, value_name = "FILE", required_unless_present_any = ["body", "channel"], conflicts_with = "body")]
    pub(super) body_file: Option<PathBuf>,
    /// The text itself
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// A picture above the text: an https link that opens without signing in, or a PNG, JPEG or GIF file of up to 64 KiB
    #[arg(long, value_name = "URL|FILE")]
    image: Option<String>,
    /// What the picture shows, for those who cannot see it, up to 300 characters
    #[arg(long, value_name = "TEXT")]
    image_description: Option<String>,
    /// Who speaks, shown small below the text
    #[arg(long, value_name = "TEXT")]
    author: Option<String>,
    /// The notification's text, up to 150 characters [default: the title]
    #[arg(long, value_name = "TEXT")]
    banner: Option<String>,
    /// A button and the https link behind it; up to six
    #[arg(long, value_name = "TEXT=URL", value_parser = button)]
    button: Vec<Button>,
}

pub(super) fn button(text: &str) -> Result<Button, String> {
    // The text may hold a `=` itself, so the link's beginning is looked for first.
    let at = text.find("=http").or_else(|| text.find('='));
    let (label, url) = at.map(|at| (&text[..at], &text[at + 1..])).ok_or("write TEXT=URL, such as Menu=https://…")?;
    Ok(Button { text: label.trim().to_owned(), url: url.trim().to_owned() })
}

impl Announcement {
    /// Reads the files that were named, and checks the whole. In activity feeds alone nobody reads more than the title.
    pub(super) fn content(self, for_feed: bool) -> Result<Content, Faults> {
        let mut faults = Vec::new();
        let has_body = self.body.is_some() || self.body_file.is_some();
        let body = match (self.body, &self.body_file) {
            (Some(body), _) => Some(body),
            (None, Some(file)) => {
                read("--body-file", file, TEXT_BYTES_MAX).map_err(|found| faults.extend(found.0)).ok()
            }
            (None, None) if for_feed => Some(self.title.clone()),
            (None, None) => {
                let cure = "Write it with --body, or name a file with --body-file.";
                faults.push(Fault::new("--body", "is missing: a message needs a text", cure));
                None
            }
        };
        let image = image(self.image, self.image_description).map_err(|fault| faults.push(fault)).ok();
        let content = Content {
            title: self.title,
            // A body that could not be read must not be called empty as well.
            body: body.unwrap_or_else(|| "…".to_owned()).trim_end().to_owned(),
            image: image.flatten(),
            author: self.author,
            banner: self.banner,
            buttons: self.button,
        };
        if for_feed {
            faults.extend(unseen(&content, has_body));
        }
        match content.check() {
            Ok(content) => Faults::or(faults, content),
            Err(found) => Err(Faults(faults.into_iter().chain(found.0).collect())),
        }
    }
}

/// What of an announcement is to be said otherwise.
#[derive(Debug, Args)]
pub(super) struct Changes {
    /// Another heading, up to 200 characters
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// A file with another text, in the markdown that Teams shows; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "body")]
    body_file: Option<PathBuf>,
    /// Another text itself
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// Another picture: an https link that opens without signing in, or a PNG, JPEG or GIF file of up to 64 KiB
    #[arg(long, value_name = "URL|FILE")]
    image: Option<String>,
    /// What the picture shows, for those who cannot see it
    #[arg(long, value_name = "TEXT")]
    image_description: Option<String>,
    /// Who speaks
    #[arg(long, value_name = "TEXT")]
    author: Option<String>,
    /// Another text of the notification, up to 150 characters
    #[arg(long, value_name = "TEXT")]
    banner: Option<String>,
    /// A button and the https link behind it, in the place of all that there were; up to six
    #[arg(long, value_name = "TEXT=URL", value_parser = button)]
    button: Vec<Button>,
    /// Leave this out; may be given again
    #[arg(long, value_name = "PART", value_enum)]
    without: Vec<Part>,
}

/// What an announcement may do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The picture
    Image,
    /// Who speaks
    Author,
    /// The notification's own text: it is the title then
    Banner,
    /// All buttons
    Buttons,
}

impl Changes {
    /// Reads the files that were named, and checks the whole as it will be.
    pub(super) fn applied_to(self, old: Content) -> Result<Content, Faults> {
        let mut faults = Vec::new();
        let read_body = |file: &PathBuf| read("--body-file", file, TEXT_BYTES_MAX);
        let body = self.body.map(Ok).or_else(|| self.body_file.as_ref().map(read_body));
        let body = body.transpose().unwrap_or_else(|found| {
            faults.extend(found.0);
            None
        });
        let has_image = old.image.is_some() && !self.without.contains(&Part::Image);
        let image = match (self.image, self.image_description) {
            (None, Some(description)) if has_image => {
                Some(ManuscriptImage { description, ..ManuscriptImage::default() })
            }
            (named, description) => image(named, description)
                .unwrap_or_else(|fault| {
                    faults.push(fault);
                    None
                })
                .map(|image| ManuscriptImage { picture: None, url: Some(image.url), description: image.description }),
        };
        let correction = Correction {
            title: self.title,
            body,
            image,
            author: self.author,
            banner: self.banner,
            buttons: self.button,
            without: self.without.into_iter().map(Into::into).collect(),
            ..Correction::default()
        };
        match corrected_content(old, &correction, None) {
            Ok(content) => Faults::or(faults, content),
            Err(found) => Err(Faults(faults.into_iter().chain(found.0).collect())),
        }
    }
}

impl From<Part> for manuscript::Part {
    fn from(part: Part) -> Self {
        match part {
            Part::Image => Self::Image,
            Part::Author => Self::Author,
            Part::Banner => Self::Banner,
            Part::Buttons => Self::Buttons,
        }
    }
}

/// The picture as described; a missing description is the content's own fault to tell.
fn image(named: Option<String>, description: Option<String>) -> Result<Option<Image>, Fault> {
    let Some(named) = named else {
        let described = || Fault::new("--image-description", "is given, but no --image", "Name the picture, too.");
        return description.map_or(Ok(None), |_| Err(described()));
    };
    let is_link = named.split_once(':').is_some_and(|(scheme, rest)| is_scheme(scheme) && rest.starts_with("//"));
    let url = if is_link { named } else { inline(&picture(Path::new(&named))?)? };
    Ok(Some(Image { url, description: description.unwrap_or_default() }))
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric())
}

/// The bytes of a picture, and one byte more than may be when there are too many.
fn picture(file: &Path) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let opened = File::open(file).and_then(|file| file.take(IMAGE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
    let refuse = |error: io::Error| {
        let problem = format!("“{}” cannot be read: {}", file.display(), file_trouble(&error));
        Fault::new("--image", problem, "Name a PNG, JPEG or GIF file, or write an https link.")
    };
    opened.map(|_| bytes).map_err(refuse)
}

/// Reads a text file of at most `bytes_max`, or standard input for `-`.
pub(super) fn read(argument: &str, file: &Path, bytes_max: u64) -> Result<String, Faults> {
    let refuse = |problem: String, cure: &str| Faults(vec![Fault::new(argument, problem, cure)]);
    let unreadable = |error: io::Error| {
        let problem = format!("“{}” cannot be read: {}", file.display(), file_trouble(&error));
        refuse(problem, "Name a text file in UTF-8.")
    };
    let from: io::Result<Box<dyn Read>> = match file.to_str() {
        Some("-") => Ok(Box::new(io::stdin())),
        _ => File::open(file).map(|file| Box::new(file) as Box<dyn Read>),
    };
    let mut bytes = Vec::new();
    from.and_then(|from| from.take(bytes_max + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > bytes_max {
        let problem = format!("“{}” is longer than {bytes_max} bytes", file.display());
        return Err(refuse(problem, "Shorten it; if this is the wrong file, name the right one."));
    }
    String::from_utf8(bytes).map_err(|_| unreadable(io::ErrorKind::InvalidData.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_may_hold_equals_signs_on_both_sides() {
        let made = button("2+2=4=https://x.example/?a=b").unwrap();
        assert_eq!((made.text.as_str(), made.url.as_str()), ("2+2=4", "https://x.example/?a=b"));
        assert!(button("Menu").is_err());
    }

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        changes: Changes,
    }

    #[test]
    fn what_is_not_given_stays_as_it_was() {
        let picture = Image { url: "https://x.example/a.png".into(), description: "A".into() };
        let menu = Button { text: "Menu".into(), url: "https://x.example/menu".into() };
        let old = Content {
            title: "Drill".into(),
            body: "At noon.".into(),
            image: Some(picture.clone()),
            author: Some("Facilities".into()),
            banner: Some("Drill at noon".into()),
            buttons: vec![menu.clone()],
        };
        let changed = |args: &[&str]| {
            let line: Line = clap::Parser::parse_from(["x"].iter().chain(args));
            line.changes.applied_to(old.clone())
        };
        assert_eq!(changed(&[]).unwrap(), old);
        let described = Some(Image { description: "B".into(), ..picture });
        assert_eq!(
            changed(&["--body", "At one.", "--image-description", "B", "--without", "banner"]).unwrap(),
            Content { body: "At one.".into(), image: described, banner: None, ..old.clone() }
        );
        let other = changed(&["--button", "Plan=https://x.example/plan", "--without", "image"]).unwrap();
        assert_eq!((other.image, other.buttons[0].text.as_str(), other.buttons.len()), (None, "Plan", 1));
        let faults = changed(&["--title", "", "--button", "Plan=http://x.example"]).unwrap_err();
        assert_eq!(faults.0.len(), 2, "{faults}");
    }

    #[test]
    fn a_link_is_told_from_a_file_by_its_beginning() {
        let made = |named: &str| image(Some(named.to_owned()), None);
        assert_eq!(made("https://x.example/a.png").unwrap().unwrap().url, "https://x.example/a.png");
        assert!(made("http://x.example/a.png").is_ok(), "refused later, with everything else");
        assert!(made("no.png").unwrap_err().problem.contains("not there"));
    }

    #[test]
    fn a_text_without_end_is_not_read_to_its_end() {
        let faults = read("--body-file", Path::new("/dev/zero"), 1000).unwrap_err();
        assert!(faults.0[0].problem.contains("longer than 1000 bytes"), "{faults}");
    }
}
