//! The organisation: everybody who works there, made from a seed and a number.
//!
//! Invariant: who stands apart (guests, people without a licence, …) is exact in number, not only in
//! likelihood, so that a test can compute what a run must end with: [`Expected`].

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::chance;
use super::clouds;
use super::names::{DEPARTMENTS, JOB_TITLES, PLACES, Place, plain};

/// The domain of every address.
pub const DOMAIN: &str = "contoso.example";

/// Which part of the organisation stands apart, and how.
///
/// The first five are parts of everybody; `without_bot` is a part of the ordinary people that remain.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shares {
    /// Guests of the tenant: an install is refused without a reason.
    pub guests: f64,
    /// Members without a Teams plan.
    pub unlicensed: f64,
    /// Members whom an app permission policy excludes.
    pub policy: f64,
    /// Members who have the app and blocked the bot.
    pub blocked: f64,
    /// Accounts that are switched off; they have no Teams plan either.
    pub disabled: f64,
    /// Ordinary people who do not have the app yet.
    pub without_bot: f64,
}

impl Default for Shares {
    fn default() -> Self {
        Self { guests: 0.025, unlicensed: 0.025, policy: 0.025, blocked: 0.025, disabled: 0.0, without_bot: 1.0 / 3.0 }
    }
}

/// How one person relates to the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Has Teams and the app.
    Warm,
    /// Has Teams and may have the app.
    WithoutBot,
    /// Lives in another tenant.
    Guest,
    /// Has no Teams plan.
    Unlicensed,
    /// May not have the app.
    ExcludedByPolicy,
    /// Has the app and does not want to hear from it.
    BlockedBot,
    /// Has an account that is switched off.
    Disabled,
}

/// How somebody left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// The account can be restored for a while.
    SoftDeleted,
    /// For good.
    Deleted,
}

/// Somebody in the directory.
#[derive(Debug, Clone)]
pub struct Person {
    /// The Entra object id.
    pub id: Uuid,
    /// The place in the directory, which is also the number in the address.
    pub number: u32,
    /// First name.
    pub given_name: &'static str,
    /// Last name.
    pub surname: &'static str,
    /// Where they work.
    pub place: &'static Place,
    /// What they work at.
    pub department: &'static str,
    /// What they are.
    pub job_title: &'static str,
    /// How they relate to the bot.
    pub standing: Standing,
    /// The service plan that is Teams, in the cloud that is pretended.
    pub teams_plan: Uuid,
    /// How they left, if they did; the number stays theirs.
    pub departure: Option<Departure>,
}

impl Person {
    /// Whether the directory knows them no more.
    pub const fn has_left(&self) -> bool {
        self.departure.is_some()
    }

    /// The office: each city has three.
    pub fn office(&self) -> String {
        format!("{} {}", self.place.city, self.number % 3 + 1)
    }

    /// The name as shown.
    pub fn display_name(&self) -> String {
        format!("{} {}", self.given_name, self.surname)
    }

    /// The user principal name; a guest's holds the outside address and `#EXT#`.
    pub fn principal_name(&self) -> String {
        let local = format!("{}.{}{}", plain(self.given_name), plain(self.surname), self.number);
        if self.is_guest() { format!("{local}_partner.example#EXT#@{DOMAIN}") } else { format!("{local}@{DOMAIN}") }
    }

    /// The mail address.
    pub fn mail(&self) -> String {
        let domain = if self.is_guest() { "partner.example" } else { DOMAIN };
        format!("{}.{}{}@{domain}", plain(self.given_name), plain(self.surname), self.number)
    }

    /// Whether they live in another tenant.
    pub fn is_guest(&self) -> bool {
        self.standing == Standing::Guest
    }

    /// Whether the account is switched on.
    pub fn is_enabled(&self) -> bool {
        self.standing != Standing::Disabled
    }

    /// Whether a Teams plan is among their assigned plans.
    pub fn has_teams(&self) -> bool {
        !matches!(self.standing, Standing::Guest | Standing::Unlicensed | Standing::Disabled)
    }
}

