//! What is said, and to whom: everything that can be told without a database.

use crate::row::{Row, row};

/// A picture of one pixel.
pub const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0;";
const DESCRIBED: [&str; 2] = ["--image-description", "A clock"];

fn create(more: &[&str]) -> Vec<String> {
    let all = ["broadcast", "create", "--now"].into_iter().chain(more.iter().copied());
    all.map(str::to_owned).collect()
}

fn made(name: &str, more: &[&[&str]]) -> Row {
    let args = create(&more.concat());
    row(name, &args.iter().map(String::as_str).collect::<Vec<_>>())
}

const EVERYONE: &[&str] = &["--audience-expr", "everyone"];
const TEXT: &[&str] = &["--title", "T", "--body", "B"];

fn titled(name: &str, title: &str) -> Row {
    made(name, &[&["--title", title, "--body", "B"], EVERYONE])
}

fn in_body(name: &str, body: &str) -> Row {
    made(name, &[&["--title", "T", "--body-file", "text.md"], EVERYONE]).file("text.md", body)
}

fn also(name: &str, more: &[&str]) -> Row {
    made(name, &[TEXT, EVERYONE, more])
}

pub fn rows() -> Vec<Row> {
    [texts(), markup(), buttons(), images(), audiences(), posts(), treatment()].into_iter().flatten().collect()
}

fn posts() -> Vec<Row> {
    const POSTED: &[&str] = &["--channel", "team-channel"];
    let listed = |name: &str, list: &str| {
        made(name, &[TEXT, POSTED, &["--post-to-file", "channels.csv"]]).file("channels.csv", list)
    };
    let line = "Give each channel a line";
    vec![
        made("a post without a channel", &[TEXT, POSTED]).bad(
            "--post-to",
            "names no channel",
            "--post-to TEAM/CHANNEL",
        ),
        made("a channel without a team", &[TEXT, POSTED, &["--post-to", "/News"]]).bad_arguments(
            "--post-to",
            "write TEAM or TEAM/CHANNEL",
            "have examples",
        ),
        made("a post for people", &[TEXT, POSTED, EVERYONE, &["--post-to", "Milan"]]).bad_arguments(
            "--audience-expr",
            "cannot be used with '--post-to",
            "have examples",
        ),
        made("a channel for a chat", &[TEXT, &["--post-to", "Milan"]]).bad(
            "--post-to",
            "goes with --channel team-channel",
            "Add --channel team-channel",
        ),
        listed("an empty list of channels", "team,channel\n").bad("--post-to-file", "names no channel", line),
        listed("a list of channels without a team", "Milan,News\n,News\n").bad("--post-to-file", "line 2", line),
        listed("a workbook of channels", "PK\u{3}\u{4}").bad("--post-to-file", "an Excel workbook", line),
        made("a list of channels that is not there", &[TEXT, POSTED, &["--post-to-file", "no.csv"]]).bad(
            "--post-to-file",
            "not there",
            "Name a list of channels",
        ),
    ]
}

