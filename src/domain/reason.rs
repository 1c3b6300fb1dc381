//! Why a person was not reached, and why everything stopped: stable codes, plain sentences, cures.
//!
//! The sentence is for a communications author, the remedy for whoever can do something. Codes are stored and
//! appear in exports; they never change their meaning.

use serde::{Deserialize, Serialize};

// A code is a `tt`: as a `literal` it would reach the macro that describes the API wrapped, and go unread.
macro_rules! codes {
    (
        $(#[$doc:meta])* $name:ident, $second:ident;
        $($variant:ident $code:tt $sentence:literal $remedy:literal)*
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum $name { $(#[doc = $sentence] #[serde(rename = $code)] $variant),* }

        impl $name {
            /// Every one, in the order of this file.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// What happened, in a sentence.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence),* }
            }

            /// What to do about it; empty when nothing helps.
            pub const fn $second(self) -> &'static str {
                match self { $(Self::$variant => $remedy),* }
            }

            /// The one with this code.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.code() == code)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

codes! {
    /// Why one person's delivery is where it is.
    Reason, remedy;
    Guest "guest" "A guest from another organisation; Teams does not let our bot write to guests." "Write to this person by mail."
    NoLicence "no_licence" "This person has no Teams licence." "Assign a licence that includes Teams, then retry."
    AccountDisabled "account_disabled" "This account is switched off in the directory." "Nothing to do, unless the person is still with us: enable the account, then retry."
    BlockedByPolicy "blocked_by_policy" "A Teams policy keeps our app from this person." "Allow the app in the Teams admin centre (app permission policies), then retry."
    BlockedByUser "blocked_by_user" "This person has blocked or muted our bot." "Only the person can unblock the bot; write by mail."
    NotFound "recipient_not_found" "Teams does not know this person any more." "Check whether the account was deleted or renamed."
    ChannelNotFound "channel_not_found" "Teams does not know this team, or has no channel of this name in it." "Check whether it was renamed or deleted; then post to it under the name that it has."
    NotInstalled "not_installed" "Our app is not installed for this person, and installing it did not help." "Push the app with a Teams setup policy, then retry."
    NotInTeam "not_in_team" "This person does not belong to the team or chat in whose name she was to be notified, or our app is not there." "Add her to it, or notify her in no team's and no chat's name."
    InstallationNotVisible "installation_not_visible" "Our app was installed for this person, but Teams did not show it in time." "Retry in an hour."
    ConversationGone "conversation_gone" "The chat with this person is gone and could not be opened again." "Retry; if it fails again, ask the person to open the app once."
    ContentRefused "content_refused" "Teams refused this announcement for this person." "Check the text, the buttons and their links."
    TooLarge "too_large" "Teams found this announcement too large." "Shorten the text."
    Unavailable "service_unavailable" "Teams could not be reached for this person, several times over." "Retry later."
    AnswerLost "answer_lost" "The message may have arrived: Teams did not answer in time." "Ask one of these people, or retry the unconfirmed ones."
    ServiceFault "service_fault" "The message may have arrived: Teams reported a fault while taking it." "Ask one of these people, or retry the unconfirmed ones."
    LeaseEnded "lease_ended" "The message may have arrived: our worker stopped while sending it." "Ask one of these people, or retry the unconfirmed ones."
    SetAside "set_aside" "Set aside: our worker stopped three times while sending to this person." "Report this to whoever runs Stentor."
    Expired "deadline_passed" "The announcement's deadline passed before this person's turn." "Retry with a later deadline."
    MessageUnknown "message_unknown" "Teams named no message for this person, so it can neither be replaced nor deleted." "Ask this person whether there is one."
    MessageGone "message_gone" "The message is not in the chat any more." ""
    Cancelled "cancelled" "The broadcast was cancelled before this person's turn." ""
    AlreadyPrepared "already_prepared" "The way to this person was known already: there was nothing to prepare." ""
    Throttled "throttled" "Teams asked us to wait." ""
    HaltedForAll "halted" "Everything was stopped; this person's turn comes again." ""
    NotYetVisible "not_visible_yet" "Teams has not caught up with the installation yet." ""
    TokenRefused "token_refused" "Teams did not accept our token; a new one was fetched." ""
    StaleCatalogueId "stale_catalogue_id" "The app's catalogue id had changed and was looked up again." ""
    WrongHost "wrong_host" "Teams named another host for this organisation." ""
    NotStarted "not_started" "The request was not made: our lease was about to end." ""
    Unexpected "unexpected_answer" "Teams gave an answer that we do not know." "See the status and code of the last attempt; report it to whoever runs Stentor."
}

impl Reason {
    /// Why everything stops when several people in a row are refused for this reason.
    pub const fn of_several(self) -> HaltReason {
        match self {
            Self::NotInTeam => HaltReason::NotInTeam,
            _ => HaltReason::ContentRefused,
        }
    }

    /// What happened, of somebody whose message was to be replaced or deleted.
    pub const fn looking_back(self) -> &'static str {
        match self {
            Self::AnswerLost | Self::ServiceFault | Self::LeaseEnded => {
                "What is known of is set right; but there may be another message, which Teams never named."
            }
            Self::NotInstalled => {
                "Our app is not there for this person any more, and what it sent is out of its reach."
            }
            Self::ConversationGone => "The chat with this person is gone, and what was sent there is out of our reach.",
            Self::BlockedByUser => "This person has blocked our bot, which cannot change what it wrote.",
            Self::BlockedByPolicy => "A Teams policy keeps our app from this person, and so from what it sent.",
            Self::Expired => "The deadline passed before this person's turn: what was sent stands as it was.",
            Self::Cancelled => "It was cancelled before this person's turn: what was sent may stand as it was.",
            Self::Unavailable => "Teams could not be reached for what this person was sent, several times over.",
            other => other.sentence(),
        }
    }

    /// What to do about it then; empty when nothing helps.
    pub const fn remedy_looking_back(self) -> &'static str {
        match self {
            Self::AnswerLost | Self::ServiceFault | Self::LeaseEnded => "Ask this person whether there is another one.",
            Self::NotInstalled => "Install the app for this person again, then repeat it.",
            Self::BlockedByPolicy => "Allow the app in the Teams admin centre, then repeat it.",
            Self::BlockedByUser => "Only the person can unblock the bot; write by mail.",
            Self::ConversationGone | Self::MessageGone => "",
            Self::Expired | Self::Cancelled | Self::Unavailable => "Repeat it.",
            Self::NotFound => "Whoever has left us reads it no more.",
            other => other.remedy(),
        }
    }
}

codes! {
    /// Why a broadcast, or all of a tenant's, was stopped by us.
    HaltReason, cure;
    SecretWrong "secret_wrong" "Entra refuses the client secret." "Set teams.client_secret to the secret's value (not its id), as shown once when it was made in Entra."
    SecretExpired "secret_expired" "The client secret has expired." "Make a new secret for the app registration in Entra and set teams.client_secret."
    CredentialUnusable "credential_unusable" "What proves to Entra who we are cannot be read, or is no use." "Mend what the detail names: a file's place, its rights, its password, its contents."
    CertificateRefused "certificate_refused" "Entra refuses the client certificate." "Upload the certificate to the app registration in Entra. Where it is there already, try teams.assertion = \"RS256\"."
    AssertionOutOfTime "assertion_out_of_time" "Entra finds our assertion outside its time." "Set this machine's clock and keep it (NTP). With workload identity, look why the token's file is not renewed."
    FederationRefused "federation_refused" "Entra knows no federated credential for our token." "Compare issuer, subject and audience of the app registration's federated credential with those of the token."
    NoSuchIdentity "no_such_identity" "This machine has no such managed identity." "Assign the user-assigned identity to this machine, or correct teams.managed_identity_client_id."
    ConsentMissing "consent_missing" "The app has no consent in this tenant." "Grant admin consent to the app registration in Entra."
    AppUnknown "app_unknown" "Entra does not know the app in this tenant." "Check teams.app_id and teams.tenant_id."
    TenantUnknown "tenant_unknown" "Entra does not know this tenant." "Check teams.tenant_id and teams.cloud."
    IdentityRefused "identity_refused" "Entra refuses to issue a token." "Look at the Entra sign-in log of the app registration."
    PermissionMissing "permission_missing" "The app lacks a permission in Graph." "Grant the application permission named in the log to the app registration, with admin consent."
    TokenRefused "token_refused" "Teams refuses our token, even a fresh one." "Check that the bot is registered for teams.app_id in this tenant and cloud."
    NotInCatalogue "app_not_in_catalogue" "Our app is not in the organisation's Teams catalogue." "Upload the app package in the Teams admin centre, or correct teams.manifest_id."
    BotDisabled "bot_disabled" "The tenant's administrator has disabled the bot." "Allow the app in the Teams admin centre."
    BotNotRegistered "bot_not_registered" "The bot is not registered, or its Teams channel is off." "Create the Azure Bot for teams.app_id and enable its Teams channel."
    RequestRefused "request_refused" "Teams refuses our requests as malformed." "Report this to whoever runs Stentor; the log names the answer."
    CertificateUntrusted "certificate_untrusted" "A host of Microsoft showed a certificate that we do not trust." "If your network opens encrypted traffic, name its certificate authority in network.extra_ca_file. Otherwise check network.connect_to and this machine's clock."
    ProxyRefused "proxy_refused" "The outbound proxy does not let us through: it wants a name and a password, or others." "Set network.proxy to http://name:password@host:port."
    ChatsRefused "chats_refused" "Teams does not let an app look for a person's chat among her chats." "Set teams.find_chat_through to \"installation\"."
    NotInTeam "app_not_in_team" "Our app is not in the team, or the chat, in whose name people are to be notified; or three people in a row do not belong to it." "Install the app there, or look whether these people belong to it; then resume."
    AppNotNamed "app_not_named" "Several Teams apps share our app registration, and the notification does not say which one it is from." "Cancel it, and create the broadcast again so that it names the app."
    AudienceGone "audience_gone" "Something that its audience names is not there any more." "Bring back what the detail names, then resume; or cancel it and create the broadcast again."
    ContentRefused "content_refused" "Teams refused this announcement for three people in a row." "Check the text, the buttons and their links; then create the broadcast again."
}

mod channels;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_sentences_are_sentences() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert!(reason.sentence().ends_with('.') && reason.looking_back().ends_with('.'), "{reason}");
            let remedy = reason.remedy_looking_back();
            assert!(remedy.is_empty() || remedy.ends_with('.'), "{reason}");
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code(), "in JSON as everywhere");
        }
        for halt in HaltReason::ALL {
            assert!(halt.sentence().ends_with('.') && halt.cure().ends_with('.'), "{halt}");
        }
    }
}