/// How many there are of each kind. A run over everybody must end with these numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Everybody in the directory.
    pub total: usize,
    /// Guests.
    pub guests: usize,
    /// Members without a Teams plan.
    pub unlicensed: usize,
    /// Members excluded by policy.
    pub policy: usize,
    /// Members who blocked the bot.
    pub blocked: usize,
    /// Accounts switched off.
    pub disabled: usize,
    /// Ordinary people whose app must be installed first.
    pub without_bot: usize,
    /// Ordinary people who have the app.
    pub warm: usize,
    /// Those who can get a message in the end: `without_bot` and `warm`.
    pub reachable: usize,
}

impl Expected {
    /// The numbers for an organisation of `total` people; `warm` gives the app to all ordinary ones.
    pub fn of(total: usize, shares: &Shares, warm: bool) -> Self {
        let mut left = total;
        let mut part = |share: f64| {
            let count = ((total as f64 * share).round() as usize).min(left);
            left -= count;
            count
        };
        let (guests, unlicensed) = (part(shares.guests), part(shares.unlicensed));
        let (policy, blocked, disabled) = (part(shares.policy), part(shares.blocked), part(shares.disabled));
        let without_bot = if warm { 0 } else { ((left as f64 * shares.without_bot).round() as usize).min(left) };
        Self {
            total,
            guests,
            unlicensed,
            policy,
            blocked,
            disabled,
            without_bot,
            warm: left - without_bot,
            reachable: left,
        }
    }
}

/// Everybody, in the order of the directory.
#[derive(Debug, Clone)]
pub struct Organisation {
    people: Vec<Person>,
    by_id: HashMap<Uuid, u32>,
    expected: Expected,
    teams_plan: Uuid,
}

impl Organisation {
    /// Makes `count` people. Equal arguments give equal people.
    pub fn generate(seed: u64, count: usize, shares: &Shares, warm: bool) -> Self {
        let expected = Expected::of(count, shares, warm);
        let people: Vec<Person> = standings(seed, &expected)
            .into_iter()
            .zip(0_u32..)
            .map(|(standing, number)| person(seed, number, standing))
            .collect();
        let by_id = people.iter().map(|person| (person.id, person.number)).collect();
        Self { people, by_id, expected, teams_plan: clouds::plan(&[]) }
    }

    /// The same people with this service plan as Teams.
    pub fn with_plan(mut self, teams_plan: Uuid) -> Self {
        self.people.iter_mut().for_each(|person| person.teams_plan = teams_plan);
        Self { teams_plan, ..self }
    }

    /// How many there are of each kind.
    pub const fn expected(&self) -> Expected {
        self.expected
    }

    /// Everybody, in the order of the directory.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// The person with this number.
    ///
    /// # Panics
    /// When nobody has it: numbers come only from [`Organisation::find`] and from the people themselves.
    pub fn person(&self, number: u32) -> &Person {
        &self.people[number as usize]
    }

    /// Finds somebody by object id or by user principal name, in any case of letters.
    pub fn find(&self, id_or_name: &str) -> Option<u32> {
        if let Ok(id) = Uuid::try_parse(id_or_name) {
            return self.by_id.get(&id).copied().filter(|number| !self.person(*number).has_left());
        }
        // The number in the address is the place in the directory, so no second index is needed.
        let digits = id_or_name.trim_start_matches(|character: char| !character.is_ascii_digit());
        let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
        let person = self.people.get(digits[..end].parse::<usize>().ok()?)?;
        let is_theirs = !person.has_left() && person.principal_name().eq_ignore_ascii_case(id_or_name);
        is_theirs.then_some(person.number)
    }

    /// Lets somebody join who has Teams and may have the app.
    pub fn join(&mut self, seed: u64) -> u32 {
        let number = u32::try_from(self.people.len()).unwrap_or(u32::MAX);
        let person = Person { teams_plan: self.teams_plan, ..person(seed, number, Standing::WithoutBot) };
        self.by_id.insert(person.id, number);
        self.people.push(person);
        self.count(Standing::WithoutBot, usize::wrapping_add);
        number
    }

    /// Moves somebody to another department, every third to another country too.
    pub fn change(&mut self, number: u32) {
        let person = &mut self.people[number as usize];
        let after = |all: &[&'static str], now: &str| {
            let place = all.iter().position(|name| *name == now).unwrap_or_default();
            all[(place + 1) % all.len()]
        };
        person.department = after(&DEPARTMENTS, person.department);
        person.job_title = after(&JOB_TITLES, person.job_title);
        if number.is_multiple_of(3) {
            let place = PLACES.iter().position(|place| place.code == person.place.code).unwrap_or_default();
            person.place = &PLACES[(place + 1) % PLACES.len()];
        }
    }

