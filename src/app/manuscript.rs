//! Reads a manuscript: what its author has said becomes a draft that can be handed in, or everything that is wrong with it,
//! by the names of its fields. `written` goes the other way.
//!
//! What takes asking somebody (who is meant, whether there is such a team) is found out by `submit`, whose faults are
//! put into the same words by [`faults_of_manuscript`].

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::audience::expression::{Expression, Source, parse, parse_name};
use crate::domain::audience::{Address, PostTo, read_list};
use crate::domain::broadcast::{Channels, Schedule, TOLERANCE, Treatment};
use crate::domain::content::{Content, Image};
use crate::domain::duration::parse_duration;
use crate::domain::fault::{Fault, Faults, Slip};
use crate::domain::manuscript::{Manuscript, ManuscriptAudience, ManuscriptSchedule};
use crate::domain::schedule::{Hour, hour};
use crate::domain::time::Timestamp;

use super::submit::{Audience, Draft, EXPRESSION, Going, Words};

mod feed;
mod names;
#[cfg(test)]
mod tests;
mod written;

pub use feed::{FeedWish, unseen};
pub use names::{audience_in_words_of_options, faults_of_manuscript, in_words_of_audiences, in_words_of_options};
pub use written::{lines, written};

/// How long after the start whoever has had no turn fails, unless the author says otherwise.
pub const DEADLINE: Duration = Duration::from_secs(72 * 3600);
/// How long before its hour people are prepared, unless the author says otherwise.
pub const PREPARE: Duration = Duration::from_secs(12 * 3600);
/// What says that nobody is prepared ahead of the hour.
pub const NO_PREPARING: &str = "0s";
/// The shortest and the longest time before a broadcast is recalled by itself, in seconds.
pub const EXPIRY_SECONDS: std::ops::RangeInclusive<u64> = 60..=31_622_400;
/// What stands in the place of a text that is missing, so that it is not called wrong as well.
const ANYTHING: &str = "…";

/// What a manuscript is read with.
#[derive(Debug, Clone)]
pub struct Desk<'a> {
    /// The activity type where the author names none.
    pub activity_type: &'a str,
    /// When it is read: what starts at once starts now.
    pub now: Timestamp,
    /// The address of the picture that it names or holds, if that was looked for; a link needs no looking.
    pub picture: Option<Result<String, Fault>>,
}

/// A manuscript, understood.
#[derive(Debug, Clone)]
pub struct Understood {
    /// The draft.
    pub draft: Draft,
    /// What its author should know: which of two equal hours was taken.
    pub notes: Vec<String>,
}

/// Reads `manuscript`.
///
/// # Errors
/// Everything wrong with it that can be told without asking anybody.
pub fn read(manuscript: &Manuscript, desk: &Desk<'_>) -> Result<Understood, Faults> {
    let mut reader = Reader { manuscript, faults: Vec::new() };
    let understood = reader.whole(desk);
    match (understood, reader.faults.is_empty()) {
        (Some(understood), true) => Ok(understood),
        _ => Err(faults_of_manuscript(Faults(reader.faults), manuscript)),
    }
}

/// Reads what a manuscript says, and nothing else of it.
///
/// # Errors
/// Everything wrong with that.
pub fn read_content(manuscript: &Manuscript, picture: Option<Result<String, Fault>>) -> Result<Content, Faults> {
    let mut reader = Reader { manuscript, faults: Vec::new() };
    let content = reader.content(picture);
    match (content, reader.faults.is_empty()) {
        (Some(content), true) => Ok(content),
        _ => Err(faults_of_manuscript(Faults(reader.faults), manuscript)),
    }
}

/// How long a broadcast may stand before it is recalled by itself.
///
/// # Errors
/// What is wrong with it, in words.
pub fn expiry(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text).map_err(|error| error.to_string())?;
    match EXPIRY_SECONDS.contains(&time.as_secs()) {
        true => Ok(time),
        false => Err("write at least 1m and at most 366d".to_owned()),
    }
}

