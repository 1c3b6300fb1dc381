//! Knocks at our own door from outside: is the bot's messaging endpoint what answers there, and does it refuse strangers?

use std::sync::Arc;

use reqwest::Method;
use url::Url;

use super::client::network;
use super::transport::Transport;
use super::{TeamsClientSettings, TeamsError};
use crate::ports::Clock;

/// A refusal of ours is some hundred bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What answered to an activity that nobody signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Knocked {
    /// Stentor, and it believes no stranger.
    Refused,
    /// Nobody; why, in the network's words.
    Nobody(String),
    /// Somebody else: the status.
    Other(u16),
}

/// Posts an unsigned activity to `url`.
///
/// # Errors
/// [`TeamsError`] when the network settings cannot be used.
pub async fn knock(settings: &TeamsClientSettings, url: &Url, clock: Arc<dyn Clock>) -> Result<Knocked, TeamsError> {
    let transport = Transport::new(&network(settings), clock)?;
    let request = transport.request(Method::POST, url.as_str()).header("content-type", "application/json");
    let Ok(request) = request.body("{}").build() else {
        return Ok(Knocked::Nobody("the address is not usable".into()));
    };
    Ok(match transport.exchange(request, BODY_BYTES_MAX).await {
        Err(unanswered) => Knocked::Nobody(unanswered.detail),
        // Our own refusal bears its code; anybody's 401 would do to keep strangers out, but would not be us.
        Ok(heard) if heard.status == 401 && String::from_utf8_lossy(&heard.body).contains("token_refused") => {
            Knocked::Refused
        }
        Ok(heard) => Knocked::Other(heard.status),
    })
}
