//! Can Teams reach the bot, and could we tell Teams from others?

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Notes;
use super::teams::Clinic;
use crate::adapters::teams::knock::{Knocked, knock};
use crate::adapters::teams::{BotDoorkeeper, Cloud};
use crate::config::Settings;
use crate::domain::check::Check;
use crate::ports::{Doorkeeper, NotLetIn};

const WEBHOOK: (&str, &str) = ("webhook", "Teams can reach the bot's messaging endpoint");
const KEYS: (&str, &str) = ("webhook_keys", "What Teams posts to the bot can be verified");

pub(super) async fn examine(settings: &Settings, clinic: Option<&Clinic>, notes: &mut Notes<'_>) {
    let (name, promise) = WEBHOOK;
    let Some(url) = &settings.bot.public_url else {
        let unset = "bot.public_url is not set; without it everything works, and the bot is told of no installation";
        if settings.bot.replies.is_empty() {
            notes.add(Check::ok(name, promise).remark(unset));
        } else {
            let cure = "Set bot.public_url to the messaging endpoint that Azure has for the bot.";
            let detail = "bot.replies is \"on\", but bot.public_url is not set: nobody knows whether people are heard";
            notes.add(Check::failed(name, promise, detail, cure).as_warning());
        }
        return;
    };
    let Some(clinic) = clinic else {
        let why = "not everything is set that Teams needs";
        notes.add_all([WEBHOOK, KEYS].map(|(name, promise)| Check::not_checked(name, promise, why)));
        return;
    };
    let custom = clinic.settings().cloud.cloud == Cloud::Custom;
    notes.add(match knock(clinic.settings(), url, clinic.clock()).await {
        Err(error) => Check::failed(name, promise, error.to_string(), "Correct [network]."),
        Ok(Knocked::Refused) if url.scheme() == "http" && !custom => {
            let cure = "Let a proxy with a certificate pass it on, and set the address that begins with https.";
            Check::failed(name, promise, "the address begins with http, which Azure does not accept", cure)
        }
        Ok(Knocked::Refused) => Check::ok(name, promise).remark("it refuses what Teams has not signed"),
        Ok(Knocked::Nobody(why)) => {
            let cure = "Start `stentor run` or `serve`, and let the proxy at that address pass POST /api/messages on to \
                        http.listen. Where the address can be reached from outside only, leave bot.public_url empty.";
            Check::failed(name, promise, format!("{url} does not answer: {why}"), cure)
        }
        Ok(Knocked::Other(status)) => {
            let detail = format!("{url} answers an unsigned activity with {status}, and not as Stentor does (401)");
            let cure = "Let the proxy at that address pass POST /api/messages, with its path and its Authorization header, on \
                        to http.listen of `stentor run` or `serve`; it must not let anybody log in there.";
            Check::failed(name, promise, detail, cure)
        }
    });
    notes.add(keys(clinic).await);
}

/// Shows the doorkeeper a token with a key that nobody has: he must read the keys in order to say so.
async fn keys(clinic: &Clinic) -> Check {
    let (name, promise) = KEYS;
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"nobody's","typ":"JWT"}"#);
    let token = format!("{header}.{}.{}", URL_SAFE_NO_PAD.encode("{}"), URL_SAFE_NO_PAD.encode("unsigned"));
    let doorkeeper = match BotDoorkeeper::new(clinic.settings(), Arc::clone(&clinic.clock())) {
        Ok(doorkeeper) => doorkeeper,
        Err(error) => return Check::failed(name, promise, error.to_string(), "Correct [network]."),
    };
    match doorkeeper.recognise(&token).await {
        Err(NotLetIn::Unknown(why)) => {
            let host = clinic.settings().cloud.openid_url.host_str().unwrap_or_default().to_owned();
            let cure =
                format!("Let this machine reach {host} (network.proxy, your firewall): the keys are published there.");
            Check::failed(name, promise, why, cure)
        }
        _ => Check::ok(name, promise),
    }
}
