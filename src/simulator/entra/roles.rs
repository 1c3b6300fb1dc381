//! The roles that the app registration declares, who has which, and the programs that may ask for tokens of their own.
//!
//! Whoever is given a role has it in the next token; those that are out keep what they say.
//!
//! Source: Microsoft identity platform, "Add app roles to your application and receive them in the token".

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

use crate::simulator::chance;
use crate::simulator::people::{Organisation, Standing};

/// A role of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the values are the names, as the registration has them")]
pub enum AppRole {
    Admin,
    Approver,
    Author,
    Reader,
}

impl AppRole {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Approver, Self::Author, Self::Reader];

    /// Its value, which tokens carry.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Approver => "Approver",
            Self::Author => "Author",
            Self::Reader => "Reader",
        }
    }

    /// The one with this value.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What the registration says of it.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Admin => "May do everything but approve their own",
            Self::Approver => "Releases or rejects what others have written",
            Self::Author => "Writes announcements and sends them",
            Self::Reader => "Sees everything and changes nothing",
        }
    }
}

/// To whom roles are dealt at the beginning, in the order of the directory. One of each comes first, so that the smallest
/// organisation has them all.
const DEALT: [AppRole; 8] = [
    AppRole::Admin,
    AppRole::Approver,
    AppRole::Author,
    AppRole::Reader,
    AppRole::Author,
    AppRole::Approver,
    AppRole::Reader,
    AppRole::Author,
];

/// A program with a registration of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Program {
    /// As shown. Tokens do not carry it.
    pub name: String,
    /// Its client id.
    pub client_id: Uuid,
    /// Its object id in this tenant, which is the subject of its tokens.
    pub object_id: Uuid,
    /// Its client secret. It opens nothing but this simulator.
    pub client_secret: String,
    /// What it was given in our app.
    pub roles: BTreeSet<AppRole>,
}

impl Program {
    /// One with these roles; its object id follows from its client id.
    pub fn new(name: &str, client_id: Uuid, client_secret: &str, roles: &[AppRole]) -> Self {
        let object_id = chance::uuid(chance::text("program"), &[chance::text(&client_id.to_string())]);
        let (name, client_secret) = (name.to_owned(), client_secret.to_owned());
        Self { name, client_id, object_id, client_secret, roles: roles.iter().copied().collect() }
    }

    /// Those that are there at the beginning.
    pub fn usual() -> Vec<Self> {
        vec![
            Self::new(
                "HR system",
                uuid!("66666666-6666-4666-8666-666666666661"),
                "simulated-hr-secret",
                &[AppRole::Author],
            ),
            Self::new(
                "Reporting",
                uuid!("66666666-6666-4666-8666-666666666662"),
                "simulated-reporting-secret",
                &[AppRole::Reader],
            ),
            Self::new(
                "Admin tool",
                uuid!("66666666-6666-4666-8666-666666666663"),
                "simulated-admin-secret",
                &[AppRole::Admin],
            ),
        ]
    }
}

/// Who was given what.
#[derive(Debug, Clone, Default)]
pub(super) struct Assignments {
    people: BTreeMap<u32, BTreeSet<AppRole>>,
    pub(super) programs: Vec<Program>,
}

impl Assignments {
    /// The usual programs, and the first ordinary people of `organisation`.
    pub(super) fn at_first(organisation: &Organisation) -> Self {
        let is_ordinary = |standing| matches!(standing, Standing::Warm | Standing::WithoutBot);
        let ordinary = organisation.people().iter().filter(|person| is_ordinary(person.standing));
        let people = ordinary.zip(DEALT).map(|(person, role)| (person.number, BTreeSet::from([role]))).collect();
        Self { people, programs: Program::usual() }
    }

    /// What this person has, in the order of the registration.
    pub(super) fn of(&self, person: u32) -> Vec<AppRole> {
        self.people.get(&person).into_iter().flatten().copied().collect()
    }

    /// Everybody who has something, those with the highest role first.
    pub(super) fn everybody(&self) -> Vec<(u32, Vec<AppRole>)> {
        let mut everybody: Vec<_> = self.people.keys().map(|person| (*person, self.of(*person))).collect();
        everybody.retain(|(_, roles)| !roles.is_empty());
        everybody.sort_by_key(|(person, roles)| (roles.first().copied(), *person));
        everybody
    }

    pub(super) fn give(&mut self, person: u32, role: AppRole, is_given: bool) {
        let roles = self.people.entry(person).or_default();
        if is_given {
            roles.insert(role);
        } else {
            roles.remove(&role);
        }
    }

    /// Registers a program, or another state of one that is registered.
    pub(super) fn register(&mut self, program: Program) {
        self.programs.retain(|known| known.client_id != program.client_id);
        self.programs.push(program);
    }

    /// By client id, or by name.
    pub(super) fn program(&self, id_or_name: &str) -> Option<&Program> {
        let id = Uuid::try_parse(id_or_name).ok();
        self.programs.iter().find(|program| Some(program.client_id) == id || program.name == id_or_name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::people::Shares;

    #[test]
    fn one_of_each_role_is_dealt_before_the_second_of_any() {
        let small = Organisation::generate(3, 4, &Shares { without_bot: 1.0, ..Shares::default() }, false);
        let roles: Vec<_> = Assignments::at_first(&small).everybody().into_iter().map(|(_, roles)| roles[0]).collect();
        assert_eq!(roles, AppRole::ALL);
    }

    #[test]
    fn roles_go_to_ordinary_people_and_depend_on_the_seed() {
        let organisation = |seed| Organisation::generate(seed, 400, &Shares::default(), false);
        let dealt = |seed| Assignments::at_first(&organisation(seed)).everybody();
        assert_eq!(dealt(5), dealt(5));
        let roles = dealt(5).into_iter().map(|(_, roles)| roles[0]).collect::<Vec<_>>();
        let count = |role| roles.iter().filter(|one| **one == role).count();
        assert_eq!(AppRole::ALL.map(count), [1, 2, 3, 2]);
        for (person, _) in dealt(5) {
            let organisation = organisation(5);
            assert!(!organisation.person(person).is_guest() && organisation.person(person).has_teams());
        }
    }
}
