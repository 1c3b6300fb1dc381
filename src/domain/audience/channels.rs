//! Which channels of which teams: one at a time as `TEAM/CHANNEL`, or a list, read as lists of people are.
//!
//! A table has the columns *team* and *channel*, or is one without a heading in this order; a list without a separator
//! names one channel a line. Where no channel is named, the one is meant that every team has.

use std::fmt;

use super::super::fault::{Fault, Faults};
use super::table::{Row, Rows};
use super::{Flaw, encoding};

/// The longest list, in channels: more than any announcement was ever meant for.
pub const CHANNELS_MAX: usize = 5000;
/// The largest list, in bytes.
pub const CHANNELS_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What separates cells, the likeliest first.
const SEPARATORS: [char; 3] = [',', ';', '\t'];
/// The name of the channel that every team has, in lower case.
const PRIMARY: &str = "general";
const CURE: &str = "Give each channel a line: the team's name or object id, and the channel's name beside it.";

/// A channel as somebody names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostTo {
    /// The line that names it, from 1; `None` on the command line.
    pub line: Option<u64>,
    /// The team, by name or object id.
    pub team: String,
    /// The channel's name; `None` for the one that every team has.
    pub channel: Option<String>,
}

impl PostTo {
    /// Reads `TEAM` or `TEAM/CHANNEL`; `None` when no team is named. A team whose name holds a slash is named by its id, in a
    /// table, or with a backslash before the slash: `R\/D/News`.
    pub fn parse(text: &str) -> Option<Self> {
        let is_between = |(place, letter): &(usize, char)| *letter == '/' && !text[..*place].ends_with('\\');
        let between = text.char_indices().find(is_between).map(|(place, _)| place);
        let (team, channel) = between.map_or((text, ""), |place| (&text[..place], &text[place + 1..]));
        Self::of(None, &team.replace("\\/", "/"), channel)
    }

    fn of(line: Option<u64>, team: &str, channel: &str) -> Option<Self> {
        let (team, channel) = (team.trim(), channel.trim());
        let is_named = !channel.is_empty() && channel.to_lowercase() != PRIMARY;
        let channel = is_named.then(|| channel.to_owned());
        (!team.is_empty()).then(|| Self { line, team: team.to_owned(), channel })
    }
}

/// As [`PostTo::parse`] reads it.
impl fmt::Display for PostTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.team.replace('/', "\\/"))?;
        self.channel.as_ref().map_or(Ok(()), |channel| write!(f, "/{channel}"))
    }
}

/// Reads a list of channels, however it was written.
///
/// # Errors
/// [`Faults`] of `field` when it is empty, too large or not text, or when a line names no team.
pub fn read_channels(field: &str, bytes: &[u8]) -> Result<Vec<PostTo>, Faults> {
    let refuse = |problem: String| Faults(vec![Fault::new(field, problem, CURE)]);
    if bytes.len() as u64 > CHANNELS_BYTES_MAX {
        return Err(refuse(format!("is larger than {} MiB", CHANNELS_BYTES_MAX / 1024 / 1024)));
    }
    let decoded = encoding::decode(bytes).map_err(|found| refuse(found.0[0].problem.clone()))?;
    let shape = Shape::of(&decoded.text);
    let (mut channels, mut faults) = (Vec::new(), Vec::new());
    for row in Rows::new(&decoded.text, shape.separator).filter(|row| row.line > shape.heading_line && !row.is_blank())
    {
        let named = match row.flaw {
            Some(flaw) => Err(flaw),
            None => shape.channel(&row).ok_or(Flaw::Empty),
        };
        match named {
            Ok(channel) => channels.push(channel),
            Err(Flaw::Empty) => faults.push(Fault::new(field, format!("line {}: no team is named", row.line), CURE)),
            Err(flaw) => faults.push(Fault::new(field, format!("line {}: {}", row.line, flaw.sentence()), CURE)),
        }
    }
    match channels.len() {
        0 if faults.is_empty() => Err(refuse("names no channel".to_owned())),
        0..=CHANNELS_MAX => Faults::or(faults, channels),
        many => Err(refuse(format!("names {many} channels; the limit is {CHANNELS_MAX}"))),
    }
}

