//! The catalogue, and the road from a person to a chat id.

use super::*;

#[tokio::test]
async fn the_catalogue_knows_the_app_by_its_manifest_id() {
    let stage = Stage::plain().await;
    let query = format!(
        "$filter=externalId%20eq%20'{EXTERNAL}'%20and%20distributionMethod%20eq%20'organization'&$expand=appDefinitions"
    );
    let told = Told::by(stage.graph(Method::GET, &format!("/appCatalogs/teamsApps?{query}"))).await;
    assert_eq!(told.status, 200);
    assert_eq!(told.body["value"].as_array().map(Vec::len), Some(1));
    let app = &told.body["value"][0];
    assert_eq!((&app["id"], &app["externalId"]), (&json!(CATALOGUE), &json!(EXTERNAL)));
    assert_eq!(app["appDefinitions"][0]["publishingState"], "published");
    assert!(told.header("request-id").is_some());
}

#[tokio::test]
async fn an_unknown_manifest_id_gives_an_empty_list() {
    let stage = Stage::plain().await;
    let query = format!("$filter=externalId%20eq%20'{CATALOGUE}'");
    let told = Told::by(stage.graph(Method::GET, &format!("/appCatalogs/teamsApps?{query}"))).await;
    assert_eq!((told.status, &told.body["value"]), (200, &json!([])));
    let all = Told::by(stage.graph(Method::GET, "/appCatalogs/teamsApps?$filter=")).await;
    assert_eq!(all.body["value"].as_array().map(Vec::len), Some(2), "an app of the store is there too");
    let odd = Told::by(stage.graph(Method::GET, "/appCatalogs/teamsApps?$filter=colour%20eq%20'red'")).await;
    assert_eq!((odd.status, odd.code()), (400, "BadRequest"));
}

#[tokio::test]
async fn the_installed_app_is_found_by_all_three_documented_filters() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    for (expand, filter) in [
        ("teamsApp", format!("teamsApp/id%20eq%20'{CATALOGUE}'")),
        ("teamsApp", format!("teamsApp/externalId%20eq%20'{EXTERNAL}'")),
        ("teamsAppDefinition", format!("teamsAppDefinition/teamsAppId%20eq%20'{CATALOGUE}'")),
        ("teamsAppDefinition", "teamsAppDefinition/displayName%20eq%20'Company%20News'".to_owned()),
    ] {
        let path = format!("/users/{user}/teamwork/installedApps?$expand={expand}&$filter={filter}");
        let told = Told::by(stage.graph(Method::GET, &path)).await;
        assert_eq!((told.status, &told.body["@odata.count"]), (200, &json!(1)), "{path}: {}", told.text);
        assert!(told.body["value"][0][expand].is_object(), "{}", told.text);
    }
    let all = Told::by(stage.graph(Method::GET, &format!("/users/{user}/teamwork/installedApps"))).await;
    assert_eq!(all.body["@odata.count"], 2);
}

#[tokio::test]
async fn a_person_without_the_app_is_installed_and_seen_late() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::WithoutBot, 0);
    assert_eq!(stage.check(&user).await.body["value"], json!([]));
    let told = stage.install(&user).await;
    assert_eq!((told.status, told.text.as_str()), (201, ""));
    assert_eq!(stage.check(&user).await.body["value"], json!([]), "just installed, and not visible yet");
    let again = stage.install(&user).await;
    assert_eq!((again.status, again.code()), (409, "Conflict"));
    let installation = id_of_installation(&user);
    assert_eq!(stage.resolve(&user, &installation).await.status, 404);
    stage.clock.advance(Duration::from_millis(1_500));
    assert_eq!(stage.check(&user).await.body["value"][0]["id"], json!(installation));
    let told = stage.resolve(&user, &installation).await;
    assert_eq!((told.status, &told.body["id"]), (200, &json!(chat_of(&user))));
    assert_eq!(told.body["chatType"], "oneOnOne");
}

/// The observed form: base64 of both ids.
fn id_of_installation(user: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let plain = format!("{user}##{CATALOGUE}");
    let bits: String = plain.bytes().map(|byte| format!("{byte:08b}")).collect();
    let digits = bits.as_bytes().chunks(6).map(|six| {
        let digit = String::from_utf8_lossy(six).into_owned();
        let value = usize::from_str_radix(&format!("{digit:0<6}"), 2).expect("six bits");
        char::from(ALPHABET[value])
    });
    let text: String = digits.collect();
    format!("{text:=<width$}", width = text.len().div_ceil(4) * 4)
}

#[tokio::test]
async fn whoever_cannot_have_the_app_is_told_apart() {
    let stage = Stage::plain().await;
    let guest = stage.install(&stage.someone(Standing::Guest, 0)).await;
    assert_eq!((guest.status, guest.code(), guest.message()), (403, "UnknownError", ""));
    let unlicensed = stage.install(&stage.someone(Standing::Unlicensed, 0)).await;
    assert_eq!((unlicensed.status, unlicensed.code()), (403, "Forbidden"));
    assert!(unlicensed.message().starts_with("Failed to get license information for the user."));
    let excluded = stage.install(&stage.someone(Standing::ExcludedByPolicy, 0)).await;
    assert_eq!((excluded.status, excluded.code()), (403, "Forbidden"));
    assert!(excluded.message().starts_with("App is blocked by app permission policy. TenantId: 11111111"));
    assert_eq!(excluded.body["error"]["innerError"]["code"], "AccessDenied");
    assert!(excluded.body["error"]["innerError"]["request-id"].is_string());
}

