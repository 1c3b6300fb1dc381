//! Settings that do not hold.

use crate::row::{Row, SECRET, row};

fn config(name: &str, file: &str) -> Row {
    row(name, &["config"]).file("stentor.toml", file)
}

pub fn rows() -> Vec<Row> {
    [keys(), values(), contradictions(), credentials()].into_iter().flatten().collect()
}

fn keys() -> Vec<Row> {
    vec![
        config("an unknown key", "[engine]\nchunksize = 10\n").bad("engine.chunksize", "not a setting", "chunk_size?"),
        config("an unknown section", "[teem]\nx = 1\n").bad("teem.x", "not a setting", "stentor config"),
        config("a section for a value", "engine = 7\n").bad("engine", "section, not a value", "Set its keys"),
        config("no TOML", "[engine\n").bad("stentor.toml", "line 1, column 8", "it must be TOML"),
        config("a secret without quotes", &format!("[teams]\nclient_secret = {SECRET}\n")).bad(
            "stentor.toml",
            "line 2, column 17",
            "it must be TOML",
        ),
        row("an unknown variable", &["config"]).with("STENTOR__TEAMS__BOTT", "x").bad(
            "STENTOR__TEAMS__BOTT",
            "not a setting",
            "STENTOR__TEAMS__BOT?",
        ),
        row("a variable with single underscores", &["config"]).with("STENTOR_LOG_FORMAT", "json").bad(
            "STENTOR_LOG_FORMAT",
            "not read by anything",
            "STENTOR__LOG__FORMAT",
        ),
        row("a settings file that is not there", &["config", "--config", "no.toml"]).bad(
            "no.toml",
            "is not there",
            "Name a file that exists",
        ),
        row("a directory for settings", &["config", "--config", "."]).bad(".", "is a directory", "Name a TOML file"),
    ]
}

fn values() -> Vec<Row> {
    let number = "[engine]\nchunk_size = ";
    vec![
        config("a wrong unit", "[engine]\nlease = \"10 parsecs\"\n").bad("engine.lease", "with a unit", "\"10s\""),
        config("no unit", "[engine]\nlease = 10\n").bad("engine.lease", "bare number", "in quotes"),
        config("refreshing too often", "[directory]\nrefresh_every = \"5s\"\n").bad(
            "directory.refresh_every",
            "is so often",
            "1m or longer",
        ),
        config("two ways to find the app", "[teams]\nfind_app_through_user = \"a@b.example\"\nfind_app_through_team = \"11111111-1111-4111-8111-111111111111\"\n")
            .bad("teams.find_app_through_user", "find_app_through_team too", "Keep one"),
        config("a quota of nothing", "[quotas]\nsend = \"0/s\"\n").bad("quotas.send", "1 to 1000000", "\"50/s\""),
        config("a quota in words", "[quotas]\nsend = \"fifty\"\n").bad("quotas.send", "in a window", "\"50/s\""),
        config("a number too small", &format!("{number}0\n")).bad("engine.chunk_size", "is 0", "from 1 to 1000"),
        config("a negative number", &format!("{number}-5\n")).bad("engine.chunk_size", "is -5", "from 1 to 1000"),
        config("a number too large", &format!("{number}100000\n")).bad("engine.chunk_size", "100000", "from 1 to 1000"),
        config("a number in quotes", &format!("{number}\"9\"\n")).bad("engine.chunk_size", "whole number", "quotes"),
        config("a tenant by name", "[teams]\ntenant_id = \"contoso\"\n").bad(
            "teams.tenant_id",
            "not a UUID",
            "\"11111111-",
        ),
        config("an unknown cloud", "[teams]\ncloud = \"azure\"\n").bad("teams.cloud", "not one of the choices", "gcc"),
        config("a port that is none", "[http]\nlisten = \"127.0.0.1:99999\"\n").bad(
            "http.listen",
            "0 to 65535",
            "\"127.0.0.1:8080\"",
        ),
        config("a filter that is none", "[log]\nfilter = \"info,=,\"\n").bad("log.filter", "not a log filter", "info"),
        config("a database that is no address", "[database]\nurl = \"db.example\"\n").bad(
            "database.url",
            "is not a url",
            "postgres://",
        ),
        config("another kind of database", &format!("[database]\nurl = \"mysql://u:{SECRET}@db.example/x\"\n")).bad(
            "database.url",
            "begins with mysql:",
            "postgres://",
        ),
        config("an authority that is not there", "[network]\nextra_ca_file = \"no.pem\"\n").bad(
            "network.extra_ca_file",
            "is not a file",
            "PEM",
        ),
        config("a host at no address", "[network.connect_to]\n\"x.example\" = \"there\"\n").bad(
            "network.connect_to",
            "is not an address",
            "10.0.0.7:443",
        ),
        config("a reply in no language", "[bot]\nreplies = \"on\"\n[bot.reply]\n\"in French\" = \"x\"\n").bad(
            "bot.reply",
            "no language tag",
            "pt-BR",
        ),
        config("a reply that is a number", "[bot]\nreplies = \"on\"\n[bot.reply]\nfr = 5\n").bad(
            "bot.reply",
            "no text",
            "pt-BR",
        ),
        config("replies to a quota of one", "[bot]\nreplies = \"on\"\n[quotas]\nsend = \"1/s\"\n").bad(
            "quotas.send",
            "no room",
            "bot.replies",
        ),
        config("replies of a silent bot", "[bot.reply]\nfr = \"Bonjour\"\n").bad(
            "bot.reply",
            "bot.replies is",
            "\"on\"",
        ),
        config("no data directory", "[data]\ndir = \"\"\n").bad("data.dir", "is empty", "\"data\""),
    ]
}