fn texts() -> Vec<Row> {
    let (a101, a151, a201) = ("é".repeat(101), "é".repeat(151), "é".repeat(201));
    vec![
        titled("an empty title", "").bad("title", "is empty", "up to 200 characters"),
        titled("a blank title", " \t ").bad("title", "is empty", "up to 200 characters"),
        titled("a title of 201 characters", &a201).bad("title", "the limit is 200", "Shorten it by 1."),
        titled("a bell in the title", "a\u{7}b").bad("title", "control character U+0007", "Remove it"),
        also("an author of 101 characters", &["--author", &a101]).bad("author", "the limit is 100", "Shorten it by 1."),
        also("a banner of 151 characters", &["--banner", &a151]).bad("banner", "the limit is 150", "Shorten it by 1."),
        also("an empty banner", &["--banner", ""]).bad("banner", "is empty", "up to 150 characters"),
        in_body("an empty text", "\n \n").bad("body", "is empty", "Give it a text."),
        in_body("an escape in the text", "a\u{1b}[2Jb").bad("body", "control character U+001B", "Remove it"),
        in_body("an oversized card", &"é".repeat(41_000)).bad("body", "the limit is 80000", "Shorten the text"),
        in_body("a whole book", &"a".repeat(1_000_001)).bad("--body-file", "longer than 1000000 bytes", "Shorten it"),
        made("a text file that is not there", &[&["--title", "T", "--body-file", "no.md"], EVERYONE]).bad(
            "--body-file",
            "“no.md” cannot be read: it is not there",
            "Name a text file",
        ),
        made("a directory for a text", &[&["--title", "T", "--body-file", "."], EVERYONE]).bad(
            "--body-file",
            "it is a directory",
            "Name a text file",
        ),
        made("a text that is not UTF-8", &[&["--title", "T", "--body-file", "text.md"], EVERYONE])
            .file("text.md", b"caf\xe9")
            .bad("--body-file", "not text in UTF-8", "Name a text file in UTF-8"),
        made("a text without end", &[&["--title", "T", "--body-file", "/dev/zero"], EVERYONE]).bad(
            "--body-file",
            "longer than 1000000 bytes",
            "Shorten it",
        ),
    ]
}

fn markup() -> Vec<Row> {
    let body = |name, text, limit, cure| in_body(name, text).bad("body", limit, cure);
    vec![
        body("a heading", "One\n\n## News", "line 3, column 1 holds a heading", "**bold**"),
        body("an underlined heading", "News\n====", "line 1, column 1 holds a heading", "**bold**"),
        body("a table", "a\n\n| a | b |\n|---|---|\n| 1 | 2 |", "line 3, column 1 holds a table", "a list"),
        body("HTML", "Grüße <b>you</b>", "line 1, column 7 holds HTML", "**bold**"),
        body("a code block", "```\nx\n```", "holds a code block", "plain text"),
        body("an indented line", "a\n\n    b", "four spaces make one", "further left"),
        body("inline code", "Run `this`", "line 1, column 5 holds code", "**bold**"),
        body("a picture in the text", "![x](https://x.example/x.png)", "holds an image", "an image of its own"),
        body("a quotation", "> said", "holds a quotation", "_italic_"),
        body("a rule", "a\n\n***\n\nb", "line 3, column 1 holds a line across", "an empty line"),
        body("struck-out text", "~~no~~", "holds struck-out text", "Leave it out"),
        body("a tick box", "- [ ] do", "holds a tick box", "a plain list"),
        body("an ftp link", "See [x](ftp://x.example)", "line 1, column 5 links to", "https and mailto links only"),
        body("an http link", "[x](http://x.example)", "begins with http:", "https and mailto links only"),
        body("a script for a link", "[x](javascript:alert)", "begins with javascript:", "https and mailto links only"),
        body("a link to a page beside", "[x](page.html)", "no whole address", "write https://…"),
        body("a link in angle brackets", "<https://x.example>", "a link between < and >", "[text](https://…)"),
        body("a link by reference", "[x][1]\n\n[1]: https://x.example", "line 3, column 1 holds", "[text](https://…)"),
    ]
}

fn buttons() -> Vec<Row> {
    let button = |name, value| also(name, &["--button", value]);
    let long = format!("{}=https://x.example", "é".repeat(61));
    let seven: Vec<&str> = ["--button", "A=https://x.example"].into_iter().cycle().take(14).collect();
    vec![
        button("an http button", "Menu=http://x.example").bad("button 1 url", "begins with http:", "https://…"),
        button("a button to a page beside", "Menu=menu.html").bad("button 1 url", "is not a link", "https://…"),
        button("a button without text", "=https://x.example").bad("button 1 text", "is empty", "up to 60 characters"),
        button("a button of 61 characters", &long).bad("button 1 text", "the limit is 60", "Shorten it by 1."),
        button("a button without a link", "Menu").bad_arguments("--button", "write TEXT=URL", "Write a value"),
        also("seven buttons", &seven).bad("buttons", "there are 7; the limit is 6", "less important ones"),
    ]
}