struct Reader<'a> {
    manuscript: &'a Manuscript,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn refuse(&mut self, field: &str, problem: impl Into<String>, cure: &str) {
        self.faults.push(Fault::new(field, problem, cure));
    }

    fn keep<T>(&mut self, read: Result<T, Faults>) -> Option<T> {
        read.map_err(|found| self.faults.extend(found.0)).ok()
    }

    fn whole(&mut self, desk: &Desk<'_>) -> Option<Understood> {
        let manuscript = self.manuscript;
        let content = self.content(desk.picture.clone());
        let posts = self.posts();
        // Wrong content must not hide what is wrong with the feed.
        let of = content.clone().unwrap_or_else(|| Content {
            title: ANYTHING.into(),
            body: ANYTHING.into(),
            ..Content::default()
        });
        let going = self.going(&of, desk.activity_type, posts);
        let audience = self.audience();
        let hour = self.hour();
        let deadline = self.duration("deadline", manuscript.deadline.as_deref(), DEADLINE);
        let tolerance = self.duration("tolerance", manuscript.tolerance.as_deref(), TOLERANCE);
        let expire_after = self.expire_after();
        let author = self.tell();
        let (schedule, note) = hour?;
        let start_at = schedule.as_ref().map_or(desk.now, |schedule| schedule.start_at);
        let treatment = Treatment {
            when_in_doubt: manuscript.when_in_doubt,
            urgent: manuscript.urgent,
            deadline_at: start_at + deadline?,
            tolerance: tolerance?,
        };
        let draft = Draft {
            content: content?,
            going: going?,
            treatment,
            audience: audience?,
            schedule,
            author: author?,
            expire_after: expire_after?,
            accept_partial: manuscript.accept_partial,
        };
        Some(Understood { draft, notes: note.into_iter().collect() })
    }

    /// In activity feeds alone nobody reads more than the title.
    fn content(&mut self, picture: Option<Result<String, Fault>>) -> Option<Content> {
        let manuscript = self.manuscript;
        let (for_feed, has_body) = (manuscript.channel == Channels::Feed, !manuscript.body.trim().is_empty());
        let is_titled = !manuscript.title.trim().is_empty();
        let body = match (has_body, for_feed) {
            (true, _) => manuscript.body.trim_end(),
            (false, true) => {
                if is_titled {
                    manuscript.title.trim_end()
                } else {
                    ANYTHING
                }
            }
            (false, false) => "",
        };
        let before = self.faults.len();
        let content = Content {
            title: manuscript.title.clone(),
            body: body.to_owned(),
            image: self.image(picture),
            author: manuscript.author.clone(),
            banner: manuscript.banner.clone(),
            buttons: manuscript.buttons.clone(),
        };
        if for_feed {
            self.faults.extend(unseen(&content, has_body));
        }
        let checked = self.keep(content.check());
        checked.filter(|_| self.faults.len() == before)
    }

    fn image(&mut self, picture: Option<Result<String, Fault>>) -> Option<Image> {
        const CURE: &str = "Name a picture that was uploaded in image.picture, or a link in image.url.";
        let named = self.manuscript.image.as_ref()?;
        let url = match (named.picture, &named.url, picture) {
            (None, Some(url), None) => url.clone(),
            (Some(_), None, Some(Ok(url))) | (None, Some(_), Some(Ok(url))) => url,
            (Some(_), None, Some(Err(fault))) | (None, Some(_), Some(Err(fault))) => {
                self.faults.push(fault);
                return None;
            }
            (Some(id), None, None) => {
                self.refuse("image.picture", format!("there is no picture {id}"), CURE);
                return None;
            }
            (Some(_), Some(_), _) => {
                self.refuse("image", "names a picture and a link", "Leave one of the two out.");
                return None;
            }
            (None, None, _) => {
                let fault = Fault::new("image", "names neither a picture nor a link", CURE);
                self.faults.push(fault.known(Slip::PictureMissing));
                return None;
            }
        };
        Some(Image { url, description: named.description.clone() })
    }

    fn posts(&mut self) -> Vec<PostTo> {
        let (manuscript, mut posts) = (self.manuscript, Vec::new());
        for (place, text) in manuscript.post_to.iter().enumerate() {
            match PostTo::parse(text) {
                Some(post) => posts.push(post),
                None => {
                    let cure = "Write TEAM or TEAM/CHANNEL, such as Milan/News.";
                    self.refuse(&format!("post_to[{place}]"), "names no team", cure);
                }
            }
        }
        let is_posted = manuscript.channel == Channels::TeamChannel;
        match manuscript.post_to.is_empty() {
            true if is_posted => {
                let cure = "Name them, each as TEAM or TEAM/CHANNEL.";
                let fault = Fault::new("post_to", "names no channel to post to", cure);
                self.faults.push(fault.known(Slip::ChannelMissing));
            }
            false if !is_posted => {
                let cure = "Write channel “team_channel”, or leave post_to out and say whom it is for in audience.";
                self.refuse("post_to", "goes with channel “team_channel”", cure);
            }
            _ => {}
        }
        posts
    }

    fn going(&mut self, content: &Content, activity_type: &str, posts: Vec<PostTo>) -> Option<Going> {
        let wish = FeedWish {
            channels: self.manuscript.channel,
            said: self.manuscript.feed.clone().unwrap_or_default(),
            parameters: Vec::new(),
        };
        let said = &wish.said;
        let both = |one: bool, other: bool| one && other;
        let apart = [
            (both(said.topic.is_some(), said.topic_url.is_some()), "feed.topic", "goes without feed.topic_url"),
            (both(said.in_team.is_some(), said.in_chat.is_some()), "feed.in_team", "goes without feed.in_chat"),
            (
                both(said.all_members, said.members_of_channel.is_some()),
                "feed.all_members",
                "goes without feed.members_of_channel",
            ),
        ];
        let together = [
            (both(said.topic.is_some(), said.topic_link.is_none()), "feed.topic", "goes with feed.topic_link"),
            (both(said.topic.is_none(), said.topic_link.is_some()), "feed.topic_link", "goes with feed.topic"),
            (
                both(said.members_of_channel.is_some(), said.in_team.is_none()),
                "feed.members_of_channel",
                "goes with feed.in_team",
            ),
        ];
        for (_, field, problem) in apart.into_iter().filter(|(is_wrong, ..)| *is_wrong) {
            self.refuse(field, problem, "Leave one of the two out.");
        }
        for (_, field, problem) in together.into_iter().filter(|(is_wrong, ..)| *is_wrong) {
            self.refuse(field, problem, "Give both, or leave it out.");
        }
        let parameters = said.parameters.clone().into_iter().collect();
        self.keep(FeedWish { parameters, ..wish }.going(content, activity_type, posts))
    }

    fn audience(&mut self) -> Option<Audience> {
        let manuscript = self.manuscript;
        let said = manuscript.audience.clone().unwrap_or_default();
        let is_said = said != ManuscriptAudience::default();
        let means_everybody = matches!(manuscript.channel, Channels::Feed | Channels::Both)
            && manuscript.feed.as_ref().is_some_and(|feed| feed.all_members || feed.members_of_channel.is_some());
        if manuscript.channel == Channels::TeamChannel || means_everybody {
            if is_said {
                let problem = match means_everybody {
                    true => "does not go with everybody of a team or a chat",
                    false => "does not go with channel “team_channel”: a post is read by whoever reads there",
                };
                self.refuse("audience", problem, "Leave one of the two out.");
                return None;
            }
            // Found when it is placed.
            return Some(Audience::Venues(Vec::new()));
        }
        match (&said.expression, &said.list) {
            (Some(text), None) => self.words(text, &said.lists),
            (None, Some(list)) => {
                if !said.lists.is_empty() {
                    let cure = "Name the list in audience.lists, too, and write list \"NAME\" in audience.expression.";
                    self.refuse("audience.lists", "goes with audience.expression, not with audience.list", cure);
                }
                self.keep(read_list(list.as_bytes())).map(Audience::List)
            }
            (Some(_), Some(_)) => {
                let cure = "Leave one of the two out; words can name lists of audience.lists.";
                self.refuse("audience", "is given in words and as a list", cure);
                None
            }
            (None, None) => {
                let cure = "Say whom it is for: audience.expression, such as everyone, or audience.list.";
                self.faults.push(Fault::new("audience", "is missing", cure).known(Slip::AudienceMissing));
                None
            }
        }
    }

    fn words(&mut self, text: &str, lists: &BTreeMap<String, String>) -> Option<Audience> {
        let expression = self.keep(parse(text).map_err(|misread| Faults(vec![misread.fault(EXPRESSION)])));
        let mut read = BTreeMap::new();
        for (name, list) in lists {
            let field = format!("audience.lists.{name}");
            let name = match parse_name(name) {
                Ok(name) => name,
                Err(problem) => {
                    self.refuse(&field, problem, "Give the list another name.");
                    continue;
                }
            };
            let named = |found: Faults| {
                Faults(found.0.into_iter().map(|fault| Fault { field: field.clone(), ..fault }).collect())
            };
            if let Some(list) = self.keep(read_list(list.as_bytes()).map_err(named)) {
                read.insert(name, list);
            }
        }
        let expression = expression?;
        match expression == Expression::Source(Source::Everyone) && read.is_empty() {
            true => Some(Audience::Everyone),
            false => Some(Audience::Words(Words { text: text.to_owned(), expression, lists: read })),
        }
    }

    fn hour(&mut self) -> Option<(Option<Schedule>, Option<String>)> {
        let Some(schedule) = &self.manuscript.schedule else { return Some((None, None)) };
        let prepare = self.prepare(schedule);
        let Hour { at, zone, note } =
            self.keep(hour(&schedule.at, schedule.time_zone.as_deref()).map_err(|fault| Faults(vec![fault])))?;
        let prepare_at = prepare?.map(|before| at - before);
        Some((Some(Schedule { start_at: at, prepare_at, time_zone: zone }), note))
    }

    fn prepare(&mut self, schedule: &ManuscriptSchedule) -> Option<Option<Duration>> {
        match schedule.prepare.as_deref() {
            Some(NO_PREPARING) => Some(None),
            text => self.duration("schedule.prepare", text, PREPARE).map(Some),
        }
    }

    fn expire_after(&mut self) -> Option<Option<Duration>> {
        let Some(text) = self.manuscript.expire_after.as_deref() else { return Some(None) };
        match expiry(text) {
            Ok(time) => Some(Some(time)),
            Err(problem) => {
                self.refuse("expire_after", problem, "Write it such as 12h or 30d, or leave it out.");
                None
            }
        }
    }

    fn tell(&mut self) -> Option<Option<Address>> {
        let Some(text) = self.manuscript.tell.as_deref() else { return Some(None) };
        let address = Address::parse(text);
        if address.is_none() {
            self.refuse("tell", "names nobody", "Write an object id, a user principal name or a mail address.");
        }
        address.map(Some)
    }

    fn duration(&mut self, field: &str, text: Option<&str>, otherwise: Duration) -> Option<Duration> {
        match text.map(parse_duration).transpose() {
            Ok(time) => Some(time.unwrap_or(otherwise)),
            Err(error) => {
                self.refuse(field, error.to_string(), "Write it such as 90m or 72h, or leave it out.");
                None
            }
        }
    }
}
