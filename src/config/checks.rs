//! Turns the merged tree into [`Settings`] and finds values that contradict each other.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::reader::Reader;
use super::{
    AppHolder, BotKind, BotSettings, Cloud, CustomUrls, DatabaseSettings, DirectorySettings, HttpSettings, LogFormat,
    LogSettings, NetworkSettings, ProxySetting, RightsSettings, Settings, SignInSettings, TeamsSettings,
    TelemetrySettings, credentials, duration_text, replies, secret_in,
};
use crate::app::engine::{ChatRoad, EngineSettings};
use crate::domain::cloud::is_microsofts;
use crate::domain::lease::{Contradiction, LeaseTerms};
use crate::domain::pacing::Bucket;
use crate::domain::retry::RetryPolicy;

/// No ceiling, as `rights.author_reaches` says it.
const ANY: &str = "any";
/// No refreshing, as `directory.refresh_every` says it.
const NEVER: &str = "never";
/// Changes are told with a delay of seconds to minutes anyway.
const REFRESH_LEAST: Duration = Duration::from_secs(60);
/// No proxy, as `network.proxy` says it.
pub(super) const DIRECT: &str = "none";
/// A stop waits for the last answers, and then this long for the database.
const STOP_MARGIN: Duration = Duration::from_secs(5);

pub(super) fn settings(reader: &mut Reader) -> Settings {
    let (network, mut engine) = (network(reader), engine(reader));
    engine.stop_within = network.request_timeout + STOP_MARGIN;
    check_takeover(reader, &network, &engine.terms);
    let bot = bot(reader);
    if !bot.replies.is_empty() {
        make_room_for_replies(reader, &mut engine);
    }
    Settings {
        database: database(reader),
        data_dir: reader.file("data.dir").unwrap_or_else(|| {
            reader.refuse_together(&["data.dir"], "is empty", "Name a directory, such as \"data\".");
            "data".into()
        }),
        teams: teams(reader),
        bot,
        network,
        directory: directory(reader),
        engine,
        http: http(reader),
        sign_in: sign_in(reader),
        rights: RightsSettings {
            approve_above: reader.count_or("rights.approve_above", NEVER),
            author_reaches: reader.count_or("rights.author_reaches", ANY),
            admin_reaches: reader.count_or("rights.admin_reaches", ANY),
        },
        log: log(reader),
        telemetry: telemetry(reader),
    }
}

fn http(reader: &mut Reader) -> HttpSettings {
    let key = "http.public_url";
    let public_url = reader.url(key, &["https", "http"], "\"https://stentor.contoso.example\"");
    if public_url.as_ref().is_some_and(|url| url.path() != "/" || url.query().is_some()) {
        let problem = "names more than a host";
        reader.refuse_together(&[key], problem, "Write it as \"https://stentor.contoso.example\", without a path.");
    }
    HttpSettings {
        listen: reader.listen("http.listen"),
        public_url,
        time_limit: reader.duration("http.time_limit"),
        caller_rate: reader.quota("http.caller_rate"),
    }
}

fn sign_in(reader: &mut Reader) -> SignInSettings {
    let keys = ["sign_in.idle", "sign_in.session"];
    let [idle, session] = keys.map(|key| reader.duration(key));
    if idle > session {
        let problem = "is longer than sign_in.session";
        reader.refuse_together(&keys, problem, "Make it as long as the session at most.");
    }
    SignInSettings { session, idle }
}

fn database(reader: &mut Reader) -> DatabaseSettings {
    const KINDS: &[&str] = &["postgres", "postgresql"];
    let example = "\"postgres://stentor@db.example/stentor\"";
    let url = reader.url("database.url", KINDS, example).map(|url| SecretString::from(url.to_string()));
    let in_file = reader.file("database.url_file").and_then(|file| match secret_in(&file) {
        Ok(url) => Some(url),
        Err(problem) => {
            reader.refuse("database.url_file", problem, "Put the url alone into the file, and let this user read it.");
            None
        }
    });
    either(reader, "database.url", "database.url_file");
    DatabaseSettings {
        url: url.or(in_file),
        connections: reader.integer("database.connections", 2..=100) as u32,
        statement_timeout: reader.duration("database.statement_timeout"),
    }
}

/// Refuses two settings for one thing: a secret that is given in place and in a file.
pub(super) fn either(reader: &mut Reader, one: &str, other: &str) {
    if reader.is_given(one) && reader.is_given(other) {
        reader.refuse_together(&[one, other], format!("is given, and {other} too"), "Keep one of the two.");
    }
}

