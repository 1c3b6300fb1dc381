//! Who signs in to our app, and which programs ask it: the roles, the page, the signed tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::{Caller, Request, Road, World};
use crate::domain::time::Timestamp;
use crate::simulator::answer::{Answer, Api};
use crate::simulator::bucket::Bucket;
use crate::simulator::entra::{AppRole, Assigned, Choice, Lent, Program, Sign, Twist};

impl World {
    /// Who signs tokens for our app, as they name themselves.
    pub fn signs_as(&self) -> String {
        self.entra.issuer()
    }

    /// Whether this is the organisation, by id or by domain.
    pub fn is_tenant(&self, tenant: &str) -> bool {
        self.entra.is_tenant(tenant)
    }

    /// `GET` and `POST /{tenant}/oauth2/v2.0/authorize`: a browser comes by. It is not in the ledger, for no program of
    /// ours asks.
    pub fn authorize(
        &mut self,
        tenant: &str,
        asked: &BTreeMap<String, String>,
        choice: Option<&Choice>,
        now: Timestamp,
    ) -> Answer {
        self.entra.authorize(tenant, asked, choice, &self.organisation, now)
    }

    /// `GET /{tenant}/oauth2/v2.0/logout`.
    pub fn sign_out(&self, wanted: Option<&str>) -> Answer {
        self.entra.sign_out(wanted)
    }

    /// Whether this request at the token endpoint is for a signed token.
    pub fn is_for_own_api(&self, form: &BTreeMap<String, String>) -> bool {
        self.entra.is_for_own_api(form)
    }

    /// `POST /{tenant}/oauth2/v2.0/token`, with a code or for our own API.
    pub fn signed_token(
        &mut self,
        caller: &Caller<'_>,
        tenant: &str,
        form: &BTreeMap<String, String>,
        sign: Sign<'_>,
        now: Timestamp,
    ) -> Answer {
        const ROAD: Road = Road {
            api: Api::Entra,
            bucket: Bucket::Token,
            method: "POST",
            path: "/{tenant}/oauth2/v2.0/token",
            roles: &[],
        };
        self.serve(caller, Request::on(ROAD), now, |world| {
            Ok(world.entra.signed_token(tenant, form, &world.organisation, sign, now))
        })
    }

    /// What a token of somebody in a tab, or of a program, says; `None` when nobody is called that.
    pub fn lend(&mut self, to: &Lent, twist: &Twist, now: Timestamp) -> Option<Value> {
        self.entra.lend(to, twist, &self.organisation, now)
    }

    /// Everybody who has a role in the app, those with the highest first.
    pub fn assigned(&self) -> Vec<Assigned> {
        self.entra.assigned(&self.organisation)
    }

    /// The programs that may ask for tokens of their own.
    pub fn programs(&self) -> &[Program] {
        self.entra.programs()
    }

    /// Gives or takes a role; it shows in tokens issued afterwards. `false` when nobody is called that.
    pub fn give_role(&mut self, person: &str, role: AppRole, is_given: bool) -> bool {
        let Some(person) = self.organisation.find(person) else { return false };
        self.entra.give_role(person, role, is_given);
        true
    }

    /// Registers a program, or another state of one that is registered.
    pub fn register_program(&mut self, program: Program) {
        self.entra.register_program(program);
    }

    /// Registers one more place where the app may be sent back to.
    pub fn register_redirect(&mut self, redirect: Url) {
        self.entra.register_redirect(redirect);
    }

    /// How long signed tokens live from now on; as usual without.
    pub const fn set_signed_lifetime(&mut self, lifetime: Option<Duration>) {
        self.entra.set_signed_lifetime(lifetime);
    }

    /// How identity tokens are made from now on.
    pub fn set_identity_twist(&mut self, twist: Twist) {
        self.entra.set_identity_twist(twist);
    }
}
