//! Lists of people as they lie around: what was understood of one, and what of it is nobody's name.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::audiences::{bad, refused};
use super::input::Raw;
use crate::app::submit::{self, LeftOut, LeftOutCounts};
use crate::domain::audience::{Address, List, read_list};
use crate::http::problem::Problem;

/// Lines of each kind that are told one by one; the numbers tell of all.
pub const LINES_TOLD: usize = 1000;

/// A list as it was read, and whom it names.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListRead {
    /// How it was understood.
    pub understood: ListUnderstood,
    /// How many people it names, each once, whom the directory knows.
    pub people: u64,
    /// What of it is nobody's name, or names somebody again.
    pub left_out: LinesLeftOut,
}

/// How a list was understood, so that a wrong guess can be seen.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListUnderstood {
    /// In a line.
    #[schema(example = "UTF-8, separated by semicolons, by mail")]
    pub sentence: String,
    /// How its text is written: `UTF-8`, `UTF-16` or `Windows-1252`.
    pub encoding: String,
    /// What stands between its cells; `null` when it is no table.
    pub separator: Option<char>,
    /// The line of its heading, if it has one.
    pub heading_line: Option<u64>,
    /// The columns that name the person, the first choice first; empty when every address is a person.
    pub columns: Vec<String>,
    /// What its author should look at; usually nothing.
    pub notes: Vec<String>,
}

impl ListUnderstood {
    fn of(list: &List) -> Self {
        let understood = &list.understood;
        Self {
            sentence: understood.to_string(),
            encoding: understood.encoding.to_string(),
            separator: understood.separator,
            heading_line: understood.heading_line,
            columns: understood.columns.clone(),
            notes: understood.notes().into_iter().map(str::to_owned).collect(),
        }
    }
}

/// Lines that count for nobody: how many, and of each kind the first thousand.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinesLeftOut {
    /// How many of each kind.
    pub counts: LeftOutCounts,
    /// They name somebody whom an earlier line named.
    pub duplicates: Vec<RepeatedLine>,
    /// Nobody in the directory has the address.
    pub unknown: Vec<AddressLine>,
    /// Several people have it.
    pub ambiguous: Vec<AddressLine>,
    /// Neither an id nor an address.
    pub malformed: Vec<MalformedLine>,
}

/// A line that names somebody again.
#[derive(Debug, Serialize, ToSchema)]
pub struct RepeatedLine {
    /// The line, from 1.
    pub line: u64,
    /// The line that named them first.
    pub first_line: u64,
}

/// A line with an address.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddressLine {
    /// The line, from 1.
    pub line: u64,
    /// The address, or object id.
    pub address: String,
}

/// A line that names nobody.
#[derive(Debug, Serialize, ToSchema)]
pub struct MalformedLine {
    /// The line, from 1.
    pub line: u64,
    /// What stands there, cut to 80 characters.
    pub text: String,
    /// What is wrong with it, as a code.
    pub flaw: String,
    /// The same in words.
    pub sentence: String,
}

impl LinesLeftOut {
    /// The lines of `left_out`, the first thousand of each kind.
    pub fn of(left_out: &LeftOut) -> Self {
        let named = |lines: &[(u64, Address)]| {
            let told = lines.iter().take(LINES_TOLD);
            told.map(|(line, address)| AddressLine { line: *line, address: address.to_string() }).collect()
        };
        let repeats = left_out.duplicates.iter().take(LINES_TOLD);
        let malformed = left_out.malformed.iter().take(LINES_TOLD);
        Self {
            counts: left_out.counts(),
            duplicates: repeats.map(|it| RepeatedLine { line: it.line, first_line: it.first_line }).collect(),
            unknown: named(&left_out.unknown),
            ambiguous: named(&left_out.ambiguous),
            malformed: malformed
                .map(|row| MalformedLine {
                    line: row.line,
                    text: row.cell.clone(),
                    flaw: row.flaw.code().to_owned(),
                    sentence: row.flaw.sentence().to_owned(),
                })
                .collect(),
        }
    }
}

/// Read a list as it was pasted or uploaded
///
/// Nothing is kept. It finds out for itself how the list is written, what stands between its cells and which column names
/// the person, and says what it understood.
#[utoipa::path(post, path = "/audiences/read-list", tag = "Audiences", operation_id = "read_list",
    request_body(content((String = "text/plain"), (String = "text/csv")), description = "The list: one person a line, or a table, up to 64 MiB"),
    responses((status = 200, description = "How it was understood, and whom it names", body = ListRead)))]
pub async fn read(State(api): State<Api>, Raw(bytes): Raw) -> Result<Json<ListRead>, Problem> {
    // Half a million lines take some tenths of a second, in which nobody else should have to wait.
    let read = tokio::task::spawn_blocking(move || read_list(&bytes)).await;
    let list = match read {
        Ok(read) => read.map_err(bad)?,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    };
    let (people, left_out) = submit::look_up(&api.people, &list).await.map_err(refused)?;
    let left_out = LinesLeftOut::of(&left_out);
    Ok(Json(ListRead { understood: ListUnderstood::of(&list), people, left_out }))
}
