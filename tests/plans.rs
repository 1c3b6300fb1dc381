//! The statements of every hour keep their plans on large tables: real Postgres, a history of weeks, `explain analyze`.
//!
//! One database is filled twice: first with the week that is being worked on, then with an older one. After each, every
//! statement is explained (and rolled back) with a plan made for its values and with the one plan for all values that a
//! long-lived connection ends up with. Three things are asserted: no large table is read from end to end, the pages
//! touched stay below the statement's bound, and they do not grow with the history.

use std::collections::BTreeMap;

use chrono::TimeZone;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::postgres::pool::PoolSettings;
use stentor::adapters::postgres::{PgStore, schema, statements};
use stentor::domain::ids::RoundId;

/// Tables that grow with people, rounds or history. The others hold a few rows for each worker or tenant.
const LARGE: [&str; 5] = ["audience", "attempt", "chunk", "group_member", "recipient"];
const ROUNDS_A_WEEK: i64 = 5;
/// People in each round; 250 a chunk.
const PEOPLE: i64 = 30_000;
/// A page touched more or less, for the index that grew by a level or a visibility check.
const SLACK: i64 = 60;

struct Bench {
    store: PgStore,
    // Dropped last: the database goes with it.
    _database: TestDatabase,
}

/// The first round of the week so many weeks ago. Its broadcast has the same number.
fn first_round(weeks_ago: i64) -> i64 {
    let now = chrono::Utc.timestamp_opt(1_800_000_000, 0).unwrap();
    RoundId::first_of_week(RoundId::new(now, 0).week() - weeks_ago) + 1
}

impl Bench {
    async fn sql(&self, sql: String) {
        let run = async |conn: &mut PgConnection| conn.execute(AssertSqlSafe(sql.as_str())).await;
        self.store.database().run("fill", run).await.unwrap();
    }

