//! One way of being broken, and what must be said about it.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};
use stentor::domain::cloud::{Cloud, CloudProfile};
use stentor::simulator::SecretState;
use stentor::simulator::world::BotState;

use crate::house::{House, closed_port};

type Breaks = for<'a> fn(&'a mut House) -> LocalBoxFuture<'a, ()>;

pub struct Row {
    pub name: &'static str,
    pub args: &'static [&'static str],
    pub breaks: Breaks,
    /// The line, how it ends, and words of where and of the cure.
    line: &'static str,
    verdict: &'static str,
    detail: &'static str,
    cure: &'static str,
}

impl Row {
    const fn warning(self) -> Self {
        Self { verdict: "warning", ..self }
    }

    const fn with(self, args: &'static [&'static str]) -> Self {
        Self { args, ..self }
    }

    pub fn check(&self, exit: i32, document: &Value) -> Result<(), String> {
        let checks = document["checks"].as_array().ok_or_else(|| format!("no document: {document}"))?;
        let check = checks.iter().find(|check| check["name"] == self.line);
        let check = check.ok_or_else(|| format!("no line is called {}", self.line))?;
        let details: Vec<&str> =
            check["places"].as_array().into_iter().flatten().filter_map(|place| place["detail"].as_str()).collect();
        let told = check["verdict"] == self.verdict
            && details.iter().any(|detail| detail.contains(self.detail))
            && check["cure"].as_str().is_some_and(|cure| cure.contains(self.cure));
        if !told {
            return Err(format!(
                "{} should be a {} with “{}” and “{}”",
                self.line, self.verdict, self.detail, self.cure
            ));
        }
        if exit != i32::from(document["sound"] == false) || (self.verdict == "failure" && exit != 1) {
            return Err(format!("exits with {exit}"));
        }
        Ok(())
    }
}