fn directory(reader: &mut Reader) -> DirectorySettings {
    let every = "directory.refresh_every";
    let refresh_every = (!reader.says(every, NEVER)).then(|| reader.duration(every));
    if refresh_every.is_some_and(|every| every < REFRESH_LEAST) {
        let problem = "is so often that the directory would ask us to wait";
        reader.refuse_together(&[every], problem, "Make it 1m or longer, or \"never\".");
    }
    DirectorySettings { refresh_every, fresh_for: reader.duration("directory.fresh_for") }
}

fn teams(reader: &mut Reader) -> TeamsSettings {
    let cloud = cloud(reader);
    let bot = &[("single_tenant", BotKind::SingleTenant), ("multi_tenant", BotKind::MultiTenant)];
    let tenant_id = reader.uuid("teams.tenant_id");
    let app_id = reader.uuid("teams.app_id");
    TeamsSettings {
        cloud,
        tenant_id,
        app_id,
        credential: credentials::credential(reader, app_id),
        manifest_id: reader.uuid("teams.manifest_id"),
        find_app_through: app_holder(reader),
        activity_type: reader
            .text("teams.activity_type", "\"announcementPublished\"")
            .unwrap_or_else(|| ACTIVITY_TYPE.to_owned()),
        login_url: own_url(reader, "teams.login_url"),
        bot_url: own_url(reader, "teams.bot_url"),
        bot: reader.choice("teams.bot", bot),
    }
}

/// What the manifest that comes with Stentor declares.
const ACTIVITY_TYPE: &str = "announcementPublished";

/// A host in place of the profile's. A custom cloud names its own in a section of its own.
fn own_url(reader: &mut Reader, key: &str) -> Option<Url> {
    let url = reader.url(key, &["https"], "\"https://host.example/path\"")?;
    if reader.says("teams.cloud", "custom") {
        let problem = "is given, but teams.cloud is \"custom\"";
        reader.refuse_together(&[key, "teams.cloud"], problem, "Remove it: the urls of [teams.custom] hold.");
    }
    Some(url)
}

/// Longer than any courtesy.
const REPLY_CHARACTERS_MAX: usize = 1000;

fn bot(reader: &mut Reader) -> BotSettings {
    let is_tag = |name: &str| {
        let sound = |part: &str| matches!(part.len(), 1..=8) && part.chars().all(|it| it.is_ascii_alphanumeric());
        name.len() >= 2 && name.split('-').all(sound)
    };
    let cure = "Write \"pt-BR\" = \"a text\" lines: the language's tag, and at most 1000 characters.";
    let own = reader.texts("bot.reply", REPLY_CHARACTERS_MAX, is_tag, cure);
    let replies = if reader.choice("bot.replies", &[("on", true), ("off", false)]) {
        replies::with(own)
    } else {
        if !own.is_empty() {
            let cure = "Set bot.replies = \"on\", or leave [bot.reply] out.";
            reader.refuse_together(&["bot.reply", "bot.replies"], "is given, but bot.replies is \"off\"", cure);
        }
        own
    };
    let public_url =
        reader.url("bot.public_url", &["https", "http"], "\"https://stentor.contoso.example/api/messages\"");
    BotSettings { replies, reply_every: reader.duration("bot.reply_every"), public_url }
}

/// Replies leave from `serve`, which does not know what a worker sends. So one request of each window is theirs, and the
/// quota holds over both.
fn make_room_for_replies(reader: &mut Reader, engine: &mut EngineSettings) {
    let Some(quota) = engine.quotas.get_mut(&Bucket::Send) else { return };
    match quota.requests {
        0 | 1 => {
            let problem = "leaves no room for announcements beside replies";
            reader.refuse_together(&["quotas.send", "bot.replies"], problem, "Raise it, or set bot.replies = \"off\".");
        }
        _ => quota.requests -= 1,
    }
}

fn app_holder(reader: &mut Reader) -> Option<AppHolder> {
    let (by_user, by_team) = ("teams.find_app_through_user", "teams.find_app_through_team");
    either(reader, by_user, by_team);
    let user = reader.text(by_user, "\"anna@contoso.example\"").map(AppHolder::User);
    let team = reader.uuid(by_team).map(AppHolder::Team);
    user.or(team)
}

const CUSTOM_KEYS: [&str; 3] = ["teams.custom.login_url", "teams.custom.graph_url", "teams.custom.bot_url"];
const IDENTITY_KEY: &str = "teams.custom.identity_url";

