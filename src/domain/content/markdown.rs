//! Markdown beyond what Teams renders: found by a parser, told with its place and what to write instead.
//!
//! Teams renders bold, italic, links and lists in a card's text, and shows everything else raw.

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag};

use super::{Fault, short};

/// Places that a refusal spells out; the count tells of the others.
const PLACES_SHOWN: usize = 10;
const LINK_CURE: &str = "Write it as [text](https://…).";

/// A piece of markup that Teams does not render, or a link that it does not open.
struct Found {
    at: usize,
    /// Completes "line 3, column 5 …".
    problem: String,
    cure: &'static str,
}

/// Names each place of `body` that Teams would show raw, and each link that it would not open.
pub(super) fn faults_of(body: &str, faults: &mut Vec<Fault>) {
    let mut found = found_in(body);
    found.sort_by_key(|found| found.at);
    let mut told: Vec<(usize, String)> = Vec::new();
    let mut more = 0;
    for Found { at, problem, cure } in found {
        let (line, column) = place(body, at);
        // The same twice on one line, such as both ends of <b>, is one slip.
        if told.contains(&(line, problem.clone())) {
            continue;
        }
        if told.len() == PLACES_SHOWN {
            more += 1;
            continue;
        }
        faults.push(Fault::new("body", format!("line {line}, column {column} {problem}"), cure));
        told.push((line, problem));
    }
    if more > 0 {
        let places = if more == 1 { "1 more place holds".to_owned() } else { format!("{more} more places hold") };
        let problem = format!("{places} what Teams shows raw");
        faults.push(Fault::new("body", problem, "Use bold, italic, links and lists only."));
    }
}

fn found_in(body: &str) -> Vec<Found> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let parser = Parser::new_ext(body, options);
    let elsewhere = |at: usize| raw(at, "the address of a link, apart from it", LINK_CURE);
    let mut found: Vec<Found> =
        parser.reference_definitions().iter().map(|(_, definition)| elsewhere(definition.span.start)).collect();
    for (event, range) in parser.into_offset_iter() {
        found.extend(beyond(&event, range.start, &body[range]));
    }
    found
}

fn raw(at: usize, what: &str, cure: &'static str) -> Found {
    Found { at, problem: format!("holds {what}, which Teams shows raw"), cure }
}

/// What of `event` Teams does not render.
fn beyond(event: &Event<'_>, at: usize, source: &str) -> Option<Found> {
    let (what, cure) = match event {
        Event::Start(Tag::Heading { .. }) => ("a heading", "Write **bold** text on a line of its own instead."),
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => ("a code block", "Write plain text instead."),
        Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => {
            ("a code block (four spaces make one)", "Begin the line further left.")
        }
        Event::Code(_) => ("code between backquotes", "Write it **bold** instead."),
        Event::Start(Tag::BlockQuote(_)) => ("a quotation", "Write it in _italic_ instead."),
        Event::Start(Tag::Table(_)) => ("a table", "Write a list instead."),
        Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_) => {
            ("HTML", "Write **bold**, _italic_, links and lists instead.")
        }
        Event::Start(Tag::Image { .. }) => ("an image", "Give the announcement an image of its own instead."),
        Event::Start(Tag::Strikethrough) if source.starts_with("~~") => ("struck-out text", "Leave it out."),
        Event::TaskListMarker(_) => ("a tick box", "Write a plain list instead."),
        Event::Rule => ("a line across the page", "Leave an empty line instead."),
        Event::Start(Tag::Link { link_type, dest_url, .. }) => return beyond_link(*link_type, dest_url, at),
        _ => return None,
    };
    Some(raw(at, what, cure))
}

fn beyond_link(kind: LinkType, address: &str, at: usize) -> Option<Found> {
    match kind {
        LinkType::Inline => {}
        LinkType::Autolink | LinkType::Email => return Some(raw(at, "a link between < and >", LINK_CURE)),
        // The address, which is told, is where the slip is.
        _ => return None,
    }
    let refuse = |problem: String| {
        Some(Found { at, problem, cure: "Teams opens https and mailto links only: write https://… or mailto:…" })
    };
    match url::Url::parse(address) {
        Ok(url) if url.scheme() == "https" && url.has_host() => None,
        Ok(url) if url.scheme() == "mailto" && url.path().contains('@') => None,
        Ok(url) => refuse(format!("links to an address that begins with {}:", short(url.scheme()))),
        Err(_) => refuse(format!("links to “{}”, which is no whole address", short(address))),
    }
}

/// The line and the column of the byte `at`, both from 1; a column is a character.
fn place(body: &str, at: usize) -> (usize, usize) {
    let before = &body[..at];
    let line_at = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[line_at..].chars().count() + 1)
}