fn images() -> Vec<Row> {
    let image = |name, value: &str| also(name, &[&["--image", value], &DESCRIBED[..]].concat());
    let large = [GIF, &vec![0; 64 * 1024]].concat();
    let long = "é".repeat(301);
    vec![
        also("an image without a description", &["--image", "a.gif"]).file("a.gif", GIF).bad(
            "image description",
            "an image needs one",
            "up to 300 characters",
        ),
        also("a description without an image", &DESCRIBED).bad("--image-description", "no --image", "Name the picture"),
        also("a description of 301 characters", &["--image", "https://x.example/a.png", "--image-description", &long])
            .bad("image description", "the limit is 300", "Shorten it by 1."),
        image("an image that is not there", "no.png").bad("--image", "it is not there", "PNG, JPEG or GIF"),
        image("a directory for an image", ".").bad("--image", "it is a directory", "PNG, JPEG or GIF"),
        image("an image that is none", "a.png").file("a.png", "<svg/>").bad("image", "no PNG, JPEG or GIF", "Save"),
        image("half an image", "a.gif").file("a.gif", &GIF[..10]).bad("image", "is cut off", "Save the picture"),
        image("an image that is too big", "a.gif").file("a.gif", large).bad("image", "larger than 65536", "https link"),
        image("an http image", "http://x.example/a.png").bad("image", "begins with http:", "write https://…"),
    ]
}

fn audiences() -> Vec<Row> {
    let list = |name, file| made(name, &[TEXT, &["--audience", file]]);
    let words = |name, words: &str, more: &[&str]| made(name, &[TEXT, &["--audience-expr", words], more]);
    vec![
        list("an empty list", "a.csv").file("a.csv", "").bad("audience", "names nobody", "one person a line"),
        list("a list of a heading", "a.csv").file("a.csv", "upn\n").bad(
            "audience",
            "names nobody",
            "one person a line",
        ),
        list("a list of nobody", "a.csv").file("a.csv", "x\ny\n").bad("audience", "names nobody", "one person a line"),
        list("a list that is not there", "no.csv").bad("--audience", "it is not there", "Name a"),
        list("a directory for a list", ".").bad("--audience", "it is a directory", "Name a"),
        words("an audience in other words", "managers", &[]).bad(
            "--audience-expr",
            "“managers” names nobody",
            "A source",
        ),
        words("a word that is almost right", "evryone", &[]).bad(
            "--audience-expr",
            "column 1",
            "Did you mean “everyone”?",
        ),
        words("a value without quotes", "country = France", &[]).bad("--audience-expr", "column 11", "\"France\""),
        words("another language", "guest || disabled", &[]).bad("--audience-expr", "“||” is no sign", "Write or"),
        words("too many sources", &["guest"; 101].join(" or "), &[]).bad(
            "--audience-expr",
            "more than 100",
            "on a list",
        ),
        words("too deep an audience", &"(".repeat(21), &[]).bad("--audience-expr", "more than 20", "under a name"),
        words("too long an audience", &"x".repeat(10_001), &[]).bad("--audience-expr", "10000 characters", "on a list"),
        words("a named list that is not there", "list \"a\"", &["--list", "a=no.csv"]).bad(
            "--list",
            "not there",
            "Name a",
        ),
        words("a list given twice", "list \"a\"", &["--list", "a=a.csv", "--list", "a=a.csv"])
            .file("a.csv", "a@b.example\n")
            .bad("--list", "“a” is given twice", "a name of its own"),
        words("a list without a name", "everyone", &["--list", "a.csv"]).bad_arguments(
            "--list <NAME=FILE>",
            "write NAME=FILE",
            "a value that it takes",
        ),
        made("a list beside a list", &[TEXT, &["--audience", "a.csv", "--list", "b=a.csv"]])
            .file("a.csv", "a@b.example\n")
            .bad("--list", "not with --audience", "Write both as words"),
        words("lists of a dry run without one", "everyone", &["--lists", "out"]).bad_arguments("--dry-run", "", ""),
        made("no audience", &[TEXT]).bad_arguments("--audience", "required", "Add it."),
        made("two audiences", &[TEXT, EVERYONE, &["--audience", "a.csv"]]).bad_arguments(
            "--audience",
            "cannot be used with",
            "Leave one of the two out.",
        ),
    ]
}

