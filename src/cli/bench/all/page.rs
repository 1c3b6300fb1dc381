//! The page as Markdown: the machine, each figure beside its bound, what falls short, how it was measured.

use std::fmt::Write;

use super::super::figures::{bound, value, verdict};
use super::{Page, Section};

/// How each figure is taken, and what was tried.
const METHOD: &str = include_str!("method.md");

impl Page {
    pub(super) fn in_markdown(&self) -> String {
        let mut page = String::from("# Benchmarks\n\nWritten by `stentor bench all`; `make bench` writes it anew.\n\n");
        let machine = &self.machine;
        let (day, times) = (self.at.format("%Y-%m-%d"), if self.runs == 1 { "once" } else { "" });
        let times = if times.is_empty() { format!("{} times, the median told", self.runs) } else { times.to_owned() };
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "Measured on {day}, each {times}, on {} cores of {} with {:.0} GB of memory; load average before it {:.1}.\n",
            machine.cores, machine.processor, machine.memory_gb, machine.load
        );
        page += "| measure | with | figure | measured | must be | |\n|---|---|---|--:|--:|---|\n";
        for Section { measure, sizes, figures } in &self.sections {
            for figure in figures {
                let shown = value(figure.manner, figure.value);
                let _ = writeln!(
                    page,
                    "| `{measure}` | {sizes} | {} | {shown} | {} | {} |",
                    figure.what,
                    bound(figure),
                    verdict(figure)
                );
            }
        }
        page += "\n## What falls short\n\n";
        page += &self.shortfalls();
        page += "\n";
        page += METHOD;
        page
    }

    fn shortfalls(&self) -> String {
        let mut text = String::new();
        for Section { measure, figures, .. } in &self.sections {
            for figure in figures.iter().filter(|figure| !figure.is_kept()) {
                let (shown, bound) = (value(figure.manner, figure.value), bound(figure));
                let _ = writeln!(
                    text,
                    "- `{measure}`: {}: {shown} where {bound} is asked; {}.",
                    figure.what,
                    verdict(figure)
                );
            }
        }
        if text.is_empty() { "Nothing.\n".to_owned() } else { text }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::super::machine::Machine;
    use super::*;
    use crate::bench::figure::{Figure, Must};

    #[test]
    fn the_page_shows_each_bound_and_names_what_falls_short() {
        let figures = vec![
            Figure::ratio("engine ÷ loop", 1.5).must(Must::Reach(2.0)),
            Figure::count("bytes", 400.0).must(Must::NotExceed(450.0)),
            Figure::share("used", 0.991),
        ];
        let machine = Machine { processor: "a CPU".into(), cores: 2, memory_gb: 8.0, load: 0.5 };
        let at = chrono::Utc.timestamp_opt(1_800_000_000, 0).unwrap();
        let sections = vec![Section { measure: "engine", sizes: "10 people".into(), figures }];
        let page = Page { at, machine, runs: 3, sections }.in_markdown();
        assert!(page.contains("each 3 times, the median told, on 2 cores of a CPU with 8 GB of memory"), "{page}");
        assert!(page.contains("| `engine` | 10 people | engine ÷ loop | 1.50 | ≥ 2.00 | short by 0.50 |"), "{page}");
        assert!(page.contains("| bytes | 400 | ≤ 450 | kept |") && page.contains("| used | 99.1 % |  |  |"), "{page}");
        assert!(page.contains("- `engine`: engine ÷ loop: 1.50 where ≥ 2.00 is asked; short by 0.50."), "{page}");
    }
}
