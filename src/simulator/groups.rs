//! The groups of the organisation: who belongs to each follows from a rule, and nobody's name is kept.
//!
//! There are groups of every kind, groups within groups, two that are within each other, two of one name, an empty one
//! and one that hides its members.

use uuid::Uuid;

use super::chance;
use super::names::{DEPARTMENTS, PLACES};
use super::people::Person;

/// What a group is, as Graph tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A security group.
    Security,
    /// A Microsoft 365 group.
    Unified,
    /// A Microsoft 365 group with a team.
    Team,
    /// A distribution list.
    Distribution,
}

/// Who belongs to a group directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Nobody,
    Everybody,
    Place(&'static str),
    Department(&'static str),
    /// One in so many, by the number in the directory.
    OneIn(u32),
}

impl Rule {
    fn takes(self, person: &Person) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::Place(city) => person.place.city == city,
            Self::Department(name) => person.department == name,
            Self::OneIn(many) => person.number.is_multiple_of(many),
        }
    }
}

/// One group.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its object id.
    pub id: Uuid,
    /// Its name, as shown.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Whoever lacks a permission of its own is shown it empty.
    pub is_hidden: bool,
    rule: Rule,
    /// The groups within it, by place.
    within: Vec<usize>,
}

/// All of them.
#[derive(Debug, Clone)]
pub struct Groups(Vec<Group>);

impl Groups {
    /// Makes them. Equal seeds give equal groups.
    pub fn generate(seed: u64) -> Self {
        let mut groups = Self(Vec::new());
        let mut add = |name: &str, kind, rule, within: Vec<usize>| {
            let place = groups.0.len();
            let id = chance::uuid(seed, &[chance::text("group"), place as u64]);
            groups.0.push(Group { id, name: name.to_owned(), kind, is_hidden: false, rule, within });
            place
        };
        let cities = PLACES.each_ref().map(|place| add(place.city, Kind::Team, Rule::Place(place.city), vec![]));
        let departments = DEPARTMENTS.map(|name| add(name, Kind::Security, Rule::Department(name), vec![]));
        let european = |place: &usize| ["FR", "DE", "ES", "PL", "SE", "TR"].contains(&PLACES[*place].code);
        let europe = add("Europe", Kind::Distribution, Rule::Nobody, cities.into_iter().filter(european).collect());
        add("Works and Europe", Kind::Security, Rule::Nobody, vec![europe, departments[5]]);
        add("Alumni", Kind::Unified, Rule::Nobody, vec![]);
        let hidden = add("Works Council", Kind::Unified, Rule::OneIn(50), vec![]);
        add("Project Blue", Kind::Team, Rule::OneIn(7), vec![]);
        add("Project Blue", Kind::Security, Rule::OneIn(11), vec![]);
        let circle = add("Circle", Kind::Security, Rule::OneIn(13), vec![]);
        let square = add("Square", Kind::Security, Rule::OneIn(17), vec![circle]);
        add("Everyone at Contoso", Kind::Team, Rule::Everybody, vec![]);
        groups.0[circle].within.push(square);
        groups.0[hidden].is_hidden = true;
        groups
    }

    /// In order.
    pub fn all(&self) -> &[Group] {
        &self.0
    }

    /// The one with this id.
    pub fn find(&self, id: &str) -> Option<&Group> {
        let id = Uuid::try_parse(id).ok()?;
        self.0.iter().find(|group| group.id == id)
    }

    /// Whether `person` belongs to `group`, directly or through others.
    pub fn has(&self, group: &Group, person: &Person) -> bool {
        self.with_those_within(group).iter().any(|group| group.rule.takes(person))
    }

    /// The group and every group within it, each once.
    pub fn with_those_within<'a>(&'a self, group: &'a Group) -> Vec<&'a Group> {
        let mut all = vec![group];
        let mut place = 0;
        while let Some(next) = all.get(place).copied() {
            for inner in next.within.iter().map(|place| &self.0[*place]) {
                if all.iter().all(|known| known.id != inner.id) {
                    all.push(inner);
                }
            }
            place += 1;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::people::{Organisation, Shares};
    use super::*;

    #[test]
    fn groups_within_each_other_have_the_same_members() {
        let organisation = Organisation::generate(1, 500, &Shares::default(), false);
        let groups = Groups::generate(1);
        let members = |name: &str| {
            let group = groups.all().iter().find(|group| group.name == name).expect("there is such a group");
            organisation.people().iter().filter(|person| groups.has(group, person)).count()
        };
        assert_eq!(members("Circle"), members("Square"));
        assert!(members("Circle") > 500 / 13 && members("Alumni") == 0);
        assert!(members("Europe") < members("Works and Europe"));
    }
}
