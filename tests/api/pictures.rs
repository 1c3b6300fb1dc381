//! Pictures over HTTP: uploaded, made small, and shown to whoever has their address.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use reqwest::Method;
use serde_json::{Value, json};
use stentor::app::pictures::{address_in_card, placed};
use stentor::domain::cloud::{Cloud, CloudProfile};
use stentor::domain::manuscript::ManuscriptImage;
use uuid::Uuid;

use crate::stage::{Answered, Stage, answered};

const AUTHOR: &str = "Author/7";

fn file(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| Rgb([(x / 8) as u8, (y / 8) as u8, (x * y / 64) as u8]));
    let mut bytes = Vec::new();
    DynamicImage::from(picture).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
    bytes
}

async fn upload(stage: &Stage, token: &str, kind: &str, bytes: Vec<u8>) -> Answered {
    let request = stage.request(Method::POST, "/pictures", token);
    answered(request.header("content-type", kind).body(bytes)).await
}

async fn fetched(stage: &Stage, path: &str) -> reqwest::Response {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    http.get(format!("{}{path}", stage.url)).send().await.unwrap()
}

#[tokio::test]
async fn a_picture_is_taken_in_and_shown_to_whoever_has_its_address() {
    let stage = Stage::open(1).await;
    let told = upload(&stage, AUTHOR, "text/plain", file(1500, 300)).await;
    assert_eq!(told.status, 201, "{}", told.body);
    assert_eq!(
        (&told.body["width"], &told.body["height"], &told.body["travels"]),
        (&json!(1024), &json!(205), &json!("inside"))
    );
    let id = told.body["id"].as_str().unwrap();
    assert_eq!(told.headers["location"], told.body["url"].as_str().unwrap());

    let shown = fetched(&stage, &format!("/pictures/{id}")).await;
    assert_eq!(shown.status(), 200);
    let headers = shown.headers().clone();
    assert_eq!(headers["content-type"], told.body["media_type"].as_str().unwrap());
    assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(headers["x-robots-tag"].to_str().unwrap().contains("noindex"));
    assert!(headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    let bytes = shown.bytes().await.unwrap();
    assert_eq!(bytes.len() as u64, told.body["bytes"].as_u64().unwrap());
    assert_eq!(image::load_from_memory(&bytes).unwrap().width(), 1024);

    let placed = placed(&*stage.api.office, stage.tenant, id.parse().unwrap(), None).await;
    assert!(placed.unwrap().starts_with("data:image/"));
}

#[tokio::test]
async fn a_wrong_address_tells_nothing() {
    let stage = Stage::open(1).await;
    for path in
        ["/pictures/00000000-0000-4000-8000-000000000000", "/pictures/x", "/pictures/", "/pictures", "/pictures/%00"]
    {
        let answer = fetched(&stage, path).await;
        assert_eq!(answer.status(), 404, "{path}");
        let told: Value = answer.json().await.unwrap();
        assert_eq!(told["code"], "not_found");
    }
}

#[tokio::test]
async fn what_is_no_picture_is_refused_with_what_is_wrong() {
    let stage = Stage::open(1).await;
    let whole = file(64, 64);
    for bytes in [Vec::new(), b"GIF, I say".to_vec(), whole[..whole.len() - 20].to_vec()] {
        let told = upload(&stage, AUTHOR, "image/png", bytes).await;
        assert_eq!((told.status, told.body["code"].as_str()), (422, Some("bad_picture")), "{}", told.body);
        assert_eq!(told.body["faults"][0]["field"], "picture");
    }
    let large = upload(&stage, AUTHOR, "image/png", vec![0; 20 * 1024 * 1024 + 1]).await;
    assert_eq!(large.status, 413, "{}", large.body);
    assert_eq!(upload(&stage, "Reader/8", "image/png", whole).await.status, 403);
}

#[tokio::test]
async fn the_audit_keeps_of_a_picture_only_its_weight() {
    let stage = Stage::open(1).await;
    let told = upload(&stage, AUTHOR, "image/png", file(64, 64)).await;
    let subject = told.body["id"].as_str().unwrap();
    let lines = stage.get(&format!("/audit?subject={subject}"), "Admin/1").await.body;
    let after = &lines["deeds"][0]["after"];
    assert_eq!((&after["width"], after["sha256"].as_str().unwrap().len()), (&json!(64), 64));
    assert_eq!(after["bytes"], told.body["bytes"]);
}

#[tokio::test]
async fn a_picture_that_is_not_there_is_a_fault_of_the_announcement() {
    let stage = Stage::open(1).await;
    let fault = placed(&*stage.api.office, stage.tenant, Uuid::nil(), None).await.unwrap_err();
    assert_eq!(fault.field, "image.picture");
    assert!(fault.problem.starts_with("there is no picture"));
}

#[tokio::test]
async fn a_picture_within_a_manuscript_is_written_anew_and_a_link_needs_a_cloud_that_shows_it() {
    let stage = Stage::open(1).await;
    let address = async |url: &str, cloud: Cloud| {
        let image = ManuscriptImage { url: Some(url.to_owned()), ..ManuscriptImage::default() };
        let profile = CloudProfile::published(cloud).unwrap();
        let settings = (&stage.api.settings.public_url, &profile);
        address_in_card((&*stage.api.office, stage.tenant), &image, settings).await
    };
    let secret = b"\0\0\0\x04tEXtHome\0\0\0\0";
    let plain = file(64, 64);
    let end = plain.len() - 12;
    // A chunk whose sum is wrong is passed over, as every one that is not needed.
    let noted = [&plain[..end], secret, &plain[end..]].concat();
    let url = stentor::domain::content::inline(&noted).unwrap();
    let placed = address(&url, Cloud::Global).await.unwrap().unwrap();
    assert!(placed.starts_with("data:image/") && placed != url);
    let (cut, link) = ("data:image/png;base64,iVBORw0KGgo=", "https://contoso.example/a.png");
    assert_eq!(address(cut, Cloud::Global).await.unwrap().unwrap_err().field, "image.url");
    assert_eq!(address(link, Cloud::Global).await, None);
    assert!(address(link, Cloud::Dod).await.unwrap().unwrap_err().cure.contains("inside the message"));
}
