//! What a reason means of a channel, where its sentence speaks of a person.

use super::Reason;
use crate::domain::broadcast::Channels;

impl Reason {
    /// What happened in a broadcast that goes these ways, in a sentence, and what to do about it.
    pub const fn told_in(self, channels: Channels) -> (&'static str, &'static str) {
        match channels {
            Channels::TeamChannel => self.told_of_a_channel(),
            Channels::Chat | Channels::Feed | Channels::Both => (self.sentence(), self.remedy()),
        }
    }

    /// The same, of a round that replaces or deletes what was sent when it `looks_back`.
    pub const fn told(self, channels: Channels, looks_back: bool) -> (&'static str, &'static str) {
        match (channels, looks_back) {
            (Channels::Chat | Channels::Feed | Channels::Both, true) => {
                (self.looking_back(), self.remedy_looking_back())
            }
            (channels, _) => self.told_in(channels),
        }
    }

    const fn told_of_a_channel(self) -> (&'static str, &'static str) {
        match self {
            Self::BlockedByPolicy => (
                "A Teams policy keeps our app from this team.",
                "Allow the app in the Teams admin centre (app permission policies), then retry.",
            ),
            Self::BlockedByUser => (
                "Our bot may not write in this channel.",
                "Ask an owner of the team: the channel is moderated, archived or closed to bots.",
            ),
            Self::NotInstalled => (
                "Our app is not installed in this team, and installing it did not help.",
                "Ask an owner of the team to add the app, then retry.",
            ),
            Self::InstallationNotVisible => {
                ("Our app was installed in this team, but Teams did not show it in time.", "Retry in an hour.")
            }
            Self::ConversationGone => (
                "The channel is gone, or closed to our bot.",
                "Check whether it was deleted or archived; then post to one that is there.",
            ),
            Self::ContentRefused => {
                ("Teams refused this announcement for this channel.", "Check the text, the buttons and their links.")
            }
            Self::Unavailable => ("Teams could not be reached for this channel, several times over.", "Retry later."),
            Self::AnswerLost => (
                "The post may be there: Teams did not answer in time.",
                "Look into the channel, or retry the unconfirmed.",
            ),
            Self::ServiceFault => (
                "The post may be there: Teams reported a fault while taking it.",
                "Look into the channel, or retry the unconfirmed.",
            ),
            Self::LeaseEnded => (
                "The post may be there: our worker stopped while sending it.",
                "Look into the channel, or retry the unconfirmed.",
            ),
            Self::SetAside => (
                "Set aside: our worker stopped three times while posting to this channel.",
                "Report this to whoever runs Stentor.",
            ),
            Self::Expired => {
                ("The announcement's deadline passed before this channel's turn.", "Retry with a later deadline.")
            }
            Self::MessageUnknown => (
                "Teams named no post for this channel, so it can neither be replaced nor deleted.",
                "Look into the channel whether there is one.",
            ),
            Self::MessageGone => ("The post is not in the channel any more.", ""),
            Self::Cancelled => ("The broadcast was cancelled before this channel's turn.", ""),
            Self::AlreadyPrepared => ("The channel was known already: there was nothing to prepare.", ""),
            other => (other.sentence(), other.remedy()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reason_of_a_channel_speaks_of_a_person() {
        // These come of people only.
        let of_people =
            [Reason::Guest, Reason::NoLicence, Reason::AccountDisabled, Reason::NotFound, Reason::NotInTeam];
        for reason in Reason::ALL.iter().filter(|reason| !of_people.contains(reason)) {
            let (sentence, remedy) = reason.told_in(Channels::TeamChannel);
            let is_halt = *reason == Reason::HaltedForAll;
            assert!(is_halt || !sentence.contains("person"), "{reason}: {sentence}");
            assert!(!remedy.contains("person") && !remedy.contains("people"), "{reason}: {remedy}");
            assert!(sentence.ends_with('.'), "{reason}");
        }
        assert_eq!(Reason::NotInstalled.told_in(Channels::Chat).0, Reason::NotInstalled.sentence());
    }
}
