//! The command line against a server: the real binary, a served API, a real Postgres. What it tells is what the same command
//! tells on the server's own machine.

use house::House;

mod broadcasts;
mod house;
#[path = "../api/stage.rs"]
#[allow(dead_code, reason = "the tests of the API use more of it")]
mod stage;
mod strangers;

#[tokio::test(flavor = "multi_thread")]
async fn audiences_read_the_same_here_and_from_afar() {
    let house = House::open(40).await;
    std::fs::write(house.dir.path().join("list.csv"), "nobody@contoso.example\nx\n").unwrap();
    let save = ["audience", "save", "all of us", "everyone except guest"];
    house.same(&["audience", "list"]).await;
    house.same(&["audience", "check", "everyone except guest"]).await;
    house.same(&["audience", "check", "everyone except list \"some\"", "--list", "some=../list.csv"]).await;
    house.same(&["audience", "check", "everyone exept guest"]).await;
    house.same(&["audience", "check", "saved \"nothing\""]).await;
    let (here, afar) = (house.here(&save).await, house.afar(&save).await);
    assert_eq!((here.code, &here.out), (Some(0), &afar.out), "{afar:?}");
    house.same(&["audience", "list"]).await;
    house.same(&["audience", "show", "all of us"]).await;
    house.same(&["audience", "show", "none of us"]).await;
    let other = ["audience", "save", "us/them 100 %", "saved \"all of us\""];
    assert_eq!(house.afar(&other).await.code, Some(0));
    house.same(&["audience", "remove", "all of us"]).await;
    assert_eq!(house.afar(&["audience", "remove", "us/them 100 %"]).await.out, "Forgot “us/them 100 %”.\n");
    house.same(&["audience", "remove", "us/them 100 %"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_reads_the_same_here_and_from_afar() {
    let house = House::open(40).await;
    house.same(&["directory", "status"]).await;
    house.same(&["directory", "search", "a"]).await;
    house.same(&["directory", "search", "nobody of this name"]).await;
    let many = house.afar(&["directory", "search", "a", "--limit", "201"]).await;
    assert!(many.code == Some(2) && many.err.contains("--limit 200 or less"), "{}", many.err);
    let (here, afar) = (house.here(&["directory", "sync"]).await, house.afar(&["directory", "sync"]).await);
    let without_time = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!((here.code, afar.code), (Some(0), Some(0)), "{afar:?}");
    assert_eq!(without_time(&here.out), without_time(&afar.out));
    let whole = house.afar(&["directory", "sync", "--whole", "--json"]).await.json();
    assert_eq!((&whole["whole"], whole["people"].as_u64() > Some(30)), (&true.into(), true), "{whole}");
}