fn treatment() -> Vec<Row> {
    let deadline = |name, value| also(name, &["--deadline", value]);
    let no_now = [&["broadcast", "create"], TEXT, EVERYONE].concat();
    let hour = |name, at: &[&str]| row(name, &[&no_now[..], &["--at"], at].concat());
    vec![
        row("no hour", &no_now).bad("--at", "neither is --now", "Write --now, or --at with an hour"),
        also("two hours", &["--at", "2100-01-01T10:00Z"]).bad_arguments(
            "--now",
            "cannot be used with",
            "Leave one of the two out.",
        ),
        hour("an hour without its zone", &["2027-01-01T10:00"]).bad("--at", "in which time zone", "--time-zone"),
        hour("an hour in words", &["tomorrow", "--time-zone", "UTC"]).bad(
            "--at",
            "not a date and a time",
            "Write it as",
        ),
        hour("an hour in an unknown zone", &["2027-01-01T10:00", "--time-zone", "Berlin"]).bad(
            "--time-zone",
            "“Berlin” is not a time zone",
            "Europe/Berlin",
        ),
        hour("an hour that the clocks jump over", &["2027-03-28T02:30", "--time-zone", "Europe/Berlin"]).bad(
            "--at",
            "does not exist in Europe/Berlin",
            "Take 2027-03-28T01:30 or 2027-03-28T03:00.",
        ),
        hour("a zone for nothing", &["2027-01-01T10:00Z", "--no-prepare", "--prepare", "1h"]).bad_arguments(
            "--no-prepare",
            "cannot be used with",
            "Leave one of the two out.",
        ),
        also("an author who is no address", &["--tell", "Anna"]).bad_arguments(
            "--tell",
            "an object id",
            "Write a value",
        ),
        deadline("a deadline of nothing", "0h").bad_arguments("--deadline", "from 1ms to 366d", "Write a value"),
        deadline("a deadline in words", "soon").bad_arguments("--deadline", "from 1ms to 366d", "Write a value"),
        deadline("a deadline in two years", "730d").bad_arguments("--deadline", "from 1ms to 366d", "Write a value"),
        deadline("a deadline without a unit", "72").bad_arguments("--deadline", "its unit", "Write a value"),
        also("a deadline in the past", &["--deadline=-1h"]).bad_arguments("--deadline", "from 1ms", "Write a value"),
        also("a third policy", &["--when-in-doubt", "guess"]).bad_arguments("--when-in-doubt", "hold", "hold, resend"),
        also("a text twice", &["--body-file", "text.md"]).bad_arguments(
            "--body",
            "cannot be used with",
            "Leave one of the two out.",
        ),
        made("no text", &[&["--title", "T"], EVERYONE]).bad_arguments("--body-file", "required", "Add it."),
        made("no title", &[&["--body", "B"], EVERYONE]).bad_arguments("--title", "required", "Add it."),
        also("a preview of a dry run", &["--preview", "--dry-run"]).bad_arguments(
            "--preview",
            "cannot be used with",
            "Leave one of the two out.",
        ),
        also("a preview on a full disk", &["--preview", "/dev/full"]).refused(
            1,
            "preview",
            "--preview",
            "the disk is full",
            "Name a file",
        ),
        also("a preview to nowhere", &["--preview", "no/card.json"]).refused(
            1,
            "preview",
            "--preview",
            "it is not there",
            "in a directory that is there",
        ),
    ]
}
