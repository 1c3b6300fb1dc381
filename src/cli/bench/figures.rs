//! Figures as a table: each beside its bound, and by how much it falls short.

use super::super::Global;
use super::super::text::{self, Align, table, thousands};
use crate::bench::figure::{Figure, Manner, Must};

/// A value as it is written in its manner.
pub(super) fn value(manner: Manner, value: f64) -> String {
    match manner {
        _ if !value.is_finite() => "none".to_owned(),
        Manner::Count => thousands(value.round().max(0.0) as u64),
        Manner::Ratio => format!("{value:.2}"),
        Manner::Share => format!("{:.1} %", value * 100.0),
        Manner::Seconds => format!("{value:.1} s"),
    }
}

/// What it must reach, in words.
pub(super) fn bound(figure: &Figure) -> String {
    match figure.must {
        None => String::new(),
        Some(Must::Reach(bound)) => format!("≥ {}", value(figure.manner, bound)),
        Some(Must::NotExceed(bound)) => format!("≤ {}", value(figure.manner, bound)),
    }
}

/// Whether it is kept; where it is not, by how much.
pub(super) fn verdict(figure: &Figure) -> String {
    match figure.must {
        None => String::new(),
        Some(_) if figure.is_kept() => "kept".to_owned(),
        Some(Must::Reach(bound)) => format!("short by {}", value(figure.manner, bound - figure.value)),
        Some(Must::NotExceed(bound)) => format!("over by {}", value(figure.manner, figure.value - bound)),
    }
}

/// All of them, for a terminal.
pub(super) fn as_text(figures: &[Figure]) -> String {
    let row =
        |figure: &Figure| vec![figure.what.clone(), value(figure.manner, figure.value), bound(figure), verdict(figure)];
    table(&[Align::Left, Align::Right, Align::Right, Align::Left], &figures.iter().map(row).collect::<Vec<_>>(), "  ")
}

/// What was measured: the whole as JSON when asked for, else the figures.
pub(super) fn tell(global: &Global, measured: &impl serde::Serialize, figures: &[Figure]) -> anyhow::Result<()> {
    match global.json {
        true => text::print_json(measured)?,
        false => text::print(&as_text(figures))?,
    }
    Ok(())
}
