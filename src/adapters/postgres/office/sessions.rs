//! Sessions, and sign-ins that were begun.
//!
//! Ends are judged by the caller's clock: a session is not a lease, and a second more or less hurts nobody.

use async_trait::async_trait;
use sqlx::FromRow;
use uuid::Uuid;

use crate::adapters::postgres::PgStore;
use crate::adapters::postgres::rows::refused;
use crate::adapters::postgres::statement::statements;
use crate::domain::ids::{EntraId, TenantKey};
use crate::domain::rights::{Caller, Role, Who};
use crate::domain::time::Timestamp;
use crate::ports::{SecretHash, SessionRecord, Sessions, SignInRecord, StoreError};

statements! {
    KEEP_SIGN_IN = "-- keep_sign_in
        -- $1 tenant, $2 hash of the state, $3 hash of the cookie, $4 its end, $5 nonce, $6 verifier, $7 where to go, $8 now
        with late as (
          delete from sign_in where tenant_id = $1 and ends_at <= $8
        )
        insert into sign_in (tenant_id, state_hash, browser_hash, ends_at, nonce, verifier, return_to)
        values ($1, $2, $3, $4, $5, $6, $7)
        -- The answer to the same call may have been lost.
        on conflict (tenant_id, state_hash) do nothing";
    TAKE_SIGN_IN = "-- take_sign_in
        -- $1 tenant, $2 hash of the state
        delete from sign_in
        where tenant_id = $1 and state_hash = $2
        returning browser_hash, ends_at, nonce, verifier, return_to";
    KEEP_SESSION = "-- keep_session
        -- $1 tenant, $2 hash of the token, $3 person, $4 began, $5 seen, $6 its end, $7 name, $8 principal name, $9 roles,
        -- $10 csrf
        with over as (
          delete from session where tenant_id = $1 and ends_at <= $4
        )
        insert into session
          (tenant_id, token_hash, person_id, began_at, seen_at, ends_at, name, principal_name, roles, csrf)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (tenant_id, token_hash) do nothing";
    SESSION = "-- session
        -- $1 tenant, $2 hash of the token, $3 seen after, $4 now
        with seen as (
          update session
          set seen_at = $4
          where tenant_id = $1 and token_hash = $2 and ends_at > $4 and seen_at > $3
            -- Once a minute is enough: a page asks many things at once.
            and seen_at <= $4 - interval '1 minute'
        )
        select person_id, began_at, seen_at, ends_at, name, principal_name, roles, csrf
        from session
        where tenant_id = $1 and token_hash = $2 and ends_at > $4 and seen_at > $3";
    END_SESSION = "-- end_session
        -- $1 tenant, $2 hash of the token
        delete from session where tenant_id = $1 and token_hash = $2";
}

#[derive(FromRow)]
struct SignInRow {
    browser_hash: Vec<u8>,
    ends_at: Timestamp,
    nonce: String,
    verifier: String,
    return_to: String,
}

#[derive(FromRow)]
struct SessionRow {
    person_id: Uuid,
    began_at: Timestamp,
    seen_at: Timestamp,
    ends_at: Timestamp,
    name: String,
    principal_name: String,
    roles: Vec<String>,
    csrf: String,
}

impl SignInRow {
    fn into_record(self) -> Result<SignInRecord, StoreError> {
        let Self { browser_hash, ends_at, nonce, verifier, return_to } = self;
        let browser = browser_hash.try_into();
        let browser = browser.map_err(|hash: Vec<u8>| refused("sign_in", "browser_hash", hash.len()))?;
        Ok(SignInRecord { nonce, verifier, return_to, browser, ends_at })
    }
}

impl From<SessionRow> for SessionRecord {
    fn from(row: SessionRow) -> Self {
        let SessionRow { person_id, began_at, seen_at, ends_at, name, principal_name, roles, csrf } = row;
        let who = Who::Person { id: EntraId(person_id), name, principal_name };
        // A role that this program does not know gives no right.
        let roles = roles.iter().filter_map(|role| Role::from_name(role)).collect();
        Self { caller: Caller { who, roles }, csrf, began_at, seen_at, ends_at }
    }
}

#[async_trait]
impl Sessions for PgStore {
    async fn keep_sign_in(
        &self,
        tenant: TenantKey,
        state: &SecretHash,
        sign_in: &SignInRecord,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.database
            .run("keep_sign_in", async |conn| {
                let query = sqlx::query(KEEP_SIGN_IN).bind(tenant.0).bind(&state[..]).bind(&sign_in.browser[..]);
                let query = query.bind(sign_in.ends_at).bind(&sign_in.nonce).bind(&sign_in.verifier);
                query.bind(&sign_in.return_to).bind(now).execute(conn).await
            })
            .await?;
        Ok(())
    }

    async fn take_sign_in(
        &self,
        tenant: TenantKey,
        state: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<SignInRecord>, StoreError> {
        let row: Option<SignInRow> = self
            .database
            .run("take_sign_in", async |conn| {
                sqlx::query_as(TAKE_SIGN_IN).bind(tenant.0).bind(&state[..]).fetch_optional(conn).await
            })
            .await?;
        let record = row.map(SignInRow::into_record).transpose()?;
        Ok(record.filter(|sign_in| sign_in.ends_at > now))
    }

    async fn keep_session(
        &self,
        tenant: TenantKey,
        token: &SecretHash,
        session: &SessionRecord,
    ) -> Result<(), StoreError> {
        let Who::Person { id, name, principal_name } = &session.caller.who else {
            return Err(StoreError::Broken("a session is a person's, and this is a program".to_owned()));
        };
        let roles: Vec<&str> = session.caller.roles.iter().map(|role| role.name()).collect();
        self.database
            .run("keep_session", async |conn| {
                let query = sqlx::query(KEEP_SESSION).bind(tenant.0).bind(&token[..]).bind(id.0);
                let query = query.bind(session.began_at).bind(session.seen_at).bind(session.ends_at);
                query.bind(name).bind(principal_name).bind(&roles).bind(&session.csrf).execute(conn).await
            })
            .await?;
        Ok(())
    }

    async fn session(
        &self,
        tenant: TenantKey,
        token: &SecretHash,
        idle_since: Timestamp,
        now: Timestamp,
    ) -> Result<Option<SessionRecord>, StoreError> {
        let row: Option<SessionRow> = self
            .database
            .run("session", async |conn| {
                let query = sqlx::query_as(SESSION).bind(tenant.0).bind(&token[..]).bind(idle_since).bind(now);
                query.fetch_optional(conn).await
            })
            .await?;
        Ok(row.map(SessionRecord::from))
    }

    async fn end_session(&self, tenant: TenantKey, token: &SecretHash) -> Result<(), StoreError> {
        self.database
            .run("end_session", async |conn| {
                sqlx::query(END_SESSION).bind(tenant.0).bind(&token[..]).execute(conn).await
            })
            .await?;
        Ok(())
    }
}