    /// Lets somebody leave.
    pub fn leave(&mut self, number: u32, departure: Departure) {
        let person = &mut self.people[number as usize];
        if person.departure.replace(departure).is_none() {
            let standing = person.standing;
            self.count(standing, usize::wrapping_sub);
        }
    }

    fn count(&mut self, standing: Standing, by: fn(usize, usize) -> usize) {
        let expected = &mut self.expected;
        let kind = match standing {
            Standing::Warm => &mut expected.warm,
            Standing::WithoutBot => &mut expected.without_bot,
            Standing::Guest => &mut expected.guests,
            Standing::Unlicensed => &mut expected.unlicensed,
            Standing::ExcludedByPolicy => &mut expected.policy,
            Standing::BlockedBot => &mut expected.blocked,
            Standing::Disabled => &mut expected.disabled,
        };
        *kind = by(*kind, 1);
        expected.total = by(expected.total, 1);
        expected.reachable = expected.warm + expected.without_bot;
    }
}

fn standings(seed: u64, expected: &Expected) -> Vec<Standing> {
    let kinds = [
        (Standing::Guest, expected.guests),
        (Standing::Unlicensed, expected.unlicensed),
        (Standing::ExcludedByPolicy, expected.policy),
        (Standing::BlockedBot, expected.blocked),
        (Standing::Disabled, expected.disabled),
        (Standing::WithoutBot, expected.without_bot),
        (Standing::Warm, expected.warm),
    ];
    let mut all: Vec<Standing> =
        kinds.into_iter().flat_map(|(standing, count)| std::iter::repeat_n(standing, count)).collect();
    chance::shuffle(seed, &mut all);
    all
}

fn person(seed: u64, number: u32, standing: Standing) -> Person {
    let pick =
        |what: &str, from: usize| chance::below(seed, &[chance::text(what), u64::from(number)], from as u64) as usize;
    let place = &PLACES[pick("place", PLACES.len())];
    Person {
        id: chance::uuid(seed, &[chance::text("person"), u64::from(number)]),
        number,
        given_name: place.given_names[pick("given name", place.given_names.len())],
        surname: place.surnames[pick("surname", place.surnames.len())],
        place,
        department: DEPARTMENTS[pick("department", DEPARTMENTS.len())],
        job_title: JOB_TITLES[pick("job title", JOB_TITLES.len())],
        teams_plan: clouds::plan(&[]),
        departure: None,
        standing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organisation(seed: u64) -> Organisation {
        Organisation::generate(seed, 1_000, &Shares::default(), false)
    }

    #[test]
    fn the_same_seed_gives_the_same_people() {
        let names = |seed| organisation(seed).people.iter().map(|p| (p.id, p.principal_name())).collect::<Vec<_>>();
        assert_eq!(names(5), names(5));
        assert_ne!(names(5), names(6));
    }

    #[test]
    fn every_kind_is_there_in_exactly_the_expected_number() {
        let organisation = organisation(5);
        let count = |standing| organisation.people.iter().filter(|person| person.standing == standing).count();
        let expected = organisation.expected();
        assert_eq!(count(Standing::Guest), 25);
        assert_eq!(count(Standing::Unlicensed), expected.unlicensed);
        assert_eq!(count(Standing::ExcludedByPolicy), expected.policy);
        assert_eq!(count(Standing::BlockedBot), expected.blocked);
        assert_eq!(count(Standing::WithoutBot), 300);
        assert_eq!(count(Standing::Warm), 600);
        assert_eq!(expected.reachable, 900);
    }

    #[test]
    fn everybody_is_found_by_id_and_by_name() {
        let organisation = organisation(5);
        for person in organisation.people() {
            assert_eq!(organisation.find(&person.id.to_string()), Some(person.number));
            assert_eq!(organisation.find(&person.principal_name().to_uppercase()), Some(person.number));
        }
        assert_eq!(organisation.find("nobody7@contoso.example"), None);
        assert_eq!(organisation.find(""), None);
    }

    #[test]
    fn addresses_are_plain_and_lower_case() {
        for person in organisation(5).people() {
            assert!(person.mail().is_ascii(), "{}", person.mail());
            assert_eq!(person.mail(), person.mail().to_lowercase());
        }
    }
}