const fn row(
    name: &'static str,
    (line, detail, cure): (&'static str, &'static str, &'static str),
    breaks: Breaks,
) -> Row {
    Row { name, args: &[], breaks, line, verdict: "failure", detail, cure }
}

fn world(house: &House, change: impl FnOnce(&mut stentor::simulator::World)) {
    change(&mut house.teams.world().lock().unwrap());
}

/// Takes one permission away.
fn without(house: &House, role: &str) {
    world(house, |world| world.consent(role, false));
}

pub fn all() -> Vec<Row> {
    [credentials(), permissions(), app_and_bot(), surroundings(), webhook(), database(), person()]
        .into_iter()
        .flatten()
        .collect()
}

fn credentials() -> Vec<Row> {
    vec![
        row("a wrong secret", ("graph_token", "refuses the client secret", "the secret's value"), |house| {
            house.set("teams.client_secret", "not-this-one");
            std::future::ready(()).boxed_local()
        }),
        row("an expired secret", ("graph_token", "has expired", "Make a new secret"), |house| {
            world(house, |world| world.set_secret(SecretState::Expired));
            std::future::ready(()).boxed_local()
        }),
        row("no secret at all", ("settings", "teams.client_secret", "client secret"), |house| {
            house.unset("teams.client_secret");
            std::future::ready(()).boxed_local()
        }),
        row("a secret that ends tomorrow", ("credential", "days are left", "Make another client secret"), |house| {
            let tomorrow =
                stentor::ports::Clock::now(&stentor::adapters::system::SystemClock) + chrono::TimeDelta::days(2);
            house.set("teams.client_secret_expires", tomorrow.format("%Y-%m-%d").to_string());
            std::future::ready(()).boxed_local()
        })
        .warning(),
        row("a wrong tenant", ("graph_token", "does not know this tenant", "teams.tenant_id"), |house| {
            house.set("teams.tenant_id", "99999999-9999-4999-8999-999999999999");
            std::future::ready(()).boxed_local()
        }),
        row("a wrong app", ("graph_token", "does not know the app", "teams.app_id"), |house| {
            house.set("teams.app_id", "99999999-9999-4999-8999-999999999999");
            std::future::ready(()).boxed_local()
        }),
        row("a wrong kind of bot", ("bot", "refuses our token", "teams.bot"), |house| {
            house.set("teams.bot", "multi_tenant");
            std::future::ready(()).boxed_local()
        }),
        row("another cloud than the tenant's", ("graph_token", "does not know this tenant", "teams.cloud"), |house| {
            async move {
                let hosts = |cloud| CloudProfile::published(cloud).unwrap().hosts();
                let (theirs, ours) = (hosts(Cloud::GccHigh), hosts(Cloud::Global));
                *house = House::with([theirs, ours.clone()].concat()).await;
                under_names(house, &ours);
                house.set("teams.cloud", "global");
            }
            .boxed_local()
        }),
    ]
}

/// Leads `hosts` to the simulator, whose authority is trusted.
fn under_names(house: &mut House, hosts: &[String]) {
    for key in ["login_url", "graph_url", "bot_url"] {
        house.unset(&format!("teams.custom.{key}"));
    }
    let at = house.teams.address();
    let pairs: Vec<String> = hosts.iter().map(|host| format!("{host}={at}")).collect();
    let file = house.dir.path().join("ca.pem");
    std::fs::write(&file, house.teams.authority_pem().unwrap()).unwrap();
    house.set("network.connect_to", pairs.join(","));
    house.set("network.extra_ca_file", file.display().to_string());
    house.set("network.proxy", "none");
}

fn permissions() -> Vec<Row> {
    const GRANT: &str = "grant admin consent";
    vec![
        row(
            "no permission for apps",
            (
                "permission_apps",
                "POST /users/{id}/teamwork/installedApps",
                "TeamsAppInstallation.ReadWriteSelfForUser.All",
            ),
            |house| {
                without(house, "TeamsAppInstallation.ReadWriteSelfForUser.All");
                std::future::ready(()).boxed_local()
            },
        ),
        row("no permission for people", ("permission_directory", "GET /users/delta", "User.Read.All"), |house| {
            without(house, "User.Read.All");
            std::future::ready(()).boxed_local()
        }),
        row(
            "no permission for the catalogue",
            ("permission_catalogue", "GET /appCatalogs/teamsApps", "AppCatalog.Read.All"),
            |house| {
                without(house, "AppCatalog.Read.All");
                std::future::ready(()).boxed_local()
            },
        ),
        row(
            "no permission for groups that are used",
            ("permission_groups", "GET /groups", "GroupMember.Read.All"),
            |house| {
                async move {
                without(house, "GroupMember.Read.All");
                house.known().await;
                house
                    .sql("insert into directory_group (tenant_id, group_id, team, hidden, name) values (1, gen_random_uuid(), false, false, 'All')")
                    .await;
            }
            .boxed_local()
            },
        ),
        row("no permission at all", ("permission_apps", "nothing in the token", GRANT), |house| {
            let roles = house.teams.world().lock().unwrap().permissions();
            roles.iter().for_each(|role| without(house, role));
            std::future::ready(()).boxed_local()
        }),
    ]
}

fn app_and_bot() -> Vec<Row> {
    vec![
        row(
            "an app that is not in the catalogue",
            ("catalogue", "not in the organisation's Teams catalogue", "Upload the app package"),
            |house| {
                house.set("teams.manifest_id", "99999999-9999-4999-8999-999999999999");
                std::future::ready(()).boxed_local()
            },
        ),
        row("a bot that is not registered", ("bot", "not registered", "Create the Azure Bot"), |house| {
            world(house, |world| world.set_bot(BotState::Unregistered));
            std::future::ready(()).boxed_local()
        }),
        row("a bot that is disabled", ("bot", "disabled the bot", "Allow the app"), |house| {
            world(house, |world| world.set_bot(BotState::Disabled));
            std::future::ready(()).boxed_local()
        }),
    ]
}

fn surroundings() -> Vec<Row> {
    vec![
        row("a clock that is ten minutes off", ("clock", "s behind Microsoft's", "timedatectl"), |house| {
            async move { house.order("/_simulator/date", json!({"ahead_seconds": 600})).await }.boxed_local()
        }),
        row("a clock that is two minutes off", ("clock", "s ahead of Microsoft's", "timedatectl"), |house| {
            async move { house.order("/_simulator/date", json!({"ahead_seconds": -120})).await }.boxed_local()
        })
        .warning(),
        row("a login host that is not there", ("graph_token", "connect refused", "network.proxy"), |house| {
            house.set("teams.custom.login_url", format!("http://127.0.0.1:{}/login", closed_port()));
            std::future::ready(()).boxed_local()
        }),
        row(
            "an authority that is not trusted",
            ("graph_token", "certificate that we do not trust", "network.extra_ca_file"),
            |house| {
                async move {
                    let hosts = CloudProfile::published(Cloud::Global).unwrap().hosts();
                    *house = House::with(hosts.clone()).await;
                    under_names(house, &hosts);
                    house.set("teams.cloud", "global");
                    house.unset("network.extra_ca_file");
                }
                .boxed_local()
            },
        ),
        row("a quota that is raised", ("quotas", "quotas.send is 100/s of 50/s", "Set it back"), |house| {
            house.set("quotas.send", "100/s");
            std::future::ready(()).boxed_local()
        })
        .warning(),
    ]
}

fn webhook() -> Vec<Row> {
    vec![
        row("a webhook that cannot be reached", ("webhook", "does not answer", "http.listen"), |house| {
            house.set("bot.public_url", format!("http://127.0.0.1:{}/api/messages", closed_port()));
            std::future::ready(()).boxed_local()
        }),
        row("a webhook where somebody else answers", ("webhook", "with 404", "POST /api/messages"), |house| {
            house.set("bot.public_url", format!("{}/api/messages", house.teams.base_url()));
            std::future::ready(()).boxed_local()
        }),
        row(
            "replies that nobody can ask for",
            ("webhook", "bot.public_url is not set", "Set bot.public_url"),
            |house| {
                house.set("bot.replies", "on");
                std::future::ready(()).boxed_local()
            },
        )
        .warning(),
    ]
}

fn database() -> Vec<Row> {
    vec![
        row("a database that is gone", ("database", "database", "database.url"), |house| {
            house.set("database.url", format!("postgres://stentor@127.0.0.1:{}/stentor", closed_port()));
            std::future::ready(()).boxed_local()
        }),
        row(
            "a database that is read-only",
            ("database_writable", "default_transaction_read_only", "alter database"),
            |house| {
                async move {
                    let name = house.database.connect_options().get_database().unwrap().to_owned();
                    house.sql(&format!("alter database {name} set default_transaction_read_only = on")).await;
                }
                .boxed_local()
            },
        ),
        row(
            "commits that a power cut undoes",
            ("durability", "synchronous_commit is off", "postgresql.conf"),
            |house| {
                async move {
                    let name = house.database.connect_options().get_database().unwrap().to_owned();
                    house.sql(&format!("alter database {name} set synchronous_commit = off")).await;
                }
                .boxed_local()
            },
        ),
        row("no schema yet", ("schema", "no schema yet", "stentor migrate"), |house| {
            async move { house.sql("drop schema public cascade; create schema public").await }.boxed_local()
        }),
        row(
            "a schema that is newer",
            ("schema", "needs a program that knows schema 999", "the newer program"),
            |house| {
                async move { house.sql("update schema_compatibility set compatible_from = 999").await }.boxed_local()
            },
        ),
        row("tables of somebody else", ("database_permissions", "belongs to", "grant"), |house| {
            async move {
                let name = house.database.connect_options().get_database().unwrap().to_owned();
                let role = format!("guest_of_{name}");
                house.sql(&format!("create role {role} login superuser; alter role {role} nosuperuser; grant select on all tables in schema public to {role}")).await;
                let own = house.database.connect_options().get_username().to_owned();
                let url = house.database.url();
                house.set("database.url", url.replacen(&format!("{own}@"), &format!("{role}@"), 1).replacen(&format!("user={own}"), &format!("user={role}"), 1));
            }
            .boxed_local()
        }),
        row("a week that was lost", ("weeks", "chunk_w300 is not there", "backup"), |house| {
            async move {
                house.sql("create table audience_w300 partition of audience for values from (1) to (2); create table attempt_w300 partition of attempt for values from (1) to (2)").await;
            }
            .boxed_local()
        }),
        row("a tenant that is halted", ("halt", "administrator has disabled the bot", "Allow the app"), |house| {
            async move {
                house.known().await;
                house.sql("update tenant set halt_reason = 'bot_disabled', halted_at = now()").await;
            }
            .boxed_local()
        }),
        row("a bucket that rests", ("cooldowns", "send: not before", "lower the quota"), |house| {
            async move {
                house.known().await;
                house.sql("insert into bucket values (1, 'send', now() + interval '5 minutes', 0.5, now())").await;
            }
            .boxed_local()
        })
        .warning(),
    ]
}

fn person() -> Vec<Row> {
    vec![
        row("a test person whom nobody knows", ("test_person", "knows nobody called", "user principal name"), |_| {
            std::future::ready(()).boxed_local()
        })
        .with(&["--send-to", "nobody@contoso.example"]),
    ]
}