fn contradictions() -> Vec<Row> {
    let both = format!("[teams]\nclient_secret = \"{SECRET}\"\nclient_secret_file = \"there\"\n");
    vec![
        config("a lease that renewals cannot keep", "[engine]\nlease = \"4s\"\n").bad(
            "engine.lease",
            "twice engine.renew_every",
            "longer than 4s",
        ),
        config("a request shorter than its beginning", "[network]\nrequest_timeout = \"1s\"\n").bad(
            "network.connect_timeout",
            "not shorter than network.request_timeout",
            "shorter",
        ),
        config("a takeover during a connection", "[network]\nconnect_timeout = \"9s\"\n").bad(
            "network.connect_timeout",
            "engine.stop_before and engine.grace",
            "shorter than 4s",
        ),
        config("waits that shrink", "[retry]\nfirst = \"1h\"\n").bad(
            "retry.first",
            "longer than retry.longest",
            "Make",
        ),
        config(
            "a secret and a certificate",
            &format!("[teams]\nclient_secret = \"{SECRET}\"\ncertificate_file = \"c\"\n"),
        )
        .bad("teams.client_secret", "teams.certificate_file too", "one credential"),
        config("an unknown credential", "[teams]\ncredential = \"password\"\n").bad(
            "teams.credential",
            "not one of the choices",
            "workload_identity",
        ),
        config("two secrets", &both).bad("teams.client_secret", "teams.client_secret_file too", "Keep one"),
        config("two databases", "[database]\nurl = \"postgres://a@b.example/c\"\nurl_file = \"there\"\n")
            .file("there", "postgres://a@b.example/c")
            .bad("database.url", "database.url_file too", "Keep one"),
        config("a custom cloud without hosts", "[teams]\ncloud = \"custom\"\n").bad(
            "teams.custom.login_url",
            "is not given",
            "all three urls",
        ),
        config("hosts without a custom cloud", "[teams.custom]\nbot_url = \"http://127.0.0.1:1\"\n").bad(
            "teams.custom.bot_url",
            "teams.cloud is \"global\"",
            "teams.cloud = \"custom\"",
        ),
        config(
            "a secret sent in clear",
            "[teams]\ncloud = \"custom\"\n[teams.custom]\nlogin_url = \"http://login.microsoftonline.com\"\n",
        )
        .bad("teams.custom.login_url", "unencrypted", "Write https"),
    ]
}

fn credentials() -> Vec<Row> {
    let file = "STENTOR__TEAMS__CLIENT_SECRET_FILE";
    let field = "teams.client_secret_file";
    vec![
        row("no credentials", &["run"]).bad("teams.tenant_id", "this command needs it", "Microsoft Entra"),
        row("no app", &["broadcast", "list"]).bad("teams.app_id", "this command needs it", "client) id"),
        row("no secret", &["work"]).bad("teams.client_secret", "this command needs it", "Make a client secret"),
        row("a certificate that is not there", &["work"]).with("STENTOR__TEAMS__CERTIFICATE_FILE", "no").bad(
            "teams.certificate_file",
            "it is not there",
            "Let this user read it",
        ),
        row("an empty federated token", &["work"]).file("t", "").with("STENTOR__TEAMS__FEDERATED_TOKEN_FILE", "t").bad(
            "teams.federated_token_file",
            "is empty",
            "Let this user read it",
        ),
        row("no manifest", &["work"]).bad("teams.manifest_id", "this command needs it", "Teams app's manifest"),
        row("a secret file that is not there", &["run"]).with(file, "no").bad(
            field,
            "it is not there",
            "secret's value",
        ),
        row("an empty secret file", &["run"]).file("s", "\n").with(file, "s").bad(field, "is empty", "secret's value"),
        row("a directory for a secret", &["run"]).with(file, ".").bad(field, "it is a directory", "secret's value"),
        row("a database file that is not there", &["migrate"]).with("STENTOR__DATABASE__URL_FILE", "no").bad(
            "URL_FILE",
            "it is not there",
            "Put the url alone",
        ),
    ]
}
