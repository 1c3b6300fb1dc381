//! Audiences in words, by the real command line, a real Postgres and the simulated Teams: every figure is computed a
//! second time, person by person, from the organisation that the simulator made up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::system::SystemClock;
use stentor::ports::Clock;
use stentor::simulator::groups::Kind;
use stentor::simulator::people::{Person, Shares};
use stentor::simulator::{Simulator, SimulatorSettings};
use tempfile::TempDir;
use uuid::Uuid;

const PEOPLE: usize = 500;
const PATIENCE: Duration = Duration::from_secs(60);

struct House {
    simulator: Simulator,
    database: TestDatabase,
    dir: TempDir,
}

struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    fn document(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}\n{}", self.out, self.err))
    }
}

/// A worker process, which does not outlive the test.
struct Working(Child);

impl Drop for Working {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn house() -> House {
    let shares = Shares { disabled: 0.02, ..Shares::default() };
    let settings = SimulatorSettings { people: PEOPLE, shares, quota_factor: 0.0, ..SimulatorSettings::default() };
    let (tenant, app, manifest, secret) =
        (settings.tenant, settings.app, settings.external_id, settings.client_secret.clone());
    let simulator = Simulator::start(settings, Arc::new(SystemClock)).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (login, graph, bot) = (simulator.login_url(), simulator.graph_url(), simulator.bot_url());
    let text = format!(
        "[teams]\ncloud = \"custom\"\ntenant_id = \"{tenant}\"\napp_id = \"{app}\"\nclient_secret = \"{secret}\"\n\
         manifest_id = \"{manifest}\"\n[teams.custom]\nlogin_url = \"{login}\"\ngraph_url = \"{graph}\"\n\
         bot_url = \"{bot}\"\n"
    );
    std::fs::write(dir.path().join("stentor.toml"), text).unwrap();
    let house = House { simulator, database: TestDatabase::create().await, dir };
    assert_eq!(house.run(&["migrate"]).code, 0);
    house
}

impl House {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stentor"));
        command.current_dir(self.dir.path()).env_clear().env("STENTOR__DATABASE__URL", self.database.url());
        command.args(arguments).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        // The simulator answers from the other threads meanwhile.
        let output = tokio::task::block_in_place(|| self.command(arguments).output()).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn create(&self, words: &str, more: &[&str]) -> Ended {
        let said = ["broadcast", "create", "--now", "--title", "T", "--body", "B", "--json", "--audience-expr", words];
        self.run(&[&said, more].concat())
    }

    fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.dir.path().join(name), text).unwrap();
        name.to_owned()
    }

    fn work(&self) -> Working {
        let mut command = self.command(&["work"]);
        Working(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// What `show` says of a broadcast once it is over.
    fn at_its_end(&self, id: &str) -> Value {
        let give_up_at = SystemClock.monotonic() + PATIENCE;
        loop {
            let report = self.run(&["broadcast", "show", id, "--json"]).document();
            if report["state"] == "done" {
                return report;
            }
            assert!(SystemClock.monotonic() < give_up_at, "{report}");
        }
    }

    async fn turn_over(&self, turnover: Value) {
        let url = format!("{}/_simulator/directory/changes", self.simulator.base_url());
        let answer = reqwest::Client::new().post(url).json(&turnover).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// The organisation, and who belongs to its groups by the simulator's own reckoning.
    fn truth(&self) -> Truth {
        let world = self.simulator.world();
        let world = world.lock().unwrap();
        let people = world.organisation().people().iter().filter(|person| !person.has_left()).cloned().collect();
        let members = |id: Uuid| world.members_of(id).into_iter().collect();
        let mut groups = BTreeMap::new();
        for group in world.groups() {
            groups.insert(group.name.clone(), members(group.id));
            if group.kind == Kind::Team {
                groups.insert(format!("team {}", group.name), members(group.id));
            }
        }
        Truth { people, groups }
    }
}

struct Truth {
    people: Vec<Person>,
    groups: BTreeMap<String, BTreeSet<Uuid>>,
}

impl Truth {
    fn in_group(&self, name: &str, person: &Person) -> bool {
        self.groups[name].contains(&person.id)
    }
}

/// What an audience makes of one person.
#[derive(Clone, Copy)]
struct Judged {
    /// She is meant.
    meant: bool,
    /// Sources that were joined by `or` and name her.
    named: u32,
    /// She would be meant if nobody were taken away.
    whole: bool,
}

/// Meant by the one source, unless that is taken away again.
const fn one(named: bool, taken: bool) -> Judged {
    Judged { meant: named && !taken, named: named as u32, whole: named }
}

/// Meant by any of several.
fn any(named: &[bool]) -> Judged {
    let count = named.iter().filter(|named| **named).count() as u32;
    Judged { meant: count > 0, named: count, whole: count > 0 }
}

type Judge = fn(&Truth, &Person) -> Judged;

/// In words, and as a plain rule about one person.
const CASES: [(&str, Judge); 10] = [
    ("everyone", |_, _| one(true, false)),
    ("country = \"france\" except department = \"Sales\"", |_, person| {
        one(person.place.country == "France", person.department == "Sales")
    }),
    // A group within a group, a group that shares people with it, and a team that lies within both.
    ("group \"Works and Europe\" or group \"Manufacturing\" or team \"Lyon\"", |truth, person| {
        any(&["Works and Europe", "Manufacturing", "Lyon"].map(|name| truth.in_group(name, person)))
    }),
    // Two groups that are within each other.
    ("group \"Circle\" and group \"Square\" and group \"Europe\" except guest", |truth, person| {
        let all = ["Circle", "Square", "Europe"].iter().all(|name| truth.in_group(name, person));
        one(all, person.is_guest())
    }),
    // What is taken away is larger than what is left.
    ("team \"Lyon\" except (everyone except job_title = \"Engineer\")", |truth, person| {
        one(truth.in_group("Lyon", person), person.job_title != "Engineer")
    }),
    // A list with strangers, a repetition, and people whom another source names, too.
    ("list \"managers\" or department = \"Legal\"", |_, person| {
        any(&[person.number < 60, person.department == "Legal"])
    }),
    ("saved \"south\" except unlicensed", |_, person| {
        let south = ["Spain", "France"].contains(&person.place.country) || person.place.city == "Hamburg";
        one(south, !person.has_teams())
    }),
    ("language = \"fr\" or language in (\"de\", \"es-ES\")", |_, person| {
        let language = person.place.language;
        any(&[language.starts_with("fr"), language.starts_with("de") || language == "es-ES"])
    }),
    ("department != \"Finance\" and office starts with \"lyon\"", |_, person| {
        let in_lyon = person.office().starts_with("Lyon");
        Judged { meant: in_lyon && person.department != "Finance", named: 1, whole: in_lyon }
    }),
    ("name contains \"an\" and (disabled or mail contains \"ar\") except team \"Project Blue\"", |truth, person| {
        let named = person.display_name().to_lowercase().contains("an");
        let mail = person.mail().to_lowercase().contains("ar");
        let twice = u32::from(!person.is_enabled()) + u32::from(mail);
        let whole = named && twice > 0;
        Judged { meant: whole && !truth.in_group("team Project Blue", person), named: twice, whole }
    }),
];

/// The figures of a dry run, computed from the organisation alone.
fn figures(truth: &Truth, judge: Judge) -> Value {
    let judged: Vec<(&Person, Judged)> = truth.people.iter().map(|person| (person, judge(truth, person))).collect();
    let count =
        |is: &dyn Fn(&Person, Judged) -> bool| judged.iter().filter(|(person, judged)| is(person, *judged)).count();
    let barrier = |person: &Person| match () {
        () if person.is_guest() => Some("guest"),
        () if !person.is_enabled() => Some("account_disabled"),
        () if !person.has_teams() => Some("no_licence"),
        () => None,
    };
    let mut by_rule = BTreeMap::new();
    for (person, _) in judged.iter().filter(|(_, judged)| judged.meant) {
        if let Some(code) = barrier(person) {
            *by_rule.entry(code).or_insert(0) += 1;
        }
    }
    json!({
        "targeted": count(&|_, judged| judged.meant),
        "reachable": count(&|person, judged| judged.meant && barrier(person).is_none()),
        "left_out_by_rule": by_rule,
        "named_again": count(&|_, judged| judged.meant && judged.named > 1),
        "excluded": count(&|_, judged| judged.whole && !judged.meant),
    })
}

/// The same of a dry run's document.
fn told(document: &Value) -> Value {
    let keys = ["targeted", "reachable", "left_out_by_rule", "named_again", "excluded"];
    keys.iter().map(|key| ((*key).to_owned(), document[*key].clone())).collect::<serde_json::Map<_, _>>().into()
}

/// Sixty managers, one of them twice, and two strangers.
fn managers(truth: &Truth) -> String {
    let listed = truth.people.iter().filter(|person| person.number < 60);
    let lines: String = listed.map(|person| format!("{}\n", person.principal_name())).collect();
    format!("{lines}{}\nstranger@contoso.example\nother@contoso.example\n", truth.people[0].mail())
}

fn lines(file: &Path) -> usize {
    csv::Reader::from_path(file).unwrap().into_records().collect::<Result<Vec<_>, _>>().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_audiences_in_words_mean_whom_a_plain_rule_means() {
    let house = house().await;
    let truth = house.truth();
    let list = format!("managers={}", house.file("managers.csv", &managers(&truth)));
    let south = "country in (\"Spain\", \"France\") or team \"Hamburg\"";
    let saved = house.run(&["audience", "save", "south", south, "--json"]);
    assert_eq!(saved.code, 0, "{}{}", saved.out, saved.err);
    let mut telling = BTreeSet::new();
    let counted = house.run(&["audience", "check", "list \"managers\" or team \"Lyon\"", "--list", &list]);
    assert_eq!(counted.code, 0, "{}", counted.err);
    let in_lyon = |person: &&Person| truth.in_group("Lyon", person) && person.number >= 60;
    let people = 60 + truth.people.iter().filter(in_lyon).count();
    assert!(counted.out.starts_with(&format!("{people} people\n")), "{}", counted.out);
    assert!(
        counted.out.contains("Left out of “managers”: 2 unknown to the directory (lines 62, 63)."),
        "{}",
        counted.out
    );
    for (words, judge) in &CASES {
        let has_list = words.contains("list ");
        let named: &[&str] = if has_list { &["--list", &list, "--accept-partial"] } else { &[] };
        let folder = house.dir.path().join("left-out");
        let more = [&["--dry-run", "--lists", "left-out"], named].concat();
        let ended = house.create(words, &more);
        assert_eq!(ended.code, 0, "{words}\n{}{}", ended.out, ended.err);
        let document = ended.document();
        let expected = figures(&truth, *judge);
        assert_eq!(told(&document), expected, "{words}");
        for (code, count) in expected["left_out_by_rule"].as_object().unwrap() {
            assert_eq!(lines(&folder.join(format!("{code}.csv"))) as u64, count.as_u64().unwrap(), "{words}: {code}");
        }
        if expected["excluded"] != 0 {
            assert_eq!(lines(&folder.join("excluded.csv")) as u64, expected["excluded"].as_u64().unwrap(), "{words}");
        }
        if has_list {
            let list = &document["lists"]["managers"];
            let counts = ["unknown", "duplicates"].map(|kind| list[kind].as_array().unwrap().len());
            assert_eq!((counts, lines(&folder.join("lines.csv"))), ([2, 1], 3), "{list}");
        }
        let of = |key: &str| expected[key].as_u64().unwrap();
        telling.extend((of("named_again") > 0).then_some("named again"));
        telling.extend((of("excluded") > of("targeted")).then_some("more are taken away than left"));
        telling.extend((0 < of("excluded") && of("excluded") < of("targeted")).then_some("some are taken away"));
        telling.extend((of("reachable") < of("targeted")).then_some("some are left out by rule"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
    assert_eq!(telling.len(), 4, "the cases are too plain: {telling:?}");
    assert_eq!(house.run(&["broadcast", "list", "--json"]).document()["broadcasts"], json!([]), "nothing is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_whom_the_directory_does_not_name_yet_are_told_of_when_the_broadcast_is_created() {
    let house = house().await;
    assert_eq!(house.run(&["directory", "sync"]).code, 0);
    house.turn_over(json!({"join": 200})).await;
    let europe = &house.create("group \"Europe\"", &[]).document()["groups"][0];
    assert_eq!(europe["name"], "Europe");
    assert!(europe["outsiders"].as_u64().unwrap() > 0, "{europe}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_only_works_reads_the_directory_too() {
    let house = house().await;
    let _working = house.work();
    let give_up_at = SystemClock.monotonic() + PATIENCE;
    loop {
        let status = house.run(&["directory", "status", "--json"]).document();
        if status["read_at"].is_string() {
            assert!(status["people"].as_u64().unwrap() > 0, "{status}");
            break;
        }
        assert!(SystemClock.monotonic() < give_up_at, "{status}");
    }
}

/// What is wrong with an audience, as scripts see it.
fn fault(ended: &Ended) -> (i32, String, String) {
    let fault = &ended.document()["error"]["faults"][0];
    let text = |key: &str| fault[key].as_str().unwrap_or_default().to_owned();
    (ended.code, text("problem"), text("cure"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audience_of_nobody_or_of_what_is_not_there_is_refused_with_its_cure() {
    let house = house().await;
    let truth = house.truth();
    let list = format!("managers={}", house.file("managers.csv", &managers(&truth)));
    let in_lyon = truth.groups["Lyon"].len();
    let refused: [(&str, &[&str], String, &str); 11] = [
        (
            "team \"Lyon\" except group \"Europe\"",
            &[],
            format!("means nobody: team \"Lyon\" names {in_lyon};"),
            "spelling",
        ),
        ("country = \"Frnace\"", &[], "country = \"Frnace\" names 0".to_owned(), "spelling"),
        ("group \"Alumni\"", &[], "group \"Alumni\" names 0".to_owned(), "spelling"),
        ("group \"Project Blue\"", &[], "“Project Blue” is the name of 2 groups".to_owned(), "by its id"),
        ("group \"Works Council\"", &[], "are hidden".to_owned(), "Member.Read.Hidden"),
        ("group \"Nobody\"", &[], "no group or team of this organisation".to_owned(), "directory search"),
        ("team \"Sales\"", &[], "is a group without a team".to_owned(), "Write group \"Sales\""),
        ("saved \"nothing\"", &[], "nothing is saved under the name".to_owned(), "audience list"),
        ("list \"a\" or guest", &["--list", &list], "no file is given for it".to_owned(), "--list \"a=FILE\""),
        ("list \"managers\"", &["--list", &list], "2 lines have an address".to_owned(), "--accept-partial"),
        (
            "country = Italy",
            &[],
            "column 11: “Italy” stands without quotes".to_owned(),
            "country = Italy\n          ^\n",
        ),
    ];
    for (words, more, problem, cure) in refused {
        for dry in [&["--dry-run"][..], &[]] {
            let (code, said, way) = fault(&house.create(words, &[more, dry].concat()));
            assert!(code == 2 && said.contains(&problem) && way.contains(cure), "{words}: {code} {said} {way}");
        }
    }
    assert_eq!(house.run(&["broadcast", "list", "--json"]).document()["broadcasts"], json!([]), "nothing is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_frozen_is_who_was_told_and_a_difference_is_shown() {
    let house = house().await;
    let truth = house.truth();
    let (words, judge) = CASES[2];
    let dry = house.create(words, &["--dry-run"]).document();
    let id = house.create(words, &[]).document()["id"].as_str().unwrap().to_owned();
    let working = house.work();
    let report = house.at_its_end(&id);
    assert_eq!(report["progress"]["targeted"], dry["targeted"]);
    assert_eq!((&report["expected"], &report["audience"]["expression"]), (&dry["targeted"], &json!(words)));
    let export = house.run(&["broadcast", "export", &id]).out;
    let frozen: BTreeSet<Uuid> =
        csv::Reader::from_reader(export.as_bytes()).records().map(|row| row.unwrap()[0].parse().unwrap()).collect();
    let meant = truth.people.iter().filter(|person| judge(&truth, person).meant).map(|person| person.id);
    assert_eq!(frozen, meant.collect());
    drop(working);

    // Nobody works meanwhile: people join and leave between the hour of creation and the hour of freezing.
    let words = "everyone except guest";
    let created = house.create(words, &[]).document();
    house.turn_over(json!({ "join": 40, "leave": 15 })).await;
    let read = house.run(&["directory", "sync", "--json"]);
    assert_eq!(read.code, 0, "{}{}", read.out, read.err);
    let id = created["id"].as_str().unwrap();
    let working = house.work();
    let report = house.at_its_end(id);
    let there = house.truth().people.iter().filter(|person| !person.is_guest()).count() as u64;
    let expected = created["targeted"].as_u64().unwrap();
    assert_eq!((&report["progress"]["targeted"], &report["expected"]), (&json!(there), &json!(expected)));
    assert!(there > expected);
    let shown = house.run(&["broadcast", "show", id]).out;
    let told = format!("{there} people, {} more than when it was created\n", there - expected);
    assert!(shown.contains(&format!("for {words}\n{told}")), "{shown}");

    // Whoever was reached is a source of another audience.
    let sent = house.create(&format!("broadcast {id} sent"), &["--dry-run"]).document();
    assert_eq!(sent["targeted"], report["progress"]["sent"]);
    drop(working);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_at_its_hour_halts_the_broadcast_until_it_is_back() {
    let house = house().await;
    house.run(&["audience", "save", "south", "country = \"Spain\"", "--json"]);
    let id = house.create("saved \"south\"", &[]).document()["id"].as_str().unwrap().to_owned();
    let used = house.run(&["audience", "remove", "south"]);
    assert!(used.code == 2 && used.err.contains(&format!("is used by broadcast {id}")), "{}", used.err);
    // By a hand in the database, as there is no other way.
    let sql = "delete from saved_audience";
    let mut conn = <sqlx::PgConnection as sqlx::Connection>::connect(&house.database.url()).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    let working = house.work();
    let give_up_at = SystemClock.monotonic() + PATIENCE;
    let halted = loop {
        let report = house.run(&["broadcast", "show", &id, "--json"]).document();
        if report["state"] == "halted" {
            break report;
        }
        assert!(SystemClock.monotonic() < give_up_at, "{report}");
    };
    assert_eq!(halted["halt"]["reason"], "audience_gone");
    assert_eq!(halted["halt"]["detail"], "nothing is saved under the name “south”.");
    house.run(&["audience", "save", "south", "country = \"Spain\"", "--json"]);
    assert_eq!(house.run(&["broadcast", "resume", &id]).code, 0);
    let report = house.at_its_end(&id);
    assert_eq!(report["progress"]["targeted"], report["expected"]);
    drop(working);
}
