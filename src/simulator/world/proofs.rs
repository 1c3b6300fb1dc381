//! With what the app proves who it is, and the tokens of the machine that it runs on.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Caller, Request, Road, World};
use crate::domain::time::Timestamp;
use crate::simulator::answer::{Answer, Api};
use crate::simulator::bucket::Bucket;
use crate::simulator::entra::{Federation, MachineIdentity, TokensAsked};

impl World {
    /// The same world, whose token endpoint is under this address: letters to another are refused.
    pub fn signs_in_at(mut self, login_url: &str) -> Self {
        self.entra.reached_at(login_url);
        self
    }

    /// The Entra tenant.
    pub const fn tenant(&self) -> Uuid {
        self.tenant
    }

    /// Accepts these client secrets from now on, and no others.
    pub fn set_secrets(&mut self, secrets: Vec<String>) {
        self.entra.set_secrets(secrets);
    }

    /// Accepts these certificates from now on, and no others; in PEM. `None` when one of them cannot be read; otherwise
    /// their SHA-256 thumbprints.
    pub fn set_certificates(&mut self, pems: &[String]) -> Option<Vec<String>> {
        self.entra.set_certificates(pems)
    }

    /// Believes these from now on, and no others.
    pub fn set_federations(&mut self, federations: Vec<Federation>) {
        self.entra.set_federations(federations);
    }

    /// With which key all others sign, as RSA writes a public key.
    pub fn believe_outside(&mut self, key: Vec<u8>) {
        self.entra.believe_outside(key);
    }

    /// Gives the machine these identities, and no others.
    pub fn set_identities(&mut self, identities: Vec<MachineIdentity>) {
        self.entra.set_identities(identities);
    }

    /// The machine's identity with this client id; its only one, when none is named.
    pub fn identity(&self, client_id: Option<&str>) -> Option<MachineIdentity> {
        self.entra.identity(client_id)
    }

    /// A token of one of the machine's identities for `resource`.
    pub fn grant_to_identity(&mut self, identity: MachineIdentity, resource: &str, now: Timestamp) -> Answer {
        self.entra.grant_to_identity(identity, resource, (&self.graph_url, &self.bot_url), now)
    }

    /// A request of the machine for the token of one of its identities.
    pub fn machine_token(
        &mut self,
        caller: &Caller<'_>,
        now: Timestamp,
        effect: impl FnOnce(&mut Self) -> Result<Answer, Answer>,
    ) -> Answer {
        const ROAD: Road = Road {
            api: Api::Entra,
            bucket: Bucket::Token,
            method: "GET",
            path: "/metadata/identity/oauth2/token",
            roles: &[],
        };
        self.serve(caller, Request::on(ROAD), now, effect)
    }

    /// A request for a token of `scope` has arrived on the wire.
    pub fn begin_token(&mut self, scope: &str) {
        self.entra.begin(scope);
    }

    /// One has been answered.
    pub fn end_token(&mut self, scope: &str) {
        self.entra.end(scope);
    }

    /// How tokens were asked for on the wire, by scope.
    pub const fn tokens_asked(&self) -> &BTreeMap<String, TokensAsked> {
        self.entra.tokens_asked()
    }
}