fn cloud(reader: &mut Reader) -> Cloud {
    let choices = ["global", "gcc", "gcc_high", "dod", "china", "custom"].map(|word| (word, word));
    let word = reader.choice("teams.cloud", &choices);
    let urls = CUSTOM_KEYS.map(|key| custom_url(reader, key));
    let identity = custom_url(reader, IDENTITY_KEY);
    if word != "custom" {
        let keys = CUSTOM_KEYS.iter().chain([&IDENTITY_KEY]);
        for (key, _) in keys.zip(urls.iter().chain([&identity])).filter(|(_, url)| url.is_some()) {
            let problem = format!("is given, but teams.cloud is \"{word}\"");
            reader.refuse_together(&[key, "teams.cloud"], problem, "Remove it, or set teams.cloud = \"custom\".");
        }
    }
    match word {
        "gcc" => Cloud::Gcc,
        "gcc_high" => Cloud::GccHigh,
        "dod" => Cloud::Dod,
        "china" => Cloud::China,
        "custom" => custom(reader, urls, identity).map_or(Cloud::Global, |urls| Cloud::Custom(Box::new(urls))),
        _ => Cloud::Global,
    }
}

fn custom(reader: &mut Reader, urls: [Option<Url>; 3], identity: Option<Url>) -> Option<CustomUrls> {
    for key in CUSTOM_KEYS {
        if !reader.is_given(key) {
            reader.refuse(key, "is not given, but teams.cloud is \"custom\"", "Give all three urls of [teams.custom].");
        }
    }
    let [login, graph, bot] = urls;
    Some(CustomUrls { login: login?, graph: graph?, bot: bot?, identity })
}

fn custom_url(reader: &mut Reader, key: &str) -> Option<Url> {
    let url = reader.url(key, &["http", "https"], "\"http://127.0.0.1:8090\"")?;
    let host = url.host_str().unwrap_or_default().to_lowercase();
    if is_microsofts(&host) && url.scheme() == "http" {
        reader.refuse(
            key,
            format!("sends secrets to {host} unencrypted"),
            "Write https, or choose the cloud by its name.",
        );
    }
    Some(url)
}

fn proxy(reader: &mut Reader) -> ProxySetting {
    if reader.says("network.proxy", DIRECT) {
        return ProxySetting::Direct;
    }
    let url = reader.url("network.proxy", &["http", "https"], "\"http://proxy.example:3128\"");
    url.map_or(ProxySetting::Environment, |url| ProxySetting::At(SecretString::from(url.to_string())))
}

fn network(reader: &mut Reader) -> NetworkSettings {
    let network = NetworkSettings {
        proxy: proxy(reader),
        extra_ca_file: reader.file("network.extra_ca_file"),
        connect_to: reader.addresses("network.connect_to"),
        connect_timeout: reader.duration("network.connect_timeout"),
        request_timeout: reader.duration("network.request_timeout"),
    };
    if let Some(file) = network.extra_ca_file.as_ref().filter(|file| !file.is_file()) {
        let problem = format!("“{}” is not a file", file.display());
        reader.refuse("network.extra_ca_file", problem, "Name a file in PEM, or leave it empty.");
    }
    if network.connect_timeout >= network.request_timeout {
        let problem = "is not shorter than network.request_timeout";
        let keys = ["network.connect_timeout", "network.request_timeout"];
        reader.refuse_together(&keys, problem, "A whole request cannot be shorter than its beginning.");
    }
    network
}

fn engine(reader: &mut Reader) -> EngineSettings {
    let engine = EngineSettings {
        terms: LeaseTerms {
            lease: reader.duration("engine.lease"),
            renew_every: reader.duration("engine.renew_every"),
            stop_before: reader.duration("engine.stop_before"),
            grace: reader.duration("engine.grace"),
        },
        poll_every: reader.duration("engine.poll_every"),
        flush_every: reader.duration("engine.flush_every"),
        flush_facts: reader.integer("engine.flush_facts", 1..=10_000) as usize,
        open_max: reader.integer("engine.open_max", 1..=10_000) as u32,
        chunk_size: reader.integer("engine.chunk_size", 1..=1000) as u32,
        expand_slice: reader.integer("engine.expand_slice", 1000..=500_000) as u32,
        probe_every: reader.duration("engine.probe_every"),
        tenants: reader.integer("engine.tenants", 1..=10_000) as u32,
        // Follows from the network's settings; see `settings`.
        stop_within: EngineSettings::default().stop_within,
        retry: retry(reader),
        quotas: Bucket::ALL
            .into_iter()
            .map(|bucket| (bucket, reader.quota(&format!("quotas.{}", bucket.name()))))
            .collect(),
        chat_quotas: reader.quotas("quotas.chat"),
        find_chat_through: reader
            .choice("teams.find_chat_through", &[("installation", ChatRoad::Installation), ("chats", ChatRoad::Chats)]),
    };
    engine.terms.contradictions().into_iter().for_each(|found| refuse_terms(reader, &engine.terms, found));
    engine
}