/// What a list of channels looks like.
struct Shape {
    separator: char,
    /// The line of its heading; 0 when it has none.
    heading_line: u64,
    /// Where the team stands, and where the channel; `None` when both stand in one cell.
    columns: Option<(usize, Option<usize>)>,
}

impl Shape {
    fn of(text: &str) -> Self {
        if let Some(shape) = SEPARATORS.into_iter().find_map(|separator| Self::with_heading(text, separator)) {
            return shape;
        }
        let cut = |separator: char| Rows::new(text, separator).filter(|row| row.cells.len() > 1).count();
        // The first of equals: `max_by_key` would take the last.
        let best = SEPARATORS.into_iter().reduce(|best, next| if cut(next) > cut(best) { next } else { best });
        let separator = best.unwrap_or(',');
        let rows = Rows::new(text, separator).filter(|row| !row.is_blank()).count();
        let is_table = cut(separator) * 2 > rows;
        // Tabs stand in no name, so nothing is cut by them.
        let separator = if is_table { separator } else { '\t' };
        Self { separator, heading_line: 0, columns: is_table.then_some((0, Some(1))) }
    }

    fn with_heading(text: &str, separator: char) -> Option<Self> {
        let row = Rows::new(text, separator).find(|row| !row.is_blank())?;
        let letters = |cell: &str| cell.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
        let at =
            |names: &[&str]| row.cells.iter().position(|cell| names.contains(&letters(cell).to_lowercase().as_str()));
        let team = at(&["team", "teamname", "teamid", "groupid"])?;
        let channel = at(&["channel", "channelname"]);
        Some(Self { separator, heading_line: row.line, columns: Some((team, channel)) })
    }

    fn channel(&self, row: &Row<'_>) -> Option<PostTo> {
        let cell = |column: usize| row.cells.get(column).map_or("", |cell| cell.as_ref());
        let named = match self.columns {
            Some((team, Some(channel))) => PostTo::of(None, cell(team), cell(channel)),
            Some((team, None)) => PostTo::parse(cell(team)),
            None => PostTo::parse(cell(0)),
        };
        named.map(|named| PostTo { line: Some(row.line), ..named })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let shown = |channel: PostTo| {
            format!("{} {} > {}", channel.line.unwrap_or(0), channel.team, channel.channel.as_deref().unwrap_or("-"))
        };
        read_channels("--post-to-file", text.as_bytes()).unwrap().into_iter().map(shown).collect()
    }

    #[test]
    fn a_channel_is_named_behind_its_team_and_without_one_the_general_channel_is_meant() {
        let named = |text: &str| PostTo::parse(text).map(|post| (post.team, post.channel));
        assert_eq!(named("Milan / News/Press"), Some(("Milan".into(), Some("News/Press".into()))));
        for general in ["Milan", "Milan/", "Milan/GENERAL"] {
            assert_eq!(named(general), Some(("Milan".into(), None)), "{general}");
        }
        assert_eq!(named("/News"), None);
    }

    #[test]
    fn a_table_is_read_by_its_heading_in_any_order_and_writing() {
        assert_eq!(told("Channel;Team\nNews;Milan\n;\"R;D\"\n"), ["2 Milan > News", "3 R;D > -"]);
        assert_eq!(told("\u{feff}team,channel\r\n\r\nLyon,General\r\n"), ["3 Lyon > -"]);
        assert_eq!(told("Team\nMilan/News\n"), ["2 Milan > News"]);
    }

    #[test]
    fn without_a_heading_the_team_stands_first_or_each_line_is_a_channel() {
        assert_eq!(told("Milan\tNews\nLyon\t\n"), ["1 Milan > News", "2 Lyon > -"]);
        assert_eq!(told("Milan/News\nLyon\nR, D and more\n"), ["1 Milan > News", "2 Lyon > -", "3 R, D and more > -"]);
    }

    #[test]
    fn what_names_no_channel_is_refused_by_its_line() {
        let refused = |bytes: &[u8]| read_channels("--post-to-file", bytes).unwrap_err().to_string();
        assert!(refused(b"team,channel\nMilan,News\n,News\n").contains("line 3: no team is named"));
        assert!(refused(b"team,channel\n").contains("names no channel"));
        assert!(refused(b"PK\x03\x04").contains("an Excel workbook"));
        assert!(refused("a/b\n".repeat(CHANNELS_MAX + 1).as_bytes()).contains("names 5001 channels"));
    }
}
