//! Markdown beyond what Teams renders: found by a parser, told with its place and what to write instead.
//!
//! Teams renders bold, italic, links and lists in a card's text, and shows everything else raw.

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag};

use super::{Fault, Slip, short};
use crate::domain::fault::Raw;

/// Places that a refusal spells out; the count tells of the others.
const PLACES_SHOWN: usize = 10;
const LINK_CURE: &str = "Write it as [text](https://…).";

/// A piece of markup that Teams does not render, or a link that it does not open.
struct Found {
    at: usize,
    /// Completes "line 3, column 5 …".
    problem: String,
    cure: &'static str,
    /// What Teams does not render; `None` for a link that it would not open.
    what: Option<Raw>,
}

/// Names each place of `body` that Teams would show raw, and each link that it would not open.
pub(super) fn faults_of(body: &str, faults: &mut Vec<Fault>) {
    let mut found = found_in(body);
    found.sort_by_key(|found| found.at);
    let mut told: Vec<(usize, String)> = Vec::new();
    let mut more = 0;
    for Found { at, problem, cure, what } in found {
        let (line, column) = place(body, at);
        // The same twice on one line, such as both ends of <b>, is one slip.
        if told.contains(&(line, problem.clone())) {
            continue;
        }
        if told.len() == PLACES_SHOWN {
            more += 1;
            continue;
        }
        let fault = Fault::new("body", format!("line {line}, column {column} {problem}"), cure);
        faults.push(fault.known(what.map_or(Slip::LinkNotOpened { line }, |what| Slip::Raw { line, what })));
        told.push((line, problem));
    }
    if more > 0 {
        let places = if more == 1 { "1 more place holds".to_owned() } else { format!("{more} more places hold") };
        let problem = format!("{places} what Teams shows raw");
        let fault = Fault::new("body", problem, "Use bold, italic, links and lists only.");
        faults.push(fault.known(Slip::MoreRaw { count: more }));
    }
}

fn found_in(body: &str) -> Vec<Found> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let parser = Parser::new_ext(body, options);
    let elsewhere = |at: usize| raw(at, Raw::BareLink, "the address of a link, apart from it", LINK_CURE);
    let mut found: Vec<Found> =
        parser.reference_definitions().iter().map(|(_, definition)| elsewhere(definition.span.start)).collect();
    for (event, range) in parser.into_offset_iter() {
        found.extend(beyond(&event, range.start, &body[range]));
    }
    found
}

fn raw(at: usize, what: Raw, called: &str, cure: &'static str) -> Found {
    Found { at, problem: format!("holds {called}, which Teams shows raw"), cure, what: Some(what) }
}

/// What of `event` Teams does not render.
fn beyond(event: &Event<'_>, at: usize, source: &str) -> Option<Found> {
    let (what, called, cure) = match event {
        Event::Start(Tag::Heading { .. }) => {
            (Raw::Heading, "a heading", "Write **bold** text on a line of its own instead.")
        }
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => {
            (Raw::CodeBlock, "a code block", "Write plain text instead.")
        }
        Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => {
            (Raw::CodeBlock, "a code block (four spaces make one)", "Begin the line further left.")
        }
        Event::Code(_) => (Raw::Code, "code between backquotes", "Write it **bold** instead."),
        Event::Start(Tag::BlockQuote(_)) => (Raw::Quotation, "a quotation", "Write it in _italic_ instead."),
        Event::Start(Tag::Table(_)) => (Raw::Table, "a table", "Write a list instead."),
        Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_) => {
            (Raw::Html, "HTML", "Write **bold**, _italic_, links and lists instead.")
        }
        Event::Start(Tag::Image { .. }) => {
            (Raw::Image, "an image", "Give the announcement an image of its own instead.")
        }
        Event::Start(Tag::Strikethrough) if source.starts_with("~~") => {
            (Raw::Struck, "struck-out text", "Leave it out.")
        }
        Event::TaskListMarker(_) => (Raw::Tick, "a tick box", "Write a plain list instead."),
        Event::Rule => (Raw::Rule, "a line across the page", "Leave an empty line instead."),
        Event::Start(Tag::Link { link_type, dest_url, .. }) => return beyond_link(*link_type, dest_url, at),
        _ => return None,
    };
    Some(raw(at, what, called, cure))
}

fn beyond_link(kind: LinkType, address: &str, at: usize) -> Option<Found> {
    match kind {
        LinkType::Inline => {}
        LinkType::Autolink | LinkType::Email => {
            return Some(raw(at, Raw::BareLink, "a link between < and >", LINK_CURE));
        }
        // The address, which is told, is where the slip is.
        _ => return None,
    }
    let refuse = |problem: String| {
        let cure = "Teams opens https and mailto links only: write https://… or mailto:…";
        Some(Found { at, problem, cure, what: None })
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
