//! `stentor directory search`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::json;

use super::super::text::{self, Align, table};
use super::super::{Global, session};
use crate::config::Need;
use crate::ports::{Group, Person};

/// Find people, groups and teams by the beginning of a name
///
/// People are found by name, user principal name or mail address among those we have read; groups and teams are looked up
/// in the organisation's directory itself.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  stentor directory search milan\n  stentor directory search anna --limit 5 --json")]
pub(super) struct Search {
    /// The beginning of a name or address, in any case of letters
    #[arg(value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    text: String,
    /// How many people at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

impl Search {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let (people, groups) = global
            .with_desk("directory search", Need::Teams, async |desk, stop| {
                session::unless_stopped(stop, desk.search(&self.text, self.limit)).await
            })
            .await?;
        if global.json {
            return Ok(text::print_json(&json!({ "people": people, "groups": groups }))?);
        }
        Ok(text::print(&told(&self.text, &people, &groups))?)
    }
}

fn told(wanted: &str, people: &[Person], groups: &[Group]) -> String {
    let mut told = String::new();
    if !people.is_empty() {
        let mut rows = vec![["NAME", "USER PRINCIPAL NAME", "DEPARTMENT", "OFFICE"].map(str::to_owned).to_vec()];
        rows.extend(people.iter().map(|person| {
            let of = |text: &Option<String>| text.as_deref().map(text::one_line).unwrap_or_default();
            let (name, principal) = (&person.display_name, &person.user_principal_name);
            let attributes = &person.attributes;
            vec![text::one_line(name), text::one_line(principal), of(&attributes.department), of(&attributes.office)]
        }));
        told += &table(&[Align::Left; 4], &rows, "");
    }
    if !groups.is_empty() {
        told += if people.is_empty() { "" } else { "\n" };
        let mut rows = vec![["GROUP", "KIND", "ID"].map(str::to_owned).to_vec()];
        rows.extend(groups.iter().map(|group| {
            let kind = if group.team { "team" } else { "group" };
            vec![text::one_line(&group.name), kind.to_owned(), group.id.to_string()]
        }));
        told += &table(&[Align::Left; 3], &rows, "");
    }
    if told.is_empty() {
        let wanted = text::one_line(wanted);
        told = format!(
            "Nobody's name and no group's begins with “{wanted}”. `stentor directory status` says how fresh that is.\n"
        );
    }
    told
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::app::fakes;
    use crate::domain::attributes::Attributes;
    use crate::domain::ids::GroupId;
    use crate::domain::route::Account;

    #[test]
    fn people_stand_above_groups_and_nothing_is_said_to_be_nothing() {
        let office = |office: &str| Attributes { office: Some(office.into()), ..Attributes::default() };
        let mila = Person { attributes: office("Milan 2"), ..fakes::person(1, "Mila", Account::ORDINARY) };
        let group = Group { id: GroupId(Uuid::from_u128(7)), name: "Milan".into(), team: true, hidden: false };
        let (people, groups) = (&[mila][..], &[group][..]);
        insta::assert_snapshot!(
            [told("mil", people, groups), told("mil", &[], groups), told("x", &[], &[])].join("---\n")
        );
    }
}
