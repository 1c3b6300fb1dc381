use proptest::prelude::*;

use super::*;

/// The smallest things that count as pictures.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0IEND\xaeB`\x82";
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0;\0";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x07JFIF\0\xff\xd9";

fn content() -> Content {
    Content { title: "Offices close at noon".into(), body: "Leave before **12:00**.".into(), ..Content::default() }
}

fn with_image(url: &str, description: &str) -> Content {
    Content { image: Some(Image { url: url.into(), description: description.into() }), ..content() }
}

fn told(content: Content) -> Vec<String> {
    content.check().map_or_else(|faults| faults.0.iter().map(ToString::to_string).collect(), |_| vec![])
}

fn fields(content: Content) -> Vec<String> {
    content.check().map_or_else(|faults| faults.0.into_iter().map(|fault| fault.field).collect(), |_| vec![])
}

#[test]
fn a_plain_announcement_is_taken() {
    assert_eq!(content().check(), Ok(content()));
}

#[test]
fn every_fault_is_named_at_once() {
    let button = Button { text: String::new(), url: "http://intranet.contoso.example".into() };
    let bad = Content { title: " ".into(), body: "# News\n<b>bold</b>".into(), buttons: vec![button], ..content() };
    assert_eq!(fields(bad), ["title", "button 1 text", "button 1 url", "body", "body"]);
}

#[test]
fn markup_that_teams_shows_raw_is_refused_with_its_place_and_a_cure() {
    let body = "Fine: **bold**, _italic_, [page](https://x.example), <5 people, a|b, ~5.\n\n1. one\n2. two\n\n- three\n\n\
                ## Heading\n\nTitle\n-----\n\n> quoted\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nGrüße `code` ~~gone~~ ![pic](https://x.example/p.png)\n\n\
                ***\n\n- [ ] todo\n\n<https://x.example>\n\n[ref]: https://x.example\n";
    insta::assert_snapshot!(told(Content { body: body.into(), ..content() }).join("\n"));
}

#[test]
fn code_and_html_are_refused_too_and_a_flood_is_counted() {
    for body in ["```\nx\n```", "    x", "a <b>b</b>", "<div>\nx\n</div>"] {
        assert_eq!(fields(Content { body: body.into(), ..content() }), ["body"], "{body}");
    }
    let flood = told(Content { body: "# x\n\n".repeat(30), ..content() });
    assert_eq!(flood.len(), 11);
    assert!(flood[10].starts_with("body: 20 more places"), "{}", flood[10]);
}

#[test]
fn links_in_the_text_are_https_or_mailto() {
    let body = |link: &str| Content { body: format!("See [this]({link})."), ..content() };
    for link in ["https://x.example/a?b=c", "mailto:hr@contoso.example?subject=Hi"] {
        assert_eq!(told(body(link)), Vec::<String>::new(), "{link}");
    }
    for link in ["ftp://x.example", "http://x.example", "javascript:x", "page.html", "mailto:nobody", "https:///", ""] {
        let told = told(body(link));
        assert!(told.len() == 1 && told[0].starts_with("body: line 1, column 5 links to"), "{link}: {told:?}");
    }
}

#[test]
fn a_picture_is_known_by_its_content_and_needs_a_description() {
    for (bytes, kind) in [(PNG, "png"), (GIF, "gif"), (JPEG, "jpeg")] {
        let url = inline(bytes).unwrap();
        assert!(url.starts_with(&format!("data:image/{kind};base64,")), "{url}");
        assert_eq!(fields(with_image(&url, "A clock")), Vec::<String>::new());
        assert_eq!(fields(with_image(&url, " ")), ["image description"]);
        assert_eq!(inline(&bytes[..bytes.len() - 6]).unwrap_err().field, "image", "half of a {kind}");
    }
    let large = [PNG, &[0; IMAGE_BYTES_MAX]].concat();
    for bytes in [b"<svg/>".as_slice(), b"", b"BM", &large] {
        assert!(inline(bytes).is_err());
    }
    assert_eq!(fields(with_image("http://x.example/a.png", "A clock")), ["image"]);
    for url in ["data:image/svg+xml;base64,AAAA", "data:image/png;base64,????", "data:image/gif,x", "data:"] {
        assert_eq!(fields(with_image(url, "A clock")), ["image"], "{url}");
    }
    let disguised = inline(PNG).unwrap().replace("image/png", "image/gif");
    assert_eq!(fields(with_image(&disguised, "A clock")), ["image"]);
}

