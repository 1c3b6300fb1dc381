//! Numbers, tables and instants as people like to read them.

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::time::Duration;

use crate::domain::broadcast::{AudienceKind, Channels};
use crate::domain::time::Timestamp;

/// Prints to standard output. A reader that went away (`| head`) is no failure.
pub(super) fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Tells a person something aside, on standard error. Whoever closed it does not want to know.
pub(super) fn aside(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints one JSON document.
pub(super) fn print_json(document: &impl serde::Serialize) -> std::io::Result<()> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    print(&text)
}

/// Reads an address to listen on.
pub(super) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an address and a port (0 to 65535), such as 127.0.0.1:8080".to_owned())
}

/// `1,234,567`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 person`, `1,200 people`.
pub(super) fn people(number: u64) -> String {
    format!("{} {}", thousands(number), if number == 1 { "person" } else { "people" })
}

/// What a broadcast counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// Whoever is told by herself.
    People,
    /// What is posted to.
    Channels,
    /// Where many are notified at once.
    Places,
}

impl Counted {
    /// Of one that goes these ways, to this audience.
    pub(super) const fn of(channels: Channels, audience: &AudienceKind) -> Self {
        match (channels, audience) {
            (Channels::TeamChannel, _) => Self::Channels,
            (_, AudienceKind::Places) => Self::Places,
            _ => Self::People,
        }
    }
}

/// `1,200 people`; of what is posted, `3 channels`; of what is notified at once, `1 place`.
pub(super) fn recipients(number: u64, counted: Counted) -> String {
    let (one, many) = match counted {
        Counted::People => return people(number),
        Counted::Channels => ("channel", "channels"),
        Counted::Places => ("place", "places"),
    };
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// `95.3 %`; never rounded to all or to none.
pub(super) fn percent(part: u64, whole: u64) -> String {
    match (part, whole) {
        (0, _) | (_, 0) => String::new(),
        (part, whole) if part >= whole => "100 %".to_owned(),
        (part, whole) => {
            let exact = part as f64 * 100.0 / whole as f64;
            match exact {
                0.1..=99.9 => format!("{exact:.1} %"),
                ..0.1 => "< 0.1 %".to_owned(),
                _ => "> 99.9 %".to_owned(),
            }
        }
    }
}

/// `0.8 s`, `43 s`, `4 min 12 s`, `2 h 5 min`.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `2026-11-24 10:00 UTC`.
pub(super) fn instant(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// A text of somebody else: no part of it may look like a line of ours, or steer the terminal.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Every line of `text` behind `margin`.
pub(super) fn indented(text: &str, margin: &str) -> String {
    text.lines().map(|line| format!("{margin}{line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// How a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// Rows in columns two spaces apart; no space at the ends of lines.
pub(super) fn table(columns: &[Align], rows: &[Vec<String>], margin: &str) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(columns).zip(&widths).map(|((cell, align), width)| match align {
            Align::Left => format!("{cell:<width$}"),
            Align::Right => format!("{cell:>width$}"),
        });
        text += format!("{margin}{}", cells.collect::<Vec<_>>().join("  ")).trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(people(1), "1 person");
        assert_eq!(
            [(0, 5), (1, 100_000), (99_999, 100_000), (5, 5)].map(|(part, whole)| percent(part, whole)),
            ["", "< 0.1 %", "> 99.9 %", "100 %"]
        );
        let times = [800, 43_000, 252_000, 7_500_000].map(Duration::from_millis).map(duration);
        assert_eq!(times, ["0.8 s", "43 s", "4 min 12 s", "2 h 5 min"]);
    }

    #[test]
    fn columns_stand_in_line() {
        let rows = [vec!["sent".into(), "1,200".into(), String::new()], vec!["failed".into(), "3".into(), "x".into()]];
        assert_eq!(table(&[Align::Left, Align::Right, Align::Left], &rows, " "), " sent    1,200\n failed      3  x\n");
    }
}
