use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::adapters::system::SystemClock;
use crate::domain::ids::RecipientKey;
use crate::ports::Clock;

mod page;

fn read(text: &str) -> Expression {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What is said of a text that is wrong, as the command line shows it.
fn refusal(text: &str) -> String {
    let fault = parse(text).expect_err(text).fault("--audience-expr");
    format!("{}: {}\n{}", fault.field, fault.problem, fault.cure)
}

#[test]
fn or_and_except_go_from_left_to_right_and_and_binds_tighter() {
    let alike = [
        ("guest or disabled except unlicensed", "((guest or disabled) except unlicensed)"),
        ("everyone except guest or disabled", "(everyone except guest) or disabled"),
        ("guest or disabled and unlicensed", "guest or (disabled and unlicensed)"),
        ("guest and disabled and unlicensed", "(guest and disabled) and unlicensed"),
    ];
    for (bare, full) in alike {
        assert_eq!(read(bare), read(full), "{bare}");
        assert_eq!(read(full).to_string(), bare);
    }
    let firm = "(guest or disabled) and (unlicensed and (everyone except guest))";
    assert_eq!(read(firm).to_string(), firm);
}

#[test]
fn words_are_read_in_any_case_and_quotes_in_any_form() {
    let plain = read(r#"country = "France" and group "R&D" except person "anna@contoso.example""#);
    assert_eq!(read("COUNTRY='France'\n\tAnd Group “R&D” EXCEPT person 'Anna@Contoso.example'"), plain);
    assert_eq!(read(r#"group "the \"A\" team""#), Source::Group(r#"the "A" team"#.into()).into());
    assert_eq!(read(r#"group "CONTOSO\all""#), Source::Group(r"CONTOSO\all".into()).into());
}

#[test]
fn unequal_means_everybody_else() {
    assert_eq!(read(r#"department != "Sales""#), read(r#"everyone except department = "Sales""#));
}

#[test]
fn a_value_is_compared_without_regard_to_case_and_a_language_with_all_its_regions() {
    let passes = |test: &str, value: &str| {
        let Expression::Source(Source::Attribute(attribute, test)) = read(test) else { panic!("{test}") };
        test.passes(attribute, value)
    };
    assert!(passes(r#"country = "österreich""#, " ÖSTERREICH"));
    assert!(passes(r#"job_title contains "ENGINEER""#, "Sales engineer") && passes(r#"name starts with "an""#, "Anna"));
    assert!(!passes(r#"job_title starts with "engineer""#, "Sales engineer"));
    assert!(passes(r#"language = "fr""#, "fr-FR") && passes(r#"language in ("de", "FR-fr")"#, "fr-FR"));
    assert!(!passes(r#"language = "fr""#, "fro") && !passes(r#"language = "fr-CA""#, "fr-FR"));
    assert!(!passes(r#"country = "fr""#, "fr-FR"));
    assert!(passes(r#"department = """#, "") && !passes(r#"language = """#, "-x"));
}

#[test]
fn whatever_is_wrong_is_pointed_at_and_has_its_cure() {
    let wrong = [
        "",
        "evryone",
        "all",
        "everyone minus guest",
        "everyone guest",
        "everyone execpt guest",
        "everyone and or guest",
        "everyone except",
        "not guest",
        "country = France",
        "country \"France\"",
        "country in \"France\"",
        "country in (\"France\" \"Italy\")",
        "country starts \"F\"",
        "name contains \"\"",
        "group Milan",
        "\"Milan\"",
        "group \"\"",
        "group \"Milan",
        "everyone + guest",
        "country == \"France\"",
        "everyone; guest",
        "(everyone",
        "everyone)",
        "person \"Anna\"",
        "broadcast latest",
        "broadcast 06b3n9k1c2d4e fialed",
        "broadcast 06b3n9k1c2d4e failed because \"blocked_by_usr\"",
        "everyone\nexcept guests",
    ];
    insta::assert_snapshot!(wrong.map(|text| format!("> {}\n{}\n", text.replace('\n', "⏎"), refusal(text))).join("\n"));
}

#[test]
fn what_is_too_much_is_refused() {
    let many = vec!["guest"; SOURCES_MAX + 1].join(" or ");
    assert!(refusal(&many).contains("more than 100 sources are named"));
    assert!(parse(&vec!["guest"; SOURCES_MAX].join(" or ")).is_ok());
    let nested = |depth: usize| "(".repeat(depth) + "guest" + &")".repeat(depth);
    assert!(parse(&nested(DEPTH_MAX)).is_ok());
    assert!(refusal(&nested(DEPTH_MAX + 1)).contains("more than 20 parentheses"));
    let long = format!("group \"{}\"", "x".repeat(CHARACTERS_MAX));
    assert!(refusal(&long).contains("longer than 10000 characters"));
}

#[test]
fn a_saved_audience_is_put_in_wherever_it_is_used() {
    let saved = BTreeMap::from([
        ("south".to_owned(), read(r#"country = "Italy" or saved "riviera""#)),
        ("riviera".to_owned(), read(r#"office in ("Nice", "Genoa")"#)),
    ]);
    let unfolded = unfold(&read(r#"saved "south" except guest"#), &saved).unwrap();
    assert_eq!(unfolded, read(r#"(country = "Italy" or office in ("Nice", "Genoa")) except guest"#));
    assert!(uses(&saved["south"], "riviera") && !uses(&saved["riviera"], "riviera"));
}

#[test]
fn saved_audiences_that_lead_nowhere_or_to_themselves_are_refused_with_their_path() {
    let read_all = |pairs: &[(&str, &str)]| -> BTreeMap<String, Expression> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), read(text))).collect()
    };
    let said = |text: &str, saved: &BTreeMap<String, Expression>| unfold(&read(text), saved).unwrap_err().to_string();
    let circle = read_all(&[("a", r#"guest or saved "b""#), ("b", r#"saved "c""#), ("c", r#"saved "b""#)]);
    assert_eq!(said(r#"saved "a""#, &circle), "saved audiences lead back to themselves: a → b → c → b");
    let gap = read_all(&[("a", r#"saved "b""#)]);
    assert_eq!(said(r#"saved "a""#, &gap), "nothing is saved under the name “b” (used by a)");
    assert_eq!(said(r#"saved "x""#, &gap), "nothing is saved under the name “x”");
    let doubled: BTreeMap<String, Expression> = (1..=20)
        .map(|number| (number.to_string(), read(&format!("saved \"{0}\" or saved \"{0}\"", number - 1))))
        .chain([("0".to_owned(), read("guest"))])
        .collect();
    assert_eq!(said(r#"saved "20""#, &doubled), "with all that is saved it has more than 500 sources");
    let chain: BTreeMap<String, Expression> = (1..=40)
        .map(|number| (number.to_string(), read(&format!("saved \"{}\"", number - 1))))
        .chain([("0".to_owned(), read("guest"))])
        .collect();
    assert_eq!(said(r#"saved "40""#, &chain), "more than 30 saved audiences use each other in a row");
}

#[test]
fn who_is_named_again_and_who_is_taken_away_is_told() {
    let sets = |source: &Source| {
        let people: &[i64] = match source {
            Source::Everyone => &[1, 2, 3, 4, 5, 6],
            Source::Flag(Flag::Guest) => &[2, 3],
            Source::Flag(Flag::Disabled) => &[3, 4],
            _ => &[5],
        };
        Ok::<_, Infallible>(people.iter().copied().map(RecipientKey).collect())
    };
    let meant = |text: &str| {
        let Ok(meant) = evaluate(&read(text), &mut { sets });
        [&meant.people, &meant.repeated, &meant.excluded]
            .map(|people| people.iter().map(|key| key.0).collect::<Vec<_>>())
    };
    assert_eq!(meant("guest or disabled"), [vec![2, 3, 4], vec![3], vec![]]);
    assert_eq!(meant("everyone except guest"), [vec![1, 4, 5, 6], vec![], vec![2, 3]]);
    // Taken away and named again: not missing, and named twice by nobody.
    assert_eq!(meant("everyone except guest or guest"), [vec![1, 2, 3, 4, 5, 6], vec![], vec![]]);
    // Outside the other set, nobody is taken away from anything.
    assert_eq!(meant("disabled and (everyone except guest)"), [vec![4], vec![], vec![3]]);
    assert_eq!(meant("everyone except (guest except disabled)"), [vec![1, 3, 4, 5, 6], vec![], vec![2]]);
    assert_eq!(meant("unlicensed except everyone"), [vec![], vec![], vec![5]]);
}

fn text() -> impl Strategy<Value = String> {
    // What stands in quotes is trimmed, and holds nothing that cannot be seen.
    "[a-zA-ZäÖ0-9\"'\\\\“”&(),.=-][a-zA-Z é\"\\\\]{0,8}".prop_map(|text| text.trim().to_owned())
}

fn source() -> impl Strategy<Value = Source> {
    let test = prop_oneof![
        prop::collection::vec(text(), 1..4).prop_map(Test::Is),
        Just(Test::Is(vec![String::new()])),
        text().prop_map(Test::StartsWith),
        text().prop_map(Test::Contains),
    ];
    let standing =
        prop::option::of((prop::sample::select(Standing::ALL), prop::option::of(prop::sample::select(Reason::ALL))));
    prop_oneof![
        Just(Source::Everyone),
        text().prop_map(Source::Group),
        text().prop_map(Source::Team),
        text().prop_map(Source::List),
        text().prop_map(Source::Saved),
        "[a-z]{1,8}@[a-z]{1,8}\\.example".prop_map(|name| Source::Person(Address::Name(name))),
        (0..i64::MAX, standing).prop_map(|(raw, standing)| Source::Broadcast {
            id: BroadcastId::from_i64(raw),
            standing: standing.map(|(standing, _)| standing),
            reason: standing.and_then(|(_, reason)| reason),
        }),
        (prop::sample::select(Attribute::ALL), test).prop_map(|(attribute, test)| Source::Attribute(attribute, test)),
        prop::sample::select(Flag::ALL).prop_map(Source::Flag),
    ]
}

fn expression() -> impl Strategy<Value = Expression> {
    source().prop_map(Expression::from).prop_recursive(6, 40, 2, |inner| {
        (0..3, inner.clone(), inner).prop_map(|(joint, one, other)| {
            let (one, other) = (Box::new(one), Box::new(other));
            match joint {
                0 => Expression::And(one, other),
                1 => Expression::Or(one, other),
                _ => Expression::Except(one, other),
            }
        })
    })
}

/// Pieces that are likely to stand in an expression, in any order.
fn scramble() -> impl Strategy<Value = String> {
    let pieces = [
        "everyone",
        "group",
        "\"Milan\"",
        "country",
        "=",
        "!=",
        "in",
        "(",
        ")",
        ",",
        "and",
        "or",
        "except",
        "broadcast",
        "06b3n9k1c2d4e",
        "failed",
        "because",
        "\"",
        "'",
        "“",
        "\\",
        "starts",
        "with",
        "ß",
        "\n",
        "+",
        "person",
        "\"a@b.example\"",
        "guest",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..20).prop_map(|pieces| pieces.join(" "))
}

/// Whom an expression means, one person at a time: the plainest reading there is.
fn is_meant(expression: &Expression, person: i64, sets: &BTreeMap<Source, BTreeSet<i64>>) -> bool {
    match expression {
        Expression::Source(source) => sets[source].contains(&person),
        Expression::And(one, other) => is_meant(one, person, sets) && is_meant(other, person, sets),
        Expression::Or(one, other) => is_meant(one, person, sets) || is_meant(other, person, sets),
        Expression::Except(one, other) => is_meant(one, person, sets) && !is_meant(other, person, sets),
    }
}

/// Whether anything misread is told of a place that is there.
fn points_within(text: &str, error: &Misread) -> bool {
    let line = text.split('\n').nth(error.line - 1).map(|line| line.chars().count());
    line.is_some_and(|characters| error.column <= characters + 1) && error.pointed.ends_with('^')
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(expression in expression()) {
        prop_assert_eq!(parse(&expression.to_string()), Ok(expression));
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_place_in_it(text in prop_oneof!["\\PC{0,60}", ".{0,60}", scramble()]) {
        match parse(&text) {
            Ok(expression) => prop_assert_eq!(parse(&expression.to_string()), Ok(expression)),
            Err(error) => prop_assert!(points_within(&text, &error), "{}", error),
        }
    }

    #[test]
    fn sets_agree_with_asking_one_person_at_a_time(
        expression in expression(),
        named in prop::collection::vec(prop::collection::btree_set(1..40_i64, 0..30), 1..8),
    ) {
        let sources = expression.sources().into_iter().cloned();
        let sets: BTreeMap<Source, BTreeSet<i64>> = sources.zip(named.iter().cycle().cloned()).collect();
        let look = |source: &Source| Ok::<_, Infallible>(sets[source].iter().copied().map(RecipientKey).collect());
        let Ok(meant) = evaluate(&expression, &mut { look });
        for person in 1..40 {
            let expected = is_meant(&expression, person, &sets);
            prop_assert_eq!(meant.people.has(RecipientKey(person)), expected, "{} and {}", &expression, person);
        }
        prop_assert!(meant.excluded.and(&meant.people).is_empty());
        prop_assert_eq!(meant.repeated.except(&meant.people).count(), 0);
    }
}

/// Texts that are kept: each was wrong once, or is of a kind that often is.
#[test]
fn the_kept_texts_are_read_or_refused_as_before() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/expressions");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let said = files.iter().map(|file| {
        let text = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
        let said = parse(&text).map_or_else(|error| format!("refused: {error}"), |read| format!("read: {read}"));
        format!("{}\n  {said}\n", file.file_name().unwrap().to_string_lossy())
    });
    let said: Vec<String> = said.collect();
    assert!(said.len() >= 12);
    insta::assert_snapshot!(said.concat());
}

#[test]
fn half_a_million_people_and_ten_sources_take_little_time_and_memory() {
    let people = 500_000;
    let sets: Vec<People> =
        (1..=10).map(|step| (1..=people).filter(|number| number % step != 1).map(RecipientKey).collect()).collect();
    let text = (0..10).map(|place| format!("list \"{place}\"")).collect::<Vec<_>>();
    let text = format!("({}) except {} and {}", text[..8].join(" or "), text[8], text[9]);
    let mut asked = 0;
    let began_at = SystemClock.monotonic();
    let Ok(meant) = evaluate(&read(&text), &mut |_: &Source| {
        asked += 1;
        Ok::<_, Infallible>(sets[asked - 1].clone())
    });
    let took = SystemClock.monotonic().saturating_since(began_at);
    println!("ten sources of half a million people: {} ms", took.as_millis());
    // Some ten milliseconds without optimisation; the rest is for a machine that has other things to do.
    assert!(asked == 10 && took < std::time::Duration::from_secs(1), "{took:?}");
    let expected = (1..=people).filter(|number| !(number % 9 != 1 && number % 10 != 1)).count() as u64;
    assert_eq!(meant.people.count(), expected);
    let bytes = sets.iter().map(People::bytes).max().unwrap();
    assert!(bytes < 100_000, "a set of half a million takes {bytes} bytes");
}