    /// 200,000 people in three tenants, the first of which works.
    async fn people(&self) {
        self.sql(
            "insert into directory_group (tenant_id, group_id, team, hidden, name)
             select 1, gen_random_uuid(), false, false, 'Group ' || n from generate_series(1, 200) n;
             insert into directory_group (tenant_id, group_id, team, hidden, name)
             values (1, '77777777-7777-4777-8777-777777777777', false, false, 'Milan');
             insert into group_member (tenant_id, group_id, recipient_id)
             select 1, '77777777-7777-4777-8777-777777777777', n from generate_series(1, 200) n;
             insert into group_member (tenant_id, group_id, recipient_id)
             select 1, g.group_id, n from directory_group g, generate_series(1, 500) n where g.name <> 'Milan';
             insert into worker (host, pid, process_started, alive_until) values ('here', 1, 1, 'infinity'), ('gone', 1, 1, '-infinity');
             insert into tenant (entra_tenant_id, app_id, lease_owner, lease_epoch)
             select gen_random_uuid(), gen_random_uuid(), 1, 1 from generate_series(1, 3);"
                .to_owned(),
        )
        .await;
        // In parts: the words of everybody at once take longer than one statement may.
        for first in (1..=200_000).step_by(20_000) {
            let last = first + 19_999;
            self.sql(format!(
                "insert into recipient (tenant_id, guest, enabled, licensed, entra_id, kept_at, user_principal_name, display_name, mail,
               conversation_id)
             select case when n <= 120000 then 1 when n <= 180000 then 2 else 3 end, false, true, true,
               lpad(to_hex(n), 32, '0')::uuid, now(), 'Person' || n || '@contoso.example', 'Person ' || n,
               'mail' || n || '@contoso.example', '19:' || n || '@thread.v2'
             from generate_series({first}, {last}) n"
            ))
            .await;
        }
        self.sql(
            "-- The bot was told of one in ten, of a few of them just now.
             update recipient
             set service_url = 'https://smba.example/', told_at = now(),
               heard_at = now() - case when recipient_id % 10000 = 0 then interval '0' else interval '1 day' end
             where recipient_id % 10 = 0"
                .to_owned(),
        )
        .await;
    }

    /// A week of rounds, two attempts for each person. The last round of this week is running: a third of its chunks is
    /// finished, four are claimed (two of them by the dead), the others are ready. Another round is being expanded.
    async fn week(&self, weeks_ago: i64) {
        let (first, week) = (first_round(weeks_ago), RoundId::from_i64(first_round(weeks_ago)).week());
        let (from, to) = (RoundId::first_of_week(week), RoundId::first_of_week(week + 1));
        let part = |table: &str, storage: &str| {
            format!(
                "create table {table}_w{week} (like {table} including defaults including constraints) {storage};
                 alter table {table} attach partition {table}_w{week} for values from ({from}) to ({to});"
            )
        };
        self.sql(part("audience", "") + &part("attempt", "") + &part("chunk", "with (fillfactor = 50)")).await;
        let (last, running) = (first + ROUNDS_A_WEEK - 1, weeks_ago == 0);
        self.sql(format!(
            "insert into broadcast (tenant_id, broadcast_id, state, urgent, when_in_doubt, audience, deadline_at, created_at,
               started_at, finished_at, title, content)
             select 1, n, case when n = {last} and {running} then 'running' else 'done' end, false, 'hold', 'everyone', now(), now(),
               now(), case when n = {last} and {running} then null else now() end, 'News', '{{}}'
             from generate_series({first}, {last}) n;
             insert into round (tenant_id, round_id, broadcast_id, kind, state, targeted, expanded_through, created_at, finished_at)
             select 1, n, n, 'send', case when n = {last} and {running} then 'running' else 'done' end, {PEOPLE}, {PEOPLE}, now(),
               case when n = {last} and {running} then null else now() end
             from generate_series({first}, {last}) n;
             insert into audience (tenant_id, round_id, ordinal, recipient_id)
             select 1, r, o, 1 + o * 3 from generate_series({first}, {last}) r, generate_series(0, {PEOPLE} - 1) o;
             insert into attempt (tenant_id, round_id, ordinal, attempt, epoch, step, outcome, settles, reason, request_id,
               started_at, ended_at)
             select 1, r, o, a, 1, a + 2, case a when 1 then 15 else 2 end,
               case when a = 1 then null when o % 50 = 0 then 2 else 1 end,
               case when a = 2 and o % 50 = 0 then 'not_found' end, gen_random_uuid(), now(), now()
             from generate_series({first}, {last}) r, generate_series(0, {PEOPLE} - 1) o, generate_series(1, 2) a;
             insert into chunk (tenant_id, round_id, number, first_ordinal, size, epoch, flush_number, state, owner, sent, failed,
               open, settled)
             select 1, r, c, c * 250, 250, 1, 9, s.state, case when s.state = 1 then 1 + c % 2 end,
               case when s.state = 2 then 245 else 0 end, case when s.state = 2 then 5 else 0 end,
               decode(repeat('00', 32), 'hex'), decode(case when s.state = 2 then repeat('ff', 31) || '03' else repeat('00', 32) end, 'hex')
             from generate_series({first}, {last}) r, generate_series(0, {PEOPLE} / 250 - 1) c,
               lateral (select case when r < {last} or not {running} or c < 40 then 2 when c < 44 then 1 else 0 end as state) s"
        ))
        .await;
        if running {
            let next = last + 1;
            self.sql(format!(
                "insert into broadcast (tenant_id, broadcast_id, state, urgent, when_in_doubt, audience, deadline_at, created_at, title,
                   content)
                 values (1, {next}, 'expanding', false, 'hold', 'everyone', now(), now(), 'More', '{{}}');
                 insert into round (tenant_id, round_id, broadcast_id, kind, state, created_at)
                 values (1, {next}, {next}, 'send', 'expanding', now())"
            ))
            .await;
        }
        self.sql("vacuum analyze".to_owned()).await;
    }

    /// Explains every statement in a transaction of its own, which is rolled back.
    async fn explain_all(&self, plan_for: &str) -> BTreeMap<&'static str, Touched> {
        let mut touched = BTreeMap::new();
        for Hot { name, values, .. } in hot() {
            let sql = statements().find(|sql| sql.trim_start().lines().next() == Some(&format!("-- {name}")));
            let sql = sql.unwrap_or_else(|| panic!("there is no statement {name}"));
            let explain = format!("explain (analyze, buffers, format json) execute hot({values})");
            let document: Value = self
                .store
                .database()
                .run("explain", async |conn| {
                    let begin =
                        format!("begin; set local plan_cache_mode = force_{plan_for}_plan; prepare hot as {sql}");
                    conn.execute(AssertSqlSafe(begin)).await?;
                    let row = conn.fetch_one(sqlx::raw_sql(AssertSqlSafe(explain))).await?;
                    let document = row.try_get(0)?;
                    conn.execute("rollback; deallocate hot").await?;
                    Ok(document)
                })
                .await
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            touched.insert(name, Touched::by(&document[0]["Plan"]));
        }
        touched
    }
}

