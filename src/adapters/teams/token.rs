//! Tokens: one for each (authority, client, scope), fetched before it is needed and never twice at the same time.
//!
//! A token is renewed when two thirds of its life are over, beside the requests that go on using the old one. Only
//! when none is valid does a request wait for the fetch, and then all wait for the same one.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::applicant::{Applicant, Credentials};
use super::hearing;
use super::transport::Transport;
use super::wire::TokenGrant;
use crate::domain::outcome::Outcome;
use crate::domain::time::Monotonic;
use crate::ports::{Answer, Clock, Random};

/// A failed fetch is not repeated sooner, whoever asks.
const REST_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// A token is not used in the last moments of its life: it would die on the way. The part of its life, and the most.
const LAST_MOMENTS: (u32, Duration) = (20, Duration::from_secs(30));

/// While a token is renewed in vain, this part of what is left of it passes before the next try, and at most so much:
/// a secret that Entra refuses is not offered every second.
const RENEWED_IN_VAIN: (u32, Duration) = (10, Duration::from_secs(60));
/// What a scope of the client credentials flow ends in.
const DEFAULT_SCOPE: &str = "/.default";

/// A token, ready to be a header.
#[derive(Clone)]
pub struct Token {
    /// `Bearer …`, marked as sensitive.
    pub header: HeaderValue,
    generation: u64,
    renew_at: Monotonic,
    dead_at: Monotonic,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    generation: u64,
    failure: Option<(Answer, Monotonic)>,
}

/// Hands out the tokens of one (authority, client, scope).
pub struct TokenSource {
    applicant: Applicant,
    state: Mutex<State>,
    /// Held by whoever fetches.
    fetching: Arc<tokio::sync::Mutex<()>>,
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource").field("credentials", &self.applicant.credentials).finish_non_exhaustive()
    }
}

