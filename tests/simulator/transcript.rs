//! Requests word for word.

use super::*;

fn lines(told: &Told) -> Vec<Value> {
    told.text.lines().map(|line| serde_json::from_str(line).expect("one document a line")).collect()
}

#[tokio::test]
async fn requests_are_kept_word_for_word_and_without_any_token() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    stage.send(&user, &card("Before")).await;
    assert_eq!(lines(&stage.look("transcript").await), Vec::<Value>::new(), "off until it is asked for");
    assert_eq!(stage.pull("transcript", json!({"keep": 3})).await.body, json!({"keep": 3}));
    let token = stage.new_token(TENANT, "https://graph.microsoft.com/.default").await;
    stage.check(&user).await;
    stage.send(&user, &card("Noon")).await;
    let told = stage.look("transcript").await;
    assert!(
        !told.text.contains(&token) && !told.text.contains(&stage.bot_token) && !told.text.contains("secret\":\"sim")
    );
    let kept = lines(&told);
    let seen: Vec<[&Value; 3]> = kept.iter().map(|line| ["method", "path", "status"].map(|name| &line[name])).collect();
    let expected = [
        ("POST", format!("/{TENANT}/oauth2/v2.0/token"), 200),
        (
            "GET",
            format!(
                "/v1.0/users/{user}/teamwork/installedApps?$expand=teamsApp&$filter=teamsApp/id%20eq%20%27{CATALOGUE}%27"
            ),
            200,
        ),
        ("POST", format!("/teams/v3/conversations/{}/activities", encoded(&chat_of(&user))), 201),
    ];
    let expected = expected.map(|(method, path, status)| [json!(method), json!(path), json!(status)]);
    assert_eq!(seen, expected.each_ref().map(|line| line.each_ref()));
    assert_eq!(kept[0]["body"]["client_secret"], "***");
    assert_eq!(kept[1]["body"], Value::Null);
    assert_eq!(kept[2]["body"], card("Noon"));
    stage.check(&user).await;
    let world = stage.simulator.world();
    let world = world.lock().expect("no request panics");
    let methods: Vec<&str> = world.transcript().exchanges().map(|it| it.method.as_str()).collect();
    assert_eq!(methods, ["GET", "POST", "GET"], "only the last three");
}

#[tokio::test]
async fn a_setting_switches_the_transcript_on_and_an_order_switches_it_off() {
    let stage = Stage::set(SimulatorSettings { transcript_max: 100, ..settings() }).await;
    assert_eq!(lines(&stage.look("transcript").await).len(), 2, "both tokens");
    stage.pull("transcript", json!({"keep": 0})).await;
    stage.check(&stage.someone(Standing::Warm, 0)).await;
    assert_eq!(lines(&stage.look("transcript").await).len(), 0);
    assert_eq!(stage.pull("transcript", json!({"forget": true})).await.status, 400);
}
