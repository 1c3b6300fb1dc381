use proptest::prelude::*;
use uuid::{Uuid, uuid};

use super::super::ids::EntraId;
use super::*;

const ID: &str = "55555555-5555-4555-8555-555555555555";
const ENTRA: &str = "userPrincipalName,displayName,surname,mail,givenName,id,userType,jobTitle,department,\
    accountEnabled,usageLocation,streetAddress,state,country,officeLocation,city,postalCode,telephoneNumber,\
    mobilePhone,alternateEmailAddress,ageGroup,consentProvidedForMinor,legalAgeGroupClassification,companyName,\
    creationType,directorySynced,invitationState,identityIssuer,createdDateTime";

fn read(text: &str) -> List {
    read_list(text.as_bytes()).unwrap()
}

fn people(list: &List) -> Vec<(u64, String)> {
    list.people.iter().map(|(line, who)| (*line, who.to_string())).collect()
}

fn named(names: &[(u64, &str)]) -> Vec<(u64, String)> {
    names.iter().map(|(line, name)| (*line, (*name).to_owned())).collect()
}

fn malformed(list: &List) -> Vec<(u64, &str, Flaw)> {
    list.malformed.iter().map(|row| (row.line, row.cell.as_str(), row.flaw)).collect()
}

fn refusal(bytes: &[u8]) -> String {
    read_list(bytes).unwrap_err().to_string()
}

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

#[test]
fn a_list_is_read_by_its_heading_and_each_person_once() {
    let list = read(&format!(
        "displayName,userPrincipalName\nAmélie,Amelie@contoso.example\nB,\nC,amelie@contoso.example\n{ID},{ID}\n"
    ));
    assert_eq!(people(&list), named(&[(2, "amelie@contoso.example"), (5, ID)]));
    assert_eq!(list.duplicates, [Repeat { line: 4, first_line: 2 }]);
    assert_eq!(malformed(&list), [(3, "", Flaw::Empty)]);
    assert_eq!(list.understood.to_string(), "UTF-8, separated by commas, by “userPrincipalName”");
}

#[test]
fn a_list_without_heading_names_one_person_a_line() {
    let list = read(&format!("\u{feff}{ID}\nnobody\n\nann@contoso.example"));
    assert_eq!(people(&list), named(&[(1, ID), (4, "ann@contoso.example")]));
    assert_eq!(malformed(&list), [(2, "nobody", Flaw::NotAnAddress)]);
    assert_eq!(list.understood.to_string(), "UTF-8, no heading, every address a person");
}

#[test]
fn headings_are_known_however_they_are_written() {
    for heading in
        ["UPN", "\"User Principal Name\"", "user_principal_name", "Object ID", "E-Mail", "e-mail address", " MAIL "]
    {
        let list = read(&format!("name;{heading}\nAnn;ann@contoso.example\n"));
        assert_eq!(people(&list), named(&[(2, "ann@contoso.example")]), "{heading}");
        assert_eq!(list.understood.heading_line, Some(1), "{heading}");
    }
}

#[test]
fn the_user_list_of_the_entra_admin_centre_is_read_by_id_then_principal_name_then_mail() {
    let rest = ",Member,,,True,CH,\"Bahnhofstrasse 1\r\n2. Stock\",ZH,,,Zürich,8001,,,private@home.example,,,,,,,,,";
    let list = read(&format!(
        "{ENTRA}\r\nann@contoso.example,\"Smith, Ann\",Smith,ann.smith@contoso.example,Ann,{ID}{rest}\r\n\
         bob@contoso.example,Bob,,,Bob,{rest}\r\n,Cyd,,cyd@contoso.example,Cyd,{rest}\r\n,Dan,,,Dan,{rest}\r\n"
    ));
    // Every row spans two lines, for the address does.
    assert_eq!(people(&list), named(&[(2, ID), (4, "bob@contoso.example"), (6, "cyd@contoso.example")]));
    assert_eq!(malformed(&list), [(8, "", Flaw::Empty)]);
    let understood = "UTF-8, separated by commas, by “id”, else “userPrincipalName”, else “mail”";
    assert_eq!(list.understood.to_string(), understood);
}

#[test]
fn the_bulk_forms_of_entra_begin_with_their_version() {
    let text = "version:v1.0\nName [displayName] Required,User principal name [userPrincipalName] Required\n\
        Example: Chris,Example: chris@contoso.com\nAnn,ann@contoso.example\n";
    let list = read(text);
    assert_eq!(people(&list), named(&[(4, "ann@contoso.example")]));
    assert_eq!(malformed(&list), [(3, "Example: chris@contoso.com", Flaw::NotAnAddress)]);
    let members =
        format!("version:v1.0\nMember object ID or user principal name [memberObjectIdOrUpn] Required\n{ID}\n");
    assert_eq!(people(&read(&members)), named(&[(3, ID)]));
}

