//! Follows a broadcast by the server's events: each look is the newest that the server has said.
//!
//! A stream that ends is begun again: the server closes it now and then, so that it can look at our rights anew.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Response;
use serde::Deserialize;

use super::super::complaint::Complaint;
use super::super::desk::{Blind, Look, Sight};
use super::refusal::Refusal;
use super::talk::{Call, Talk};
use crate::domain::forecast::Forecast;
use crate::domain::ids::BroadcastId;
use crate::ports::{BroadcastReport, Clock};
use crate::wiring::what_happened;

/// So long is waited before a stream that broke is begun again.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// Time goes on also where nothing changes: who watches sees it this often.
const TICK: Duration = Duration::from_millis(500);
/// The longest line of a stream. An event is a few kilobytes.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The events of one broadcast.
pub(super) struct Events<'a> {
    talk: &'a Talk,
    id: BroadcastId,
    stream: Option<(Response, Lines)>,
    last: Option<BroadcastReport>,
    broke: bool,
}

/// What an event says.
#[derive(Debug, Deserialize)]
struct Progress {
    #[serde(flatten)]
    report: BroadcastReport,
    #[serde(flatten)]
    forecast: Forecast,
}

impl<'a> Events<'a> {
    pub(super) const fn new(talk: &'a Talk, id: BroadcastId) -> Self {
        Self { talk, id, stream: None, last: None, broke: false }
    }

    /// Begins a stream; `false` when there is no such broadcast.
    async fn begin(&mut self) -> Result<bool, Blind> {
        if std::mem::take(&mut self.broke) {
            self.talk.clock.sleep_until(self.talk.clock.monotonic() + AGAIN_AFTER).await;
        }
        let call = Call::get(&["broadcasts", &self.id.to_string(), "events"]);
        let response = self.talk.send(&call).await.map_err(|error| self.blind(&error))?;
        if response.status().is_success() {
            self.stream = Some((response, Lines::default()));
            return Ok(true);
        }
        match self.talk.refusal(response).await {
            Refusal::Problem(problem) if problem.status == 404 => Ok(false),
            refusal if refusal.passes() => {
                self.broke = true;
                Err(Blind::Passing(refusal.to_string()))
            }
            refusal => Err(Blind::ForGood(Complaint::from(refusal).into())),
        }
    }

    fn blind(&mut self, error: &reqwest::Error) -> Blind {
        (self.stream, self.broke) = (None, true);
        Blind::Passing(what_happened(error))
    }

    /// The next event; `None` when the stream is over.
    async fn next(&mut self) -> Result<Option<Event>, Blind> {
        loop {
            let Some((response, lines)) = &mut self.stream else { return Ok(None) };
            if let Some(event) = lines.event() {
                return Ok(Some(event));
            }
            match response.chunk().await {
                Ok(Some(piece)) if lines.take(&piece) => {}
                Ok(Some(_)) => {
                    let refusal = Refusal::not_understood(self.talk.server(), "a line of its events has no end");
                    return Err(Blind::ForGood(Complaint::from(refusal).into()));
                }
                Ok(None) => {
                    self.stream = None;
                    return Ok(None);
                }
                Err(error) => return Err(self.blind(&error)),
            }
        }
    }

    /// What `event` shows; `None` when it is none of those that we follow.
    fn seen(&mut self, event: &Event) -> Result<Option<Look>, Blind> {
        if event.name != "progress" && event.name != "end" {
            return Ok(None);
        }
        let Progress { report, forecast } = serde_json::from_str(&event.data).map_err(|error| {
            let refusal = Refusal::not_understood(self.talk.server(), &error.to_string());
            Blind::ForGood(Complaint::from(refusal).into())
        })?;
        self.last = Some(report.clone());
        Ok(Some(Look { report, forecast: Some(forecast) }))
    }
}

#[async_trait]
impl Sight for Events<'_> {
    async fn look(&mut self) -> Result<Option<Look>, Blind> {
        let clock = self.talk.clock;
        let tick_at = clock.monotonic() + TICK;
        loop {
            if self.stream.is_none() && !self.begin().await? {
                return Ok(None);
            }
            let event = tokio::select! {
                event = self.next() => event?,
                () = clock.sleep_until(tick_at), if self.last.is_some() => {
                    return Ok(self.last.clone().map(|report| Look { report, forecast: None }));
                }
            };
            match event {
                Some(event) => {
                    if let Some(look) = self.seen(&event)? {
                        return Ok(Some(look));
                    }
                }
                // Closed in order: it is begun again, but never in a whirl.
                None => self.broke = true,
            }
        }
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Event {
    name: String,
    data: String,
}

/// Puts events together of the pieces in which they come.
///
/// Source: WHATWG HTML, "Server-sent events", interpreting an event stream (read November 2026).
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    name: String,
    data: Vec<String>,
}

impl Lines {
    /// Takes a piece; `false` when a line grows beyond all measure.
    fn take(&mut self, piece: &[u8]) -> bool {
        self.bytes.extend_from_slice(piece);
        self.bytes.len() <= LINE_BYTES_MAX
    }

    /// The next event that is complete.
    fn event(&mut self) -> Option<Event> {
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
                if !data.is_empty() {
                    return Some(Event { name, data: data.join("\n") });
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => self.name = value.to_owned(),
                "data" => self.data.push(value.to_owned()),
                // A comment has no name, and whatever else there is, nobody here needs.
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_put_together_of_whatever_pieces_they_come_in() {
        let text = ": still here\n\nretry: 1000\nevent: progress\nid: 1\ndata: {\"a\":\ndata: 1}\n\nevent: end\ndata: {}\r\n\r\n";
        for size in [1, 7, text.len()] {
            let (mut lines, mut events) = (Lines::default(), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                assert!(lines.take(piece));
                events.extend(std::iter::from_fn(|| lines.event()));
            }
            let told: Vec<_> = events.iter().map(|event| (event.name.as_str(), event.data.as_str())).collect();
            assert_eq!(told, [("progress", "{\"a\":\n1}"), ("end", "{}")], "{size}");
        }
    }
}
