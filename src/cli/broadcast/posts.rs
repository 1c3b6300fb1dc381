//! Which channels a broadcast is posted to, as options say it.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use super::list_file::is_standard_input;
use crate::app::submit::POST_TO;
use crate::config::file_trouble;
use crate::domain::audience::{CHANNELS_BYTES_MAX, PostTo, read_channels};
use crate::domain::fault::{Fault, Faults};

const FILE: &str = "--post-to-file";

/// Where it is posted.
#[derive(Debug, Args)]
pub(super) struct Posts {
    /// With --channel team-channel: a team by its name or object id, and behind a slash the name of one of its channels
    /// [default: the General channel]; may be repeated
    #[arg(long, value_name = "TEAM[/CHANNEL]", value_parser = post_to, conflicts_with_all = ["audience", "audience_expr"])]
    post_to: Vec<PostTo>,
    /// The same from a table with the columns team and channel, or one TEAM/CHANNEL a line; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["audience", "audience_expr"])]
    post_to_file: Option<PathBuf>,
}

fn post_to(text: &str) -> Result<PostTo, String> {
    PostTo::parse(text).ok_or_else(|| "write TEAM or TEAM/CHANNEL, such as \"Milan/News\"".to_owned())
}

impl Posts {
    /// The option that names standard input, if one does.
    pub(super) fn dash(&self) -> Option<&'static str> {
        self.post_to_file.as_deref().filter(|file| is_standard_input(file)).map(|_| FILE)
    }

    /// Reads which channels are meant.
    pub(super) fn wanted(&self) -> Result<Vec<PostTo>, Faults> {
        let mut channels = self.post_to.clone();
        if let Some(file) = &self.post_to_file {
            channels.extend(read(file)?);
        }
        if channels.is_empty() {
            let cure = "Name them: --post-to TEAM/CHANNEL, or --post-to-file FILE.";
            return Err(Faults(vec![Fault::new(POST_TO, "names no channel to post to", cure)]));
        }
        Ok(channels)
    }

    /// Refuses channels for a broadcast that is not posted.
    pub(super) fn refuse(&self) -> Result<(), Faults> {
        let given = [(!self.post_to.is_empty(), POST_TO), (self.post_to_file.is_some(), FILE)];
        let cure = "Add --channel team-channel, or say whom it is for: --audience, --audience-expr.";
        let faults = given.iter().filter(|(is_given, _)| *is_given);
        let faults = faults.map(|(_, option)| Fault::new(*option, "goes with --channel team-channel", cure)).collect();
        Faults::or(faults, ())
    }
}

fn read(file: &Path) -> Result<Vec<PostTo>, Faults> {
    // One byte above the limit: enough for the reader to refuse it, however much would follow.
    let limit = CHANNELS_BYTES_MAX + 1;
    let mut bytes = Vec::new();
    let done = match is_standard_input(file) {
        true => std::io::stdin().lock().take(limit).read_to_end(&mut bytes),
        false => std::fs::File::open(file).and_then(|file| file.take(limit).read_to_end(&mut bytes)),
    };
    done.map_err(|error| {
        let problem = format!("“{}” cannot be read: {}", file.display(), file_trouble(&error));
        Faults(vec![Fault::new(FILE, problem, "Name a list of channels as text, or - for standard input.")])
    })?;
    read_channels(FILE, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_come_from_options_and_from_a_file_together() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("channels.csv");
        std::fs::write(&file, "team;channel\nLyon;News\n").unwrap();
        let posts = Posts { post_to: vec![post_to("Milan").unwrap()], post_to_file: Some(file) };
        let channels = posts.wanted().unwrap();
        assert_eq!(channels.iter().map(|channel| channel.team.as_str()).collect::<Vec<_>>(), ["Milan", "Lyon"]);
        assert_eq!(posts.refuse().unwrap_err().0.len(), 2);
    }
}