#[test]
fn every_encoding_is_recognised() {
    let text = format!("name\tupn\r\nŁukasz 一\tann@contoso.example\r\nZoë\t{ID}\r\n");
    let mark = |text: &str| format!("\u{feff}{text}");
    let written = [
        (text.clone().into_bytes(), Encoding::Utf8),
        (mark(&text).into_bytes(), Encoding::Utf8),
        (utf16(&text, u16::to_le_bytes), Encoding::Utf16Le),
        (utf16(&mark(&text), u16::to_le_bytes), Encoding::Utf16Le),
        (utf16(&text, u16::to_be_bytes), Encoding::Utf16Be),
        (utf16(&mark(&text), u16::to_be_bytes), Encoding::Utf16Be),
        (
            b"name\tupn\nZo\xeb\tann@contoso.example\n\t55555555-5555-4555-8555-555555555555".into(),
            Encoding::Windows1252,
        ),
    ];
    for (bytes, encoding) in written {
        let list = read_list(&bytes).unwrap();
        assert_eq!(people(&list), named(&[(2, "ann@contoso.example"), (3, ID)]), "{encoding}");
        assert_eq!((list.understood.encoding, list.understood.separator), (encoding, Some('\t')));
        assert_eq!(list.understood.notes().len(), usize::from(encoding == Encoding::Windows1252));
    }
}

#[test]
fn any_line_end_counts_as_one_line() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["upn", "", "ann@contoso.example", "\"x", "y\"", "bob@contoso.example"].join(end);
        let list = read(&text);
        assert_eq!(people(&list), named(&[(3, "ann@contoso.example"), (6, "bob@contoso.example")]), "{end:?}");
    }
}

#[test]
fn a_quote_that_nobody_closes_costs_its_own_line_only() {
    let text = "upn,name\nann@contoso.example,\"Ann\nbob@contoso.example,Bob\ncyd@contoso.example,\"Cyd\"\n\
        dan@contoso.example,\"Dan\" the man\neve@contoso.example,\"Eve\n";
    let list = read(text);
    let found = [(3, "bob@contoso.example"), (4, "cyd@contoso.example"), (5, "dan@contoso.example")];
    assert_eq!(people(&list), named(&found));
    let flawed: Vec<_> = list.malformed.iter().map(|row| (row.line, row.flaw)).collect();
    assert_eq!(flawed, [(2, Flaw::OpenQuote), (6, Flaw::OpenQuote)]);
}

#[test]
fn people_are_pasted_as_mail_programs_write_them() {
    let all = [(1, "ann@x.example"), (1, "bob@x.example"), (1, "cyd@x.example")];
    for text in [
        "ann@x.example, bob@x.example, cyd@x.example",
        "ann@x.example;bob@x.example;cyd@x.example;",
        "ann@x.example bob@x.example\tcyd@x.example",
        "Smith, Ann <ann@x.example>; Jones, Bob <bob@x.example>; Cyd <CYD@x.example>",
        "\"Smith, Ann\" <ann@x.example>, 'bob@x.example' <bob@x.example>, cyd@x.example",
        "Ann Smith <mailto:ann@x.example>; <bob@x.example>; Cyd cyd@x.example",
    ] {
        assert_eq!(people(&read(text)), named(&all), "{text}");
        assert!(read(text).malformed.is_empty(), "{text}");
    }
    let lines = read("Smith, Ann <ann@x.example>\nnot me\nBob <bob@x>\ncyd@x.example, nonsense\nann@x.example");
    assert_eq!(people(&lines), named(&[(1, "ann@x.example"), (4, "cyd@x.example")]));
    let cells: Vec<_> = lines.malformed.iter().map(|row| (row.line, row.cell.as_str())).collect();
    assert_eq!(cells, [(2, "not me"), (3, "bob@x"), (4, "nonsense")]);
    assert_eq!(lines.duplicates, [Repeat { line: 5, first_line: 1 }]);
}

#[test]
fn a_line_with_several_people_below_others_with_one_loses_nobody() {
    let list = read("ann@x.example\nbob@x.example\ncyd@x.example; dan@x.example\n");
    assert_eq!(list.people.len(), 4);
    let headed = read("name,mail\nAnn,ann@x.example\nBob,bob@x.example,cyd@x.example\n");
    assert_eq!(malformed(&headed), [(3, "cyd@x.example", Flaw::BesideTheTable)]);
}

#[test]
fn a_table_without_heading_is_read_by_the_column_that_names_people() {
    let list = read(&format!("Smith, Ann;HR;ann@x.example\nJones, Bob;IT;bob@x.example\nNobody;IT;\nEve;IT;{ID}\n"));
    assert_eq!(people(&list), named(&[(1, "ann@x.example"), (2, "bob@x.example"), (4, ID)]));
    assert_eq!(malformed(&list), [(3, "", Flaw::Empty)]);
    assert_eq!(list.understood.to_string(), "UTF-8, separated by semicolons, no heading, by column 3");
    let ids = [1, 2].map(|number| format!("p{number}@x.example,{},N", Uuid::from_u128(number))).join("\n");
    let ids = read(&ids);
    assert!(matches!(ids.people[0].1, Address::Id(_)));
    assert_eq!(ids.understood.columns, ["column 2", "column 1"]);
}