/// What one execution touched.
#[derive(Debug)]
struct Touched {
    pages: i64,
    read_from_end_to_end: Vec<String>,
    /// Somebody is compared with one value after the other.
    compares_one_by_one: bool,
}

impl Touched {
    fn by(plan: &Value) -> Self {
        let pages_of = |node: &Value| {
            let pages = |key: &str| node[key].as_i64().unwrap_or(0);
            pages("Shared Hit Blocks") + pages("Shared Read Blocks")
        };
        // What nobody reads from (an insert beside the rest) runs after the top of the plan and is not in its sum.
        let mut pages = pages_of(plan);
        let (mut read_from_end_to_end, mut compares_one_by_one) = (Vec::new(), false);
        visit(plan, &mut |node| {
            if node["Node Type"] == "ModifyTable" {
                pages += pages_of(node);
            }
            let of = node["Relation Name"].as_str().unwrap_or_default();
            let large = LARGE.iter().any(|table| of == *table || of.starts_with(&format!("{table}_w")));
            // What is planned and never run (a partition that was pruned while running) reads nothing.
            let ran = node["Actual Loops"].as_f64().unwrap_or(0.0) > 0.0;
            if large && ran && node["Node Type"] == "Seq Scan" {
                read_from_end_to_end.push(of.to_owned());
                compares_one_by_one |= node["Filter"].as_str().is_some_and(|filter| filter.contains(" ANY ("));
            }
        });
        Self { pages, read_from_end_to_end, compares_one_by_one }
    }
}

fn visit(node: &Value, see: &mut impl FnMut(&Value)) {
    see(node);
    node["Plans"].as_array().into_iter().flatten().for_each(|child| visit(child, see));
}

/// A statement, the values it is run with, and how many pages it may touch.
struct Hot {
    name: &'static str,
    values: String,
    pages: i64,
    /// It is asked of everybody whom the directory knows, once.
    of_everybody: bool,
}