#[test]
fn the_end_of_a_thumbnail_is_not_the_end_of_a_picture() {
    let with_thumbnail = [b"\xff\xd8\xff\xe1\0\x0a", &JPEG[..2], &b"abcd"[..], &JPEG[JPEG.len() - 2..]].concat();
    assert!(inline(&with_thumbnail).unwrap_err().problem.contains("cut off"));
    let data = b"\xff\xda\0\x02a\xff\0\xff\xd0b";
    assert!(inline(&[&with_thumbnail[..], data].concat()).is_err());
    assert!(inline(&[&with_thumbnail[..], data, b"\xff\xd9\0\0what a camera adds"].concat()).is_ok());
}

#[test]
fn a_text_that_teams_would_refuse_for_its_size_is_refused_at_the_door() {
    assert_eq!(fields(Content { body: "é".repeat(41_000), ..content() }), ["body"]);
}

#[test]
fn the_size_is_what_teams_counts_without_the_picture() {
    let link = "https://x.example/p.png";
    let (outside, inside) = (with_image(link, "A clock"), with_image(&inline(PNG).unwrap(), "A clock"));
    let units = outside.activity(true).to_string().encode_utf16().count();
    assert_eq!(outside.size(), Size { bytes: 2 * units, image_bytes: 0 });
    assert_eq!(inside.size(), Size { bytes: 2 * (units - link.len()), image_bytes: PNG.len() });
}

#[test]
fn the_activity_is_a_card_and_a_summary_and_no_text() {
    let activity = Content { banner: Some("Please read".into()), ..content() }.activity(false);
    assert_eq!(activity["summary"], "Please read");
    assert_eq!(activity["attachments"].as_array().map(Vec::len), Some(1));
    assert!(activity.get("text").is_none() && activity.get("importance").is_none());
}

#[test]
fn a_card_shows_title_picture_text_and_author_in_this_order() {
    let full = Content { author: Some("Facilities".into()), ..with_image("https://x.example/p.png", "A clock") };
    let card = full.card();
    let kinds: Vec<_> = card["body"].as_array().unwrap().iter().map(|part| part["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["TextBlock", "Image", "TextBlock", "TextBlock"]);
    assert_eq!(card["body"][1]["altText"], "A clock");
}

#[test]
fn a_link_is_written_as_links_must_be() {
    for (pasted, written) in [
        ("https://x.example/a%20b?c=d&e=%C3%A9#f", "https://x.example/a%20b?c=d&e=%C3%A9#f"),
        ("https://grüße.example/ö ä|[1]?100%", "https://xn--gre-6ka8l.example/%C3%B6%20%C3%A4%7C%5B1%5D?100%25"),
        ("HTTPS://X.example", "https://x.example/"),
        ("https://x.example/#a#b", "https://x.example/#a%23b"),
    ] {
        let button = Button { text: "Go".into(), url: pasted.into() };
        let card = Content { buttons: vec![button], ..content() }.card();
        assert_eq!(card["actions"][0]["url"], written);
    }
}

#[test]
fn a_title_is_shown_as_it_stands() {
    let card = Content { title: "A*B_[c]".into(), ..content() }.card();
    assert_eq!(card["body"][0]["text"], r"A\*B\_\[c\]");
}

#[test]
fn content_stored_before_there_were_images_can_still_be_read() {
    let stored = r#"{"title": "T", "body": "B", "author": null, "banner": "N", "buttons": []}"#;
    let read: Content = serde_json::from_str(stored).unwrap();
    assert_eq!(read, Content { title: "T".into(), body: "B".into(), banner: Some("N".into()), ..Content::default() });
}

proptest! {
    #[test]
    fn no_text_makes_the_check_panic(title in "\\PC{0,300}", body in "(?s).{0,400}", url in "\\PC{0,40}") {
        let buttons = vec![Button { text: title.clone(), url: url.clone() }];
        let image = Some(Image { url, description: title.clone() });
        let _ = Content { title, body, image, buttons, ..Content::default() }.check();
    }

    #[test]
    fn no_markup_makes_the_check_panic(body in "[#*_`<>\\[\\]()!|~:/a é\n\r\t&;-]{0,200}") {
        let _ = Content { body, ..content() }.check();
    }

    #[test]
    fn no_file_makes_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = inline(&bytes);
    }
}
