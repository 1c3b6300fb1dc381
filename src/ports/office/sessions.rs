//! Who is signed in, and who is about to be. Nothing that opens a door is kept: of tokens and states only their hashes.

use async_trait::async_trait;

use super::super::StoreError;
use crate::domain::ids::TenantKey;
use crate::domain::rights::Caller;
use crate::domain::time::Timestamp;

/// SHA-256 of a secret that only the browser has.
pub type SecretHash = [u8; 32];

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// Who, with the roles that they had when they signed in.
    pub caller: Caller,
    /// What their page must send along with everything that changes something.
    pub csrf: String,
    /// When they signed in.
    pub began_at: Timestamp,
    /// When they were seen last, to the minute.
    pub seen_at: Timestamp,
    /// When it ends, whatever they do.
    pub ends_at: Timestamp,
}

/// A sign-in that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInRecord {
    /// What the identity token must repeat.
    pub nonce: String,
    /// What proves to Entra that whoever brings the code began the sign-in (PKCE).
    pub verifier: String,
    /// Where to go afterwards: a path of ours.
    pub return_to: String,
    /// Of the cookie that ties it to one browser.
    pub browser: SecretHash,
    /// When it is too late.
    pub ends_at: Timestamp,
}

/// Keeps both.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Keeps a sign-in that begins, under the hash of its state; forgets those that are too late.
    async fn keep_sign_in(
        &self,
        tenant: TenantKey,
        state: &SecretHash,
        sign_in: &SignInRecord,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Takes it away: it serves once. `None` when it is not there, or too late.
    async fn take_sign_in(
        &self,
        tenant: TenantKey,
        state: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<SignInRecord>, StoreError>;

    /// Keeps a session under the hash of its token; forgets those that are over.
    async fn keep_session(
        &self,
        tenant: TenantKey,
        token: &SecretHash,
        session: &SessionRecord,
    ) -> Result<(), StoreError>;

    /// The session, if it has not ended and was seen after `idle_since`; notes that it was seen `now`, once a minute.
    async fn session(
        &self,
        tenant: TenantKey,
        token: &SecretHash,
        idle_since: Timestamp,
        now: Timestamp,
    ) -> Result<Option<SessionRecord>, StoreError>;

    /// Ends it.
    async fn end_session(&self, tenant: TenantKey, token: &SecretHash) -> Result<(), StoreError>;
}