fn hot() -> Vec<Hot> {
    let hot = |name, pages, values: String| Hot { name, values, pages, of_everybody: false };
    let of_everybody = |name, pages, values: String| Hot { of_everybody: true, ..hot(name, pages, values) };
    let milan = "'77777777-7777-4777-8777-777777777777'";
    let round = first_round(0) + ROUNDS_A_WEEK - 1;
    let next = round + 1;
    let bits = "decode(repeat('00', 32), 'hex')";
    let chunks = format!(
        "array[{round}, {round}], array[40, 42], array[1, 1], array[10, 10], array[{bits}, {bits}], array[{bits}, {bits}],
         array[false, false], array[0, 0], array[0, 0], array[0, 0], array[0, 0]"
    );
    // A hundred facts of chunk 40, and as many routes.
    let every = |from: i64, one: &dyn Fn(i64) -> String| {
        format!("array[{}]", (from..from + 100).map(one).collect::<Vec<_>>().join(", "))
    };
    let same = |what: &str| every(0, &|_| what.to_owned());
    let numbers = every(10_000, &|n| n.to_string());
    let requests = every(0, &|n| format!("'{n:032x}'::uuid"));
    let nothing = "null::text";
    let facts = [
        same(&format!("{round}::bigint")),
        same("40"),
        numbers.clone(),
        same("7"),
        same("1"),
        same("4::smallint"),
        same("2::smallint"),
        same("null::smallint"),
        same(nothing),
        same("201::smallint"),
        requests.clone(),
        same("'1793610000123'"),
        same("now()"),
        same("now()"),
    ];
    let routes = [numbers.clone() + "::bigint[]", same("0::smallint"), same(nothing), same("'19:x'"), same(nothing)];
    let (facts, routes) = (facts.join(", "), routes.join(", "));
    let flush = format!("1, 1, {chunks}, {facts}, {routes}, now(), {}", same("false"));
    let names = every(1, &|n| format!("'person{n}@contoso.example'"));
    let ids = every(1, &|n| format!("'{n:032x}'::uuid"));
    let text = |of: &dyn Fn(i64) -> String| every(1, &|n| format!("'{}'", of(n)));
    let mails: Vec<String> = (1..=5000).map(|n| format!("'mail{n}@contoso.example'")).collect();
    let mails = format!("array[{}]", mails.join(", "));
    let keep_people = [
        ids.clone(),
        same("-1"),
        text(&|n| format!("Person {}", if n == 50 { 0 } else { n })),
        text(&|n| format!("Person{n}@contoso.example")),
        text(&|n| format!("mail{n}@contoso.example")),
        same("false"),
        same("true"),
        same("true"),
        same(nothing),
        same(nothing),
        same(nothing),
        same(nothing),
        same(nothing),
    ];
    let keep_people = format!("1, {}, true, now()", keep_people.join(", "));
    vec![
        hot("work_rounds", 40, "1".into()),
        hot("untold", 10, "1".into()),
        hot("lock_free_tenants", 40, "'{1, 2, 3}', 10, 1, '2 seconds'".into()),
        hot("held_by_others", 20, "'{1, 2, 3}', 1".into()),
        hot("count_free_tenants", 40, "'{1, 2, 3}', 1, '2 seconds'".into()),
        hot("take_tenants", 60, "1, '2 seconds', '{1}'".into()),
        hot("claim", 200, format!("1, 1, 1, {round}, 4, '{{40, 42}}'")),
        hot("members", 1200, format!("1, {round}, 10000, 10249")),
        hot("attempts", 120, format!("1, {round}, 10000, 10249")),
        hot("flush", 5000, flush),
        hot("standing", 40, format!("1, array[{round}, {round}], array[40, 42], array[1, 1], array[9, 9]")),
        hot("left_behind", 60, "1, 1, 1".into()),
        hot(
            "insert_doubt",
            60,
            format!("1, {round}, 10001, 2, 4::smallint, 'lease_ended', now(), 4::smallint, 10::smallint"),
        ),
        hot("settled_so_far", 20, format!("1, {round}, 10001")),
        hot("recount_late", 700, format!("1, {round}, 40")),
        hot("release_chunks_of", 200, "1, 1".into()),
        hot("miss_stale", 20, "1, now()".into()),
        hot("start_due", 20, "1".into()),
        hot("unlisted_round", 20, format!("1, {next}")),
        hot("waiting_audiences", 20, "1".into()),
        hot("finish_preparing", 80, "1, now()".into()),
        hot("doubted_left", 80, "1".into()),
        hot("finish_rounds", 80, "1, now()".into()),
        hot("finish_broadcasts", 120, "1, now()".into()),
        hot("finish_cancelled", 80, "1, now()".into()),
        // Ten pages a hundred people: each is written to the audience, and read in the directory.
        hot(
            "expand",
            50_000,
            format!("1, {next}, {next}, 0, 5000, 0, 250, 'everyone', false, null, null, null, false"),
        ),
        hot("progress", 160, format!("1, '{{{round}}}', 1")),
        // Five hundred people, and four ways into the attempts of each.
        hot("deliveries", 12_000, format!("1, {round}, 45000, 500, '{{send, retry}}', null")),
        // The same of those who would be told that it is withdrawn.
        hot("standing_of", 20_000, format!("1, {round}, 45000, 500, 9223372036854775807, 'chat', false")),
        // Sums over the facts of one broadcast: as many pages as those have, and no more.
        hot("reasons", 5000, format!("1, {round}, '{{send, retry}}', null")),
        // A page of people of whom nothing is new, and one person of whom something is.
        hot("keep_people", 1200, keep_people),
        hot("part_with_these", 60, "1, array[lpad(to_hex(7), 32, '0')::uuid], now()".into()),
        hot("find_groups", 20, "1, 'Milan'".into()),
        hot("groups", 20, "1".into()),
        hot("groups_read", 20, "1".into()),
        hot("group_members", 900, format!("1, {milan}")),
        hot("meet_group", 80, format!("1, {milan}, false, false, 'Milan', now()")),
        hot("keep_group", 1600, format!("1, {milan}, {ids}")),
        of_everybody("attribute_values", 12_000, "1, 'mail'".into()),
        of_everybody("people_of_values", 12_000, format!("1, 'mail', {mails}")),
        hot("find_people_by_id", 600, format!("1, {ids}")),
        hot("hear", 80, "1, '00000000000000000000000000000007'::uuid, now(), 'a:1', 'https://smba.example/'".into()),
        hot("chats_heard", 120, "1, now() - interval '1 second'".into()),
        hot("may_answer", 80, "1, '00000000000000000000000000000007'::uuid, '2 seconds', '10 minutes'".into()),
        hot("find_people_by_name", 1200, format!("1, {names}")),
        hot("lookup_passes", 120, format!("1, {round}, '{{send, retry}}', null, true")),
        hot("lookup_everybody", 20, format!("1, {round}, 20000, 50")),
        hot(
            "lookup_explained",
            600,
            format!("1, {round}, 10000, 50, '{{2, 3, 4, 5}}', '{{not_found, guest, set_aside}}'"),
        ),
        hot("lookup_unsettled", 80, format!("1, {round}, 10000, 50")),
        hot("lookup_at", 500, format!("1, {round}, {}", every(20_000, &|n| n.to_string()))),
        hot("lookup_reached", 80, format!("1, {round}, 0, 4096")),
        hot("lookup_reached_in", 700, format!("1, {round}, '{{0, 500}}', '{{250, 10000}}', 50")),
        // Fifteen looks for each of a hundred.
        hot("lookup_places", 8000, format!("1, array[{round}], array[{PEOPLE}], {numbers}::bigint[]")),
        hot("lookup_among", 400, format!("1, {round}, 3333, 3366, {numbers}::bigint[]")),
        // Each of the hundred who are called so is read, wherever she lies.
        hot("lookup_called", 1200, "1, '''1/person77'':*', 0, 100, '''1/person77'':*'".into()),
        hot("lookup_called_among", 600, format!("1, '''1/person1'':*', {numbers}::bigint[], 'person1'")),
        hot("lookup_rows", 2400, format!("1, {}, {numbers}, null, null", same(&format!("{round}::bigint")))),
        hot("lookup_person", 10, "1, '00000000000000000000000000000007'::uuid".into()),
        hot("lookup_tried", 20, format!("1, array[{round}], '{{10000}}', '{{send}}'")),
    ]
}