#[test]
fn the_separator_may_be_declared_and_a_title_may_stand_above_the_heading() {
    let list = read("sep=;\nid;mail\n;ann@x.example\n");
    assert_eq!((people(&list), list.understood.separator), (named(&[(3, "ann@x.example")]), Some(';')));
    let titled = read("Staff of Zürich\n\nname,mail\nAnn,ann@x.example\n");
    assert_eq!((people(&titled), titled.understood.heading_line), (named(&[(4, "ann@x.example")]), Some(3)));
}

#[test]
fn an_address_is_bared_of_what_is_around_it_and_no_two_run_together() {
    let id = Some(Address::Id(EntraId(uuid!("55555555-5555-4555-8555-555555555555"))));
    assert_eq!(Address::parse(&format!("\u{a0}{}\u{200b}", ID.to_uppercase())), id);
    assert_eq!(Address::parse(&format!("{{{ID}}}")), id);
    let guest = "ann_fabrikam.example#EXT#@contoso.example";
    assert_eq!(Address::parse(guest), Some(Address::Name(guest.to_lowercase())));
    for cell in ["a@x.y;b@x.y", "a@b@x.y", "a@x", "a@.y", "a@x..y", "@x.y", "a b@x.y", "\u{fffd}a@x.y", "a@x.y/z", ""] {
        assert_eq!(Address::parse(cell), None, "{cell}");
    }
    assert_eq!(Address::parse(&format!("{}@x.example", "a".repeat(320))), None);
}

#[test]
fn what_is_no_list_is_refused_with_its_cure() {
    assert!(refusal(b"upn\n").contains("names nobody"));
    assert!(refusal(b"").contains("names nobody"));
    assert!(refusal(b"PK\x03\x04xlsx").contains("is an Excel workbook or an archive. Save the list as CSV in UTF-8"));
    assert!(refusal(b"\x7fELF\0\0\x01\0\x02\0\x03").contains("is not text"));
    let page = refusal(b"<!DOCTYPE html>\n<html>Sign in</html>");
    assert!(page.contains("names nobody; line 1 holds “<!DOCTYPE html>”: neither an object id nor"), "{page}");
    let long = "a@x.example\n".repeat(LIST_LINES_MAX as usize + 1);
    assert!(refusal(long.as_bytes()).contains("has more than 2000000 lines"));
}

/// What lists are made of, so that chance meets the interesting places.
fn scraps() -> impl Strategy<Value = Vec<u8>> {
    let scraps = [
        "upn",
        "id",
        "a@x.y",
        "b@x.y",
        ID,
        "\"",
        "\"\"",
        ",",
        ";",
        "\t",
        " ",
        "\n",
        "\r",
        "\r\n",
        "<",
        ">",
        "sep=;",
        "version:v1.0",
        "\u{feff}",
        "é",
        "\0",
        "@",
    ];
    let scraps = prop::collection::vec(prop::sample::select(scraps.to_vec()), 0..40).prop_map(|parts| parts.concat());
    let encoded = (scraps, 0..3).prop_map(|(text, how)| match how {
        0 => text.into_bytes(),
        1 => utf16(&text, u16::to_le_bytes),
        _ => utf16(&text, u16::to_be_bytes),
    });
    prop_oneof![encoded, prop::collection::vec(any::<u8>(), 0..300)]
}

#[test]
fn the_kept_lists_are_read_or_refused_as_before() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/lists");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let said = files.iter().map(|file| {
        let said = match read_list(&std::fs::read(file).unwrap()) {
            Ok(list) => format!("read: {:?}, malformed {:?}", people(&list), malformed(&list)),
            Err(refused) => format!("refused: {refused}"),
        };
        format!("{}\n  {said:.300}\n", file.file_name().unwrap().to_string_lossy())
    });
    insta::assert_snapshot!(said.collect::<String>());
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in scraps()) {
        if let Ok(list) = read_list(&bytes) {
            let lines = list.people.iter().map(|(line, _)| *line).collect::<Vec<_>>();
            prop_assert!(lines.is_sorted() && lines[0] > 0);
            prop_assert!(list.duplicates.iter().all(|repeat| repeat.first_line <= repeat.line));
        }
    }

    #[test]
    fn rows_stand_in_the_lines_where_an_editor_shows_them(text in "[ab\",\r\n]{0,60}") {
        let lines: Vec<_> = table::lines(&text).collect();
        for row in table::Rows::new(&text, ',') {
            let line = lines[row.line as usize - 1].1;
            let beginning = row.cells[0].split(['\r', '\n', '"']).next().unwrap_or_default();
            prop_assert!(line.trim_start_matches('"').starts_with(beginning), "{} {row:?}", line);
        }
    }
}