/// A request that was allowed to start may still spend the whole connect timeout before it reaches the wire. By then
/// nobody else may have taken over.
fn check_takeover(reader: &mut Reader, network: &NetworkSettings, terms: &LeaseTerms) {
    if terms.outlast(network.connect_timeout).is_err() {
        let spare = duration_text(terms.spare());
        let way = duration_text(network.connect_timeout);
        let problem = format!("{way} is not shorter than engine.stop_before and engine.grace together");
        let cure = format!("Make it shorter than {spare}: a late connection must not meet the next owner.");
        reader.refuse_together(&["network.connect_timeout", "engine.stop_before", "engine.grace"], problem, cure);
    }
}

fn refuse_terms(reader: &mut Reader, terms: &LeaseTerms, found: Contradiction) {
    let LeaseTerms { lease, renew_every, stop_before, .. } = *terms;
    match found {
        Contradiction::OneLateRenewalLosesIt => {
            let problem = format!("{} is not more than twice engine.renew_every", duration_text(lease));
            let twice = duration_text(renew_every * 2);
            let cure = format!("Make it longer than {twice}, so that one late renewal loses nothing.");
            reader.refuse_together(&["engine.lease", "engine.renew_every"], problem, cure);
        }
        Contradiction::NothingEverStarts => {
            let problem = format!("{} is not shorter than engine.lease", duration_text(stop_before));
            let cure = format!("Make it shorter than {}: otherwise no request ever starts.", duration_text(lease));
            reader.refuse_together(&["engine.stop_before", "engine.lease"], problem, cure);
        }
        Contradiction::NoTimeBetweenRenewals => {
            let problem = "leaves no time between two renewals";
            let cure = format!("Make it shorter than {}.", duration_text(lease.saturating_sub(renew_every)));
            reader.refuse_together(&["engine.stop_before", "engine.lease", "engine.renew_every"], problem, cure);
        }
        // Needs the network's settings: `check_takeover`.
        Contradiction::LateConnection => {}
    }
}

fn retry(reader: &mut Reader) -> RetryPolicy {
    let retry = RetryPolicy {
        first: reader.duration("retry.first"),
        longest: reader.duration("retry.longest"),
        tries: reader.integer("retry.tries", 1..=50) as u8,
        polls: reader.integer("retry.polls", 1..=20) as u8,
    };
    if retry.first > retry.longest {
        let cure = "Make it shorter than retry.longest, or that one longer.";
        reader.refuse_together(&["retry.first", "retry.longest"], "is longer than retry.longest", cure);
    }
    if retry.first < Duration::from_millis(100) {
        let problem = "tries again so soon that it adds to the trouble";
        reader.refuse_together(&["retry.first"], problem, "Make it 100ms or longer.");
    }
    retry
}

fn telemetry(reader: &mut Reader) -> TelemetrySettings {
    let endpoint = reader.url("telemetry.otlp_endpoint", &["http", "https"], "\"http://collector.example:4318\"");
    if endpoint.is_some() && !cfg!(feature = "otel") {
        let cure = "Leave it empty, or build with `cargo build --release --features otel`.";
        reader.refuse("telemetry.otlp_endpoint", "is given, but this program was built without OpenTelemetry", cure);
    }
    TelemetrySettings { otlp_endpoint: endpoint }
}

fn log(reader: &mut Reader) -> LogSettings {
    let format = reader.choice("log.format", &[("text", LogFormat::Text), ("json", LogFormat::Json)]);
    let filter = reader.text("log.filter", "\"info,stentor=debug\"");
    let filter = filter.filter(|text| {
        let parsed = tracing_subscriber::EnvFilter::builder().parse(text);
        if parsed.is_err() {
            reader.refuse(
                "log.filter",
                format!("“{text}” is not a log filter"),
                "Write it like \"info,stentor=debug\".",
            );
        }
        parsed.is_ok()
    });
    LogSettings { format, filter }
}