fn wrong(what: &BTreeMap<&'static str, Touched>) -> Vec<String> {
    let mut wrong = Vec::new();
    for Hot { name, pages, of_everybody, .. } in hot() {
        let touched = &what[name];
        if touched.compares_one_by_one {
            wrong.push(format!("{name} compares everybody with one value after the other"));
        }
        if touched.read_from_end_to_end.len() > usize::from(of_everybody) {
            wrong.push(format!("{name} reads {:?} from end to end", touched.read_from_end_to_end));
        }
        if touched.pages > pages {
            wrong.push(format!("{name} touches {} pages; {pages} are its bound", touched.pages));
        }
    }
    wrong
}

#[tokio::test]
async fn the_statements_of_every_hour_touch_little_and_no_more_with_a_longer_history() {
    let database = TestDatabase::create().await;
    let store = PgStore::new(database.connect_options(), PoolSettings::default());
    schema::migrate(store.database()).await.unwrap();
    let bench = Bench { store, _database: database };
    bench.people().await;
    bench.week(0).await;
    let first = bench.explain_all("custom").await;
    bench.week(1).await;
    let custom = bench.explain_all("custom").await;
    let generic = bench.explain_all("generic").await;
    for (name, touched) in &custom {
        println!(
            "{name}: {} pages, then {}, by the common plan {}",
            first[name].pages, touched.pages, generic[name].pages
        );
    }
    assert_eq!([wrong(&custom), wrong(&generic)], [Vec::<String>::new(), Vec::new()]);
    let grown = |(name, touched): (&&str, &Touched)| {
        let before = first[*name].pages;
        (touched.pages > before + before / 4 + SLACK).then(|| format!("{name}: {before} pages, then {}", touched.pages))
    };
    assert_eq!(custom.iter().filter_map(grown).collect::<Vec<_>>(), Vec::<String>::new());
}