#[tokio::test]
async fn administrators_who_mend_let_some_in_once_they_were_seen_to_be_kept_out() {
    let stage = Stage::set(SimulatorSettings { people: 2000, ..settings() }).await;
    // One of each kind, so that the quota of installations is kept.
    let kept_out: Vec<String> = {
        let world = stage.simulator.world();
        let world = world.lock().expect("no request panics");
        let people = world.organisation().people();
        let of_kind = |kind: u32| {
            let fits = |number: u32, standing| number % 4 == kind && standing == Standing::ExcludedByPolicy;
            people.iter().find(|person| fits(person.number, person.standing)).expect("there is one").id.to_string()
        };
        (0..4).map(of_kind).collect()
    };
    let install = async |user: &str| stage.install(user).await.status;
    for user in &kept_out {
        assert_eq!(install(user).await, 403, "as long as nobody mends");
    }
    stage.simulator.world().lock().expect("no request panics").let_administrators_mend();
    for (user, told) in kept_out.iter().zip([[201, 409], [403, 201], [403, 403], [403, 403]]) {
        assert_eq!([install(user).await, install(user).await], told, "{user}");
    }
}

#[tokio::test]
async fn an_unknown_person_and_an_unknown_app_are_told_apart() {
    let stage = Stage::plain().await;
    let nobody = stage.install("55555555-5555-4555-8555-555555555555").await;
    assert_eq!((nobody.status, nobody.code()), (404, "Request_ResourceNotFound"));
    let user = stage.someone(Standing::WithoutBot, 0);
    let path = format!("/users/{user}/teamwork/installedApps");
    let told = Told::by(stage.graph(Method::POST, &path).json(&bind(EXTERNAL))).await;
    assert_eq!((told.status, told.code()), (404, "NotFound"));
}

#[tokio::test]
async fn an_uploaded_again_app_has_another_id_and_no_installations() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    let renewed = stage.pull("reupload", json!({})).await.body["catalogue_id"].as_str().expect("an id").to_owned();
    assert_eq!(stage.install(&user).await.code(), "NotFound");
    let path = format!("/users/{user}/teamwork/installedApps");
    assert_eq!(Told::by(stage.graph(Method::POST, &path).json(&bind(&renewed))).await.status, 201);
}

#[tokio::test]
async fn a_badly_made_install_is_refused() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::WithoutBot, 0);
    let path = format!("/users/{user}/teamwork/installedApps");
    for body in [
        json!({}),
        json!([]),
        json!({"teamsApp@odata.bind": CATALOGUE}),
        json!({"teamsApp@odata.bind": "https://graph.microsoft.com/v1.0/teams/1"}),
        json!({"teamsAppId": CATALOGUE}),
    ] {
        let told = Told::by(stage.graph(Method::POST, &path).json(&body)).await;
        assert_eq!((told.status, told.code()), (400, "BadRequest"), "{body}");
    }
    let untyped = stage.graph(Method::POST, &path).body(bind(CATALOGUE).to_string());
    assert_eq!(Told::by(untyped).await.status, 400);
}

#[tokio::test]
async fn a_guest_is_found_by_an_encoded_principal_name() {
    let stage = Stage::plain().await;
    let guest = stage.someone(Standing::Guest, 0);
    let name = {
        let world = stage.simulator.world();
        let world = world.lock().expect("no request panics");
        let number = world.organisation().find(&guest).expect("the guest is there");
        world.organisation().person(number).principal_name()
    };
    let path = format!("/users/{}/teamwork/installedApps", name.replace('#', "%23").replace('@', "%40"));
    assert_eq!(Told::by(stage.graph(Method::GET, &path)).await.status, 200);
    let raw = name.replace('#', "%23");
    assert_eq!(Told::by(stage.graph(Method::GET, &format!("/users/{raw}"))).await.body["id"], json!(guest));
}

#[tokio::test]
async fn a_removed_app_takes_the_bot_out_of_the_chat() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    let installation = encoded(&id_of_installation(&user));
    let path = format!("/users/{user}/teamwork/installedApps/{installation}");
    assert_eq!(Told::by(stage.graph(Method::DELETE, &path)).await.status, 204);
    assert_eq!(Told::by(stage.graph(Method::DELETE, &path)).await.status, 404);
    let told = stage.send(&user, &card("Hello")).await;
    assert_eq!((told.status, told.code()), (403, "BotNotInConversationRoster"));
    assert_eq!(stage.install(&user).await.status, 201);
    assert_eq!(stage.send(&user, &card("Hello")).await.status, 201, "the chat survived");
}
