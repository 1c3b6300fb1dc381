use super::*;

fn environment(pairs: &[(&str, &str)]) -> Sources {
    let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sources { environment, ..Sources::default() }
}

fn file(text: &str) -> (tempfile::TempDir, Sources) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stentor.toml");
    std::fs::write(&path, text).unwrap();
    (dir, Sources { file: Some(path), ..Sources::default() })
}

fn fields(sources: &Sources, need: Need) -> Vec<String> {
    match Settings::load(sources, need) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.0.into_iter().map(|fault| fault.field).collect(),
    }
}

fn refused(text: &str) -> String {
    let (_dir, sources) = file(text);
    Settings::load(&sources, Need::Nothing).unwrap_err().to_string()
}

#[test]
fn the_defaults_are_complete_and_agree_with_the_engine() {
    let settings = Settings::defaults();
    let engine = EngineSettings::default();
    assert_eq!(EngineSettings { quotas: engine.quotas.clone(), ..settings.engine.clone() }, engine);
    assert_eq!(settings.teams.cloud, Cloud::Global);
    assert!(settings.database.url.is_none());
}

#[test]
fn every_default_is_explained() {
    let mut explained = false;
    for line in DEFAULTS.lines() {
        assert!(explained || !line.contains(" = ") || line.starts_with('#'), "no comment above: {line}");
        explained = line.starts_with('#');
    }
}

#[test]
fn the_example_is_read() {
    let (_dir, sources) = file(include_str!("../../config/example.toml"));
    let faults = fields(&sources, Need::Teams);
    // Its two secrets lie in files that only its reader has.
    assert_eq!(faults, ["database.url_file", "teams.client_secret_file"]);
}

#[test]
fn a_file_goes_before_the_defaults_and_the_environment_before_the_file() {
    let (_dir, mut sources) = file("[engine]\nlease = \"20s\"\nchunk_size = 64\n[data]\ndir = \"/srv\"\n");
    sources.environment = environment(&[("STENTOR__ENGINE__CHUNK_SIZE", "32")]).environment;
    let settings = Settings::load(&sources, Need::Nothing).unwrap();
    assert_eq!((settings.engine.terms.lease, settings.engine.chunk_size), (Duration::from_secs(20), 32));
    assert_eq!(settings.data_dir, Path::new("/srv"));
    sources.data_dir = Some("/tmp/there".into());
    assert_eq!(Settings::load(&sources, Need::Nothing).unwrap().data_dir, Path::new("/tmp/there"));
}

#[test]
fn every_fault_is_named_in_one_report() {
    let (_dir, mut sources) = file(
        r#"
        colour = "red"
        [engine]
        lease = 10
        flush_every = "100"
        chunk_size = 1001
        leese = "1s"
        [quotas]
        send = "fifty"
        [teams]
        tenant_id = "contoso"
        client_secret = "s"
        client_secret_file = "f"
        bot = "both"
        [nonsense]
        a = 1
        "#,
    );
    sources.environment = environment(&[
        ("STENTOR__HTTP__LISTEN", "8080"),
        ("STENTOR__HTTP__PORT", "1"),
        ("STENTOR_TEAMS_APP_ID", "x"),
        ("STENTOR_POSTGRES_BIN", "/usr/bin"),
    ])
    .environment;
    let report = Settings::load(&sources, Need::Nothing).unwrap_err().to_string();
    insta::assert_snapshot!(report);
}

#[test]
fn contradictions_are_refused() {
    let lease = refused("[engine]\nlease = \"4s\"\n");
    assert!(lease.starts_with("engine.lease: 4s is not more than twice engine.renew_every."), "{lease}");
    let stop = refused("[engine]\nstop_before = \"10s\"\n");
    assert!(stop.starts_with("engine.stop_before: 10s is not shorter than engine.lease."), "{stop}");
    assert!(refused("[engine]\nstop_before = \"8s\"\n").contains("leaves no time"));
    assert!(refused("[retry]\nfirst = \"1h\"\n").contains("longer than retry.longest"));
    assert!(refused("[network]\nconnect_timeout = \"1m\"\n").contains("not shorter than network.request_timeout"));
    assert!(
        refused("[network]\nconnect_timeout = \"4s\"\n").contains("a late connection must not meet the next owner")
    );
    let both = refused("[database]\nurl = \"postgres://a/b\"\nurl_file = \"/dev/null\"\n");
    assert!(both.contains("is empty"), "{both}");
}

#[test]
fn a_custom_cloud_needs_its_urls_and_no_other_has_them() {
    let missing = refused("[teams]\ncloud = \"custom\"\n[teams.custom]\ngraph_url = \"http://127.0.0.1:1\"\n");
    assert!(missing.contains("teams.custom.login_url") && missing.contains("teams.custom.bot_url"), "{missing}");
    assert!(!missing.contains("teams.custom.graph_url: "), "{missing}");
    let needless = refused("[teams.custom]\nlogin_url = \"https://login.example\"\n");
    assert!(needless.starts_with("teams.custom.login_url: is given, but teams.cloud is \"global\"."), "{needless}");
    let open = refused(
        "[teams]\ncloud = \"custom\"\n[teams.custom]\nlogin_url = \"http://login.microsoftonline.com\"\n\
                        graph_url = \"http://127.0.0.1:1\"\nbot_url = \"http://127.0.0.1:1\"\n",
    );
    assert!(open.starts_with("teams.custom.login_url: sends secrets"), "{open}");
}

