//! Renders `docs/audiences.md` from the words themselves, with examples that are read by the very parser.

use super::super::{Attribute, CHARACTERS_MAX, DEPTH_MAX, Flag, SOURCES_MAX, SOURCES_UNFOLDED_MAX, Standing, parse};

/// What an author would say, and how it is written.
const EXAMPLES: [(&str, &str); 10] = [
    ("Everybody whom the directory knows.", "everyone"),
    (
        "All of France except contractors, plus the Milan team, plus a list of managers.",
        r#"country = "France" except group "Contractors" or team "Milan" or list "managers""#,
    ),
    ("Sales in two countries.", r#"department = "Sales" and country in ("France", "Italy")"#),
    ("Whoever reads French, in whichever country.", r#"language = "fr""#),
    ("Everybody without guests and accounts that are switched off.", "everyone except guest except disabled"),
    (
        "The Milan team and the Lyon office, without the board and without Anna.",
        r#"team "Milan" or office = "Lyon" except (group "Board" or person "anna@contoso.example")"#,
    ),
    ("Engineers of every kind who are not in the pilot.", r#"job_title contains "engineer" except group "Pilot""#),
    ("An audience that was saved, and the works council.", r#"saved "south" or group "Works council""#),
    (
        "Whoever was not reached by an earlier broadcast, but not those who blocked the bot.",
        r#"broadcast 06b3n9k1c2d4e failed except broadcast 06b3n9k1c2d4e failed because "blocked_by_user""#,
    ),
    ("Whoever has no department in the directory, of the whole group.", r#"group "All staff" and department = """#),
];

const HEAD: &str = r#"# Who an announcement is for

Rendered from `src/domain/audience/expression/`; `make docs` writes it again.

An audience is written as one would say it. It stands behind `--audience-expr`, under a name with
`stentor audience save`, and on its own in `stentor audience check`, which counts whom it means.

## Examples

"#;

const JOINTS: &str = r#"
## Three words join

| word | the result |
|---|---|
| `or` | adds: who is in one or the other |
| `except` | takes away: who is in the first and not in the second |
| `and` | narrows: who is in both |

`or` and `except` apply from left to right, one after the other, as one reads: in the second example contractors are taken
from France, and then the team and the list are added, whoever of them is a contractor or not. `and` binds more tightly.
Parentheses change the order: `everyone except (guest or disabled)`. Everybody is in an audience once, however often named.

Capital and small letters are equal, in our words and in what the directory says. Names and values stand in quotes,
single, double or curved; a quote inside is written `\"`. A line may be broken anywhere outside quotes.

## Sources name people

| source | whom it names |
|---|---|
| `everyone` | everybody whom the directory knows |
| `group "…"` | the members of a group and of the groups within it, by its name or object id |
| `team "…"` | the members of a team, by its name or object id |
| `list "NAME"` | the people of the file given with `--list NAME=FILE` |
| `person "…"` | one person, by object id, user principal name or mail address |
| `saved "…"` | whom an audience means that was saved under this name |
| `broadcast ID` | everybody whom an earlier broadcast was for |
"#;

const BROADCAST: &str = r#"
Behind `broadcast ID` may stand where its people stand:

"#;

const BECAUSE: &str = r#"
and behind that a reason, by its code: `broadcast 06b3n9k1c2d4e failed because "blocked_by_user"`.

## What the directory says

"#;

const TESTS: &str = r#"
| test | passes |
|---|---|
| `= "…"` | who has this value; `= ""`, who has none |
| `!= "…"` | everybody else, also who has none |
| `in ("…", "…")` | who has one of these values |
| `starts with "…"` | whose value begins so |
| `contains "…"` | in whose value this stands |

And alone, without a value:

"#;

const WHEN: &str = r#"
## When it is decided

An audience is checked and counted when the broadcast is created, and decided when it is frozen: at once, or at its hour,
from what is known then. People who came into a group meanwhile are told, people who left are not; `broadcast show` tells the
difference. Lists are kept with the broadcast, without whoever has left by then. When something it names is gone (a saved
audience, a group, an earlier broadcast), when several groups have the name by then, or when an earlier broadcast has not
started, so that nobody knows whom it is for, the broadcast is halted and says so; it is never smaller in silence.

Which group a name means is asked of the directory when the broadcast is created, each time; at the hour the name is looked
up among the groups that are known. Where names may move from one group to another meanwhile, write the object id.

"#;

fn render() -> String {
    let mut page = HEAD.to_owned();
    for (sentence, expression) in EXAMPLES {
        page += &format!("{sentence}\n\n```text\n{expression}\n```\n\n");
    }
    page = page.trim_end().to_owned() + "\n" + JOINTS + BROADCAST + "| word | who |\n|---|---|\n";
    let row = |word: &str, meaning: &str| format!("| `{word}` | {meaning} |\n");
    page.extend(Standing::ALL.iter().map(|standing| row(standing.word(), standing.meaning())));
    page += BECAUSE;
    page += "| attribute | what it is |\n|---|---|\n";
    page.extend(Attribute::ALL.iter().map(|attribute| row(attribute.word(), attribute.meaning())));
    page += TESTS;
    page += "| word | whose account is so |\n|---|---|\n";
    page.extend(Flag::ALL.iter().map(|flag| row(flag.word(), flag.meaning())));
    page += WHEN;
    page += &format!(
        "An expression has at most {CHARACTERS_MAX} characters, {SOURCES_MAX} sources ({SOURCES_UNFOLDED_MAX} with all that \
         is saved put in) and {DEPTH_MAX} parentheses within each other.\n"
    );
    page
}

#[test]
fn the_page_of_audiences_shows_the_words() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/audiences.md");
    if std::env::var_os("STENTOR_WRITE_DOCS").is_some() {
        std::fs::write(path, render()).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(page, render(), "docs/audiences.md is stale: `make docs` writes it again");
}

#[test]
fn every_example_is_understood_and_is_its_own_shortest_form() {
    for (_, expression) in EXAMPLES {
        let parsed = parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
        assert_eq!(parsed.to_string(), expression);
    }
}
