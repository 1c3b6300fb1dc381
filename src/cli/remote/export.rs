//! An export as it comes over the wire: written as it is, its lines counted on the way.

use std::io::Write;

use reqwest::Response;

use super::super::complaint::Complaint;
use super::super::text;
use crate::app::export::{ExportError, Format};
use crate::wiring::what_happened;

/// Counts the lines of an export in what passes by.
///
/// Text in quotes may hold line ends, in CSV as they are; in JSON they are escaped, so that counting is the same.
#[derive(Debug, Default)]
struct Counter {
    lines: u64,
    is_quoted: bool,
    is_escaped: bool,
    is_begun: bool,
}

impl Counter {
    fn look(&mut self, piece: &[u8], escapes: bool) {
        for byte in piece {
            match byte {
                _ if std::mem::take(&mut self.is_escaped) => {}
                b'\\' if escapes && self.is_quoted => self.is_escaped = true,
                b'"' => self.is_quoted = !self.is_quoted,
                b'\n' if !self.is_quoted => {
                    self.lines += u64::from(self.is_begun);
                    self.is_begun = false;
                    continue;
                }
                // Of an array only what opens and closes it stands outside of objects.
                b'[' | b']' | b'\r' if escapes && !self.is_quoted => continue,
                _ => {}
            }
            self.is_begun = true;
        }
    }

    /// Those that are people.
    fn people(&self, format: Format) -> u64 {
        match format {
            Format::Csv { .. } => self.lines.saturating_sub(1),
            Format::JsonLines | Format::JsonArray => self.lines,
        }
    }
}

/// Writes what comes to `to` until its end; how many people that were. `progress` hears of every piece.
pub(super) async fn written(
    mut response: Response,
    server: &str,
    format: Format,
    to: &mut (dyn Write + Send),
    mut progress: impl FnMut(u64) + Send,
) -> anyhow::Result<u64> {
    let mut counter = Counter::default();
    let escapes = !matches!(format, Format::Csv { .. });
    loop {
        match response.chunk().await {
            Ok(Some(piece)) => {
                to.write_all(&piece).map_err(ExportError::Write)?;
                counter.look(&piece, escapes);
                progress(counter.people(format));
            }
            Ok(None) => break,
            Err(error) => return Err(broken_off(server, &what_happened(&error)).into()),
        }
    }
    to.flush().map_err(ExportError::Write)?;
    Ok(counter.people(format))
}

/// Half an export is none.
fn broken_off(server: &str, what: &str) -> Complaint {
    let message = format!("{server} broke off in the middle of the export ({what}): it is not complete.");
    let cure = "Export it again; with --output a file is complete or not there.";
    Complaint::failed("export_broken_off", message, cure).about("--server")
}

/// An export that ended too early, without a word.
pub(super) fn too_short(server: &str, written: u64, targeted: u64) -> Complaint {
    let (written, targeted) = (text::people(written), text::people(targeted));
    let message = format!("{server} told of {written} and not of all {targeted}: the export is not complete.");
    let cure = "Export it again; with --output a file is complete or not there.";
    Complaint::failed("export_incomplete", message, cure).about("--server")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(text: &str, format: Format) -> u64 {
        let mut counter = Counter::default();
        // In pieces, so that a line is never seen as a whole.
        for piece in text.as_bytes().chunks(3) {
            counter.look(piece, !matches!(format, Format::Csv { .. }));
        }
        counter.people(format)
    }

    #[test]
    fn lines_are_counted_whatever_their_cells_hold() {
        let csv = Format::Csv { mark: true };
        assert_eq!(counted("\u{feff}id,name\n1,\"Ann\n\"\"B\"\"\"\n2,Bob\n", csv), 2);
        assert_eq!(counted("id,name\n", csv), 0);
        assert_eq!(counted("{\"name\":\"a\\\"]\\n\"}\n{}\n", Format::JsonLines), 2);
        assert_eq!(counted("[\n{\"a\":[1]},\n{}\n]\n", Format::JsonArray), 2);
        assert_eq!(counted("[]\n", Format::JsonArray), 0);
    }
}