#[test]
fn only_commands_that_talk_to_teams_ask_for_credentials() {
    let sources = Sources::default();
    assert_eq!(fields(&sources, Need::Nothing), [""; 0]);
    assert_eq!(fields(&sources, Need::Identity), ["teams.tenant_id", "teams.app_id"]);
    let all = ["teams.tenant_id", "teams.app_id", "teams.client_secret", "teams.manifest_id"];
    assert_eq!(fields(&sources, Need::Teams), all);
}

#[test]
fn a_secret_may_lie_in_a_file_and_never_shows() {
    let (dir, mut sources) = file("[network]\nproxy = \"http://me:hunter2@proxy.example\"\n");
    let secret = dir.path().join("secret");
    std::fs::write(&secret, "hunter2\n").unwrap();
    sources.environment = environment(&[
        ("STENTOR__TEAMS__TENANT_ID", "11111111-1111-4111-8111-111111111111"),
        ("STENTOR__TEAMS__APP_ID", "22222222-2222-4222-8222-222222222222"),
        ("STENTOR__TEAMS__MANIFEST_ID", "33333333-3333-4333-8333-333333333333"),
        ("STENTOR__TEAMS__CLIENT_SECRET_FILE", secret.to_str().unwrap()),
        ("STENTOR__DATABASE__URL", "postgres://stentor:hunter2@db.example/stentor"),
        ("STENTOR__NETWORK__CONNECT_TO", "graph.microsoft.com=10.0.0.7, login.microsoftonline.com=10.0.0.8:8443"),
    ])
    .environment;
    let (settings, effective) = Settings::load_with_origins(&sources, Need::Teams).unwrap();
    let credential = settings.teams().unwrap().credential;
    assert!(
        matches!(credential, CredentialSettings::Secret(SecretSettings { secret: Given::InFile(file), .. }) if file == secret)
    );
    assert_eq!(settings.network.connect_to["graph.microsoft.com"].to_string(), "10.0.0.7:0");
    let shown = [effective.to_toml(true), effective.to_json(true).to_string(), format!("{settings:?}")].concat();
    assert!(shown.contains("stentor:***@db.example") && shown.contains("# environment"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[cfg(not(feature = "otel"))]
#[test]
fn a_collector_needs_a_program_that_can_report_to_it() {
    let told = refused("[telemetry]\notlp_endpoint = \"http://collector.example:4318\"\n");
    assert!(told.starts_with("telemetry.otlp_endpoint: is given, but") && told.contains("--features otel"), "{told}");
}

#[test]
fn no_proxy_is_a_word_and_no_secret() {
    let (_dir, sources) = file("[network]\nproxy = \"none\"\n");
    let (settings, effective) = Settings::load_with_origins(&sources, Need::Nothing).unwrap();
    assert!(matches!(settings.network.proxy, ProxySetting::Direct));
    assert!(effective.to_toml(false).contains("proxy = \"none\""));
}

#[test]
fn what_is_shown_can_be_read_again() {
    let (_dir, sources) = file("[network.connect_to]\n\"graph.microsoft.com\" = \"10.0.0.7:443\"\n");
    let (_, first) = Settings::load_with_origins(&sources, Need::Nothing).unwrap();
    let (_dir, again) = file(&first.to_toml(true));
    let (_, second) = Settings::load_with_origins(&again, Need::Nothing).unwrap();
    assert_eq!(first.to_toml(false), second.to_toml(false));
    insta::assert_snapshot!(first.to_toml(false));
}

#[test]
fn a_file_that_is_not_toml_or_not_there_is_named() {
    assert!(refused("lease = ").contains("stentor.toml: cannot be read"));
    let sources = Sources { file: Some("/nowhere/stentor.toml".into()), ..Sources::default() };
    assert_eq!(fields(&sources, Need::Nothing), ["/nowhere/stentor.toml"]);
}

const APP: &str = "22222222-2222-4222-8222-222222222222";

fn chosen(text: &str, variables: &[(&str, &str)]) -> Settings {
    let (_dir, mut sources) = file(text);
    sources.environment = environment(variables).environment;
    Settings::load(&sources, Need::Nothing).unwrap()
}

#[test]
fn the_credential_follows_from_what_is_given() {
    let kind = |text: &str| {
        let settings = chosen(&format!("[teams]\napp_id = \"{APP}\"\n{text}"), &[]);
        settings.teams.credential.map(|credential| credential.kind().name())
    };
    assert_eq!(kind(""), None);
    assert_eq!(kind("client_secret = \"s\"\nclient_secret_expires = \"2027-01-31\""), Some("secret"));
    assert_eq!(kind("client_secret_file = \"f\""), Some("secret"));
    assert_eq!(kind("certificate_file = \"f\"\ncertificate_password = \"p\""), Some("certificate"));
    assert_eq!(kind("certificate_file = \"f\"\ncredential = \"certificate\""), Some("certificate"));
    assert_eq!(kind("federated_token_file = \"f\""), Some("workload_identity"));
    assert_eq!(kind(&format!("managed_identity_client_id = \"{APP}\"")), Some("managed_identity"));
}

#[test]
fn credentials_that_contradict_each_other_are_refused_by_name() {
    for (text, key, problem, cure) in [
        ("client_secret = \"s\"\ncertificate_file = \"f\"", "client_secret", "certificate_file too", "Keep what"),
        (
            "certificate_file = \"f\"\nclient_secret_expires = \"2027-01-31\"",
            "client_secret_expires",
            "is given, but",
            "Remove",
        ),
        (
            "credential = \"secret\"\ncertificate_file = \"f\"",
            "certificate_file",
            "is \"secret\"",
            "another teams.credential",
        ),
        ("credential = \"certificate\"", "certificate_file", "is not given, but", "PFX"),
        (
            "credential = \"workload_identity\"",
            "federated_token_file",
            "is not given, but",
            "AZURE_FEDERATED_TOKEN_FILE",
        ),
        ("credential = \"managed_identity\"", "managed_identity_client_id", "is not given, but", "Azure portal"),
        ("credential = \"password\"", "credential", "not one of the choices", "\"managed_identity\""),
        ("certificate_key_file = \"f\"", "certificate_key_file", "without teams.certificate_file", "Set teams"),
        ("client_secret_expires = \"soon\"", "client_secret_expires", "“soon” is not a day", "2027-01-31"),
        ("assertion = \"ES256\"", "assertion", "not one of the choices", "RS256"),
        (
            "certificate_file = \"f\"\ncertificate_password = \"p\"\ncertificate_password_file = \"q\"",
            "certificate_password",
            "too",
            "Keep one",
        ),
    ] {
        let told = refused(&format!("[teams]\n{text}\n"));
        assert!(told.starts_with(&format!("teams.{key}: ")), "{text}: {told}");
        assert!(told.contains(problem) && told.contains(cure), "{text}: {told}");
    }
}

#[test]
fn a_certificates_password_never_shows() {
    let (_dir, sources) = file("[teams]\ncertificate_file = \"f\"\ncertificate_password = \"hunter2\"\n");
    let (settings, effective) = Settings::load_with_origins(&sources, Need::Nothing).unwrap();
    let shown = [effective.to_toml(true), effective.to_json(true).to_string(), format!("{settings:?}")].concat();
    assert!(shown.contains("certificate_password = \"***\"") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_workload_identity_takes_what_the_platform_tells_and_no_other_credential_does() {
    let told = [
        ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token"),
        ("AZURE_CLIENT_ID", APP),
        ("AZURE_TENANT_ID", "11111111-1111-4111-8111-111111111111"),
    ];
    let settings = chosen("[teams]\ncredential = \"workload_identity\"\n", &told);
    assert!(settings.identity().is_ok_and(|identity| identity.app_id.to_string() == APP));
    let token = settings.teams.credential;
    assert!(matches!(token, Some(CredentialSettings::WorkloadIdentity(file)) if file == Path::new("/var/run/token")));

    let own = chosen("[teams]\ncredential = \"workload_identity\"\nfederated_token_file = \"mine\"\n", &told);
    assert!(
        matches!(own.teams.credential, Some(CredentialSettings::WorkloadIdentity(file)) if file == Path::new("mine"))
    );
    let secret = chosen("[teams]\nclient_secret = \"s\"\n", &told);
    assert!(secret.teams.app_id.is_none());
}

#[test]
fn a_managed_identity_is_the_bot_or_vouches_for_it() {
    let other = "99999999-9999-4999-8999-999999999999";
    let identity = |client_id: &str, variables: &[(&str, &str)]| {
        let text = format!("[teams]\napp_id = \"{APP}\"\nmanaged_identity_client_id = \"{client_id}\"\n");
        match chosen(&text, variables).teams.credential {
            Some(CredentialSettings::ManagedIdentity(identity)) => identity,
            other => panic!("{other:?}"),
        }
    };
    assert!(!identity(APP, &[]).vouches && identity(other, &[]).vouches);
    assert!(identity(APP, &[]).service.is_none());
    let told = [("IDENTITY_ENDPOINT", "http://127.0.0.1:41/msi/token"), ("IDENTITY_HEADER", "hunter2")];
    let service = identity(APP, &told).service;
    assert!(!format!("{service:?}").contains("hunter2"));
    assert_eq!(service.unwrap().url.port(), Some(41));
}