impl TokenSource {
    pub fn new(
        credentials: Credentials,
        transport: Arc<Transport>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Arc<Self> {
        let applicant = Applicant { credentials, transport, clock, random };
        Arc::new(Self { applicant, state: Mutex::default(), fetching: Arc::default() })
    }

    /// A token with more than `more_than_left` of its life left, or, if a fresh one has less, a fresh one.
    ///
    /// # Errors
    /// The answer to act on: wait, transient trouble, or a halt. For a second after a failure it is the same one.
    pub async fn token(self: &Arc<Self>, more_than_left: Duration) -> Result<Token, Answer> {
        let before = self.state().generation;
        if let Some(token) = self.at_hand(more_than_left) {
            self.renew_beside(&token);
            return Ok(token);
        }
        let _alone = self.fetching.lock().await;
        let fetched_meanwhile = self.state().generation != before;
        let enough = if fetched_meanwhile { Duration::ZERO } else { more_than_left };
        match self.at_hand(enough) {
            Some(token) => Ok(token),
            None => self.fetch().await,
        }
    }

    /// Drops the token at hand.
    pub fn forget(&self) {
        self.state().token = None;
    }

    /// The token at hand, without waiting, if it has more than `more_than_left` of its life left; begins to renew it when it
    /// is time.
    pub fn ready(self: &Arc<Self>, more_than_left: Duration) -> Option<Token> {
        let token = self.at_hand(more_than_left)?;
        self.renew_beside(&token);
        Some(token)
    }

    /// `token` was refused: drops it, unless a newer one has taken its place.
    pub fn refused(&self, token: &Token) {
        let mut state = self.state();
        if state.token.as_ref().is_some_and(|current| current.generation == token.generation) {
            state.token = None;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock, and no half-written state could be seen if it did.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at_hand(&self, more_than_left: Duration) -> Option<Token> {
        let now = self.applicant.clock.monotonic();
        self.state().token.clone().filter(|token| token.dead_at.saturating_since(now) > more_than_left)
    }

    /// Begins to fetch the next token if it is time and nobody else does; the old one serves meanwhile.
    fn renew_beside(self: &Arc<Self>, token: &Token) {
        let due = |source: &Self| {
            let now = source.applicant.clock.monotonic();
            let state = source.state();
            let newest = state.token.as_ref().filter(|current| current.generation == token.generation);
            let at_rest = state.failure.as_ref().is_some_and(|(_, until)| now < *until);
            newest.is_some_and(|newest| now >= newest.renew_at) && !at_rest
        };
        if !due(self) {
            return;
        }
        let Ok(alone) = Arc::clone(&self.fetching).try_lock_owned() else { return };
        if due(self) {
            let source = Arc::clone(self);
            tokio::spawn(async move {
                let _alone = alone;
                // A failure is kept, and told to whoever needs a token once the old one is dead.
                let _ = source.fetch().await;
            });
        }
    }

    /// Asks for a token. The caller holds `fetching`.
    async fn fetch(&self) -> Result<Token, Answer> {
        if let Some(answer) = self.resting() {
            return Err(answer);
        }
        match self.ask().await {
            Ok((grant, asked_at)) => {
                let token = self.keep(&grant, asked_at)?;
                let life = grant.life(self.applicant.clock.now());
                tracing::debug!(scope = %self.applicant.credentials.scope, ?life, "token fetched");
                Ok(token)
            }
            Err(answer) => Err(self.fail(answer)),
        }
    }

    /// The last failure, while it is too early to ask again; a wait is told as what is left of it.
    fn resting(&self) -> Option<Answer> {
        let now = self.applicant.clock.monotonic();
        let (mut answer, until) = self.state().failure.clone().filter(|(_, until)| now < *until)?;
        if let Outcome::Throttled { retry_after: Some(wait) } = &mut answer.outcome {
            *wait = until.saturating_since(now);
        }
        Some(answer)
    }

    fn fail(&self, answer: Answer) -> Answer {
        let rest = match &answer.outcome {
            Outcome::Throttled { retry_after: Some(wait) } => REST_AFTER_FAILURE.max(*wait),
            _ => REST_AFTER_FAILURE,
        };
        let detail = answer.detail.as_deref().unwrap_or_default();
        let now = self.applicant.clock.monotonic();
        let mut state = self.state();
        let left = state.token.as_ref().map(|token| token.dead_at.saturating_since(now)).unwrap_or_default();
        tracing::warn!(scope = %self.applicant.credentials.scope, outcome = ?answer.outcome, detail, old_token_serves_for = ?left, "no token");
        state.failure = Some((answer.clone(), now + rest));
        if let Some(token) = &mut state.token {
            token.renew_at = now + rest.max((left / RENEWED_IN_VAIN.0).min(RENEWED_IN_VAIN.1));
        }
        answer
    }

    fn keep(&self, grant: &TokenGrant, asked_at: Monotonic) -> Result<Token, Answer> {
        let header = HeaderValue::from_str(&format!("Bearer {}", grant.access_token));
        let Ok(mut header) = header.map_err(|_| ()) else {
            return Err(self.fail(hearing::no_grant(200, "the token is not made of plain signs")));
        };
        header.set_sensitive(true);
        let life = grant.life(self.applicant.clock.now());
        let dead_at = asked_at + life.saturating_sub((life / LAST_MOMENTS.0).min(LAST_MOMENTS.1));
        let mut state = self.state();
        state.generation += 1;
        state.failure = None;
        let token = Token { header, generation: state.generation, renew_at: asked_at + life * 2 / 3, dead_at };
        state.token = Some(token.clone());
        Ok(token)
    }

    async fn ask(&self) -> Result<(TokenGrant, Monotonic), Answer> {
        let Applicant { credentials, clock, .. } = &self.applicant;
        let scope = credentials.scope.as_str();
        let asked_at = clock.monotonic();
        if let Some(service) = credentials.identity.as_ref().filter(|service| !service.identity.vouches) {
            return service.token(scope.trim_end_matches(DEFAULT_SCOPE)).await.map(|grant| (grant, asked_at));
        }
        let asked = self.applicant.ask("client_credentials", &[("scope", scope)]).await?;
        let grant = hearing::of_token(asked.heard).map_err(|answer| without_secret(answer, &asked.proved))?;
        Ok((grant, asked.asked_at))
    }
}

/// Whatever the other side said: the secret does not go into a log because somebody echoed it.
fn without_secret(answer: Answer, secret: &SecretString) -> Answer {
    let detail = answer.detail.map(|detail| detail.replace(secret.expose_secret(), "***"));
    Answer { detail, ..answer }
}
