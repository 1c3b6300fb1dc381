//! What must hold in every state, and at every end.

use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{Epoch, Ordinal};
use stentor::domain::outcome::Outcome;
use stentor::ports::AttemptFact;

use crate::record::{Record, Standing};
use crate::system::{Broadcast, PATIENT, World};

/// A send starts: its permission was committed, and whoever takes over knows of it by name.
pub fn may_send(record: &Record, told: &[u8], ordinal: Ordinal, epoch: Epoch) -> Result<(), String> {
    let open = record.chunk.epoch == epoch && record.chunk.open().get(ordinal.0);
    let in_doubt = record.doubted.contains(&(epoch, ordinal));
    if !open && !in_doubt {
        return Err(format!("{ordinal} was sent to without a committed permission"));
    }
    if usize::from(told[ordinal.0 as usize]) > record.doubts_of(ordinal) {
        return Err(format!("{ordinal} is told again, and no doubt is on record"));
    }
    Ok(())
}

/// Whatever a fenced worker learnt stands in the record, beside what its successor wrote.
pub fn late_answers_are_kept(record: &Record, facts: &[AttemptFact]) -> Result<(), String> {
    let kept = |fact: &AttemptFact| {
        record
            .rows
            .iter()
            .any(|row| (row.ordinal, &row.outcome) == (fact.ordinal, &fact.outcome) && row.attempt == fact.attempt)
    };
    match facts.iter().find(|fact| !kept(fact)) {
        Some(fact) => Err(format!("the late answer about {} was not kept", fact.ordinal)),
        None => Ok(()),
    }
}

pub fn hold_always(system: &Broadcast, before: &Record, world: &World) -> Result<(), String> {
    let policy = system.policy;
    if policy == WhenInDoubt::Hold
        && let Some(ordinal) = world.told.iter().position(|told| *told > 1)
    {
        return Err(format!("{ordinal} was told twice"));
    }
    let after = &*world.record;
    let chunk = &after.chunk;
    if chunk.open().ones().any(|place| chunk.settled().get(place)) {
        return Err("somebody is open and settled".to_owned());
    }
    if after.standing == Standing::Ready && chunk.open().count() > 0 {
        return Err("a chunk that anybody may claim has open bits".to_owned());
    }
    for place in 0..chunk.size {
        let ordinal = Ordinal(place);
        match (before.chunk.settled().get(place), chunk.settled().get(place)) {
            (true, false) => return Err(format!("{ordinal} was settled, and is not any more")),
            (true, true) if before.reported(ordinal) != after.reported(ordinal) => {
                let late = after.rows.iter().any(|row| row.ordinal == ordinal && row.late && row.settles.is_some());
                if before.reported(ordinal) != Some(Settlement::Unconfirmed) || !late {
                    return Err(format!("{ordinal} was settled, and then otherwise"));
                }
            }
            _ => {}
        }
    }
    counters_equal_facts(after)?;
    // Whoever runs out of tries in doubt stays unconfirmed, and rightly.
    if policy == WhenInDoubt::Resend && system.tries == PATIENT {
        let held = |ordinal: &Ordinal| after.reported(*ordinal) == Some(Settlement::Unconfirmed);
        let wrong = (0..chunk.size).map(Ordinal).filter(held).find(|ordinal| !after.was_set_aside(*ordinal));
        if let Some(ordinal) = wrong {
            return Err(format!("{ordinal} is unconfirmed although the policy sends again"));
        }
    }
    Ok(())
}

/// The screen sums counters and the export reads facts: they must say the same.
fn counters_equal_facts(record: &Record) -> Result<(), String> {
    let settled: Vec<Ordinal> = record.chunk.settled().ones().map(Ordinal).collect();
    let facts = |kind: Settlement| settled.iter().filter(|who| record.reported(**who) == Some(kind)).count() as u32;
    let counters = record.chunk.counters;
    let shown = [
        ("sent", counters.sent + record.late_sent, facts(Settlement::Sent)),
        ("failed", counters.failed + record.late_failed, facts(Settlement::Failed)),
        ("skipped", counters.skipped, facts(Settlement::Skipped)),
        (
            "unconfirmed",
            counters.unconfirmed.wrapping_sub(record.late_sent + record.late_failed),
            facts(Settlement::Unconfirmed),
        ),
    ];
    match shown.into_iter().find(|(_, counted, written)| counted != written) {
        Some((kind, counted, written)) => {
            Err(format!("the counters say {counted} {kind}, and the facts of the settled say {written}"))
        }
        None => Ok(()),
    }
}

/// Nothing may happen any more: then everybody has a final state, and whoever is reported sent was told.
pub fn hold_at_the_end(world: &World) -> Result<(), String> {
    let record = &*world.record;
    if let Some(ordinal) = record.chunk.unsettled().next() {
        return Err(format!("{ordinal} was lost: nothing can happen any more, and nothing is settled"));
    }
    if record.standing != Standing::Finished {
        return Err("everybody is settled, and the chunk is not finished".to_owned());
    }
    for (place, told) in world.told.iter().enumerate() {
        let ordinal = Ordinal(place as u32);
        let accepted = |row: &&crate::record::Row| matches!(row.outcome, Some(Outcome::Accepted { .. }));
        let proved = record.rows.iter().filter(|row| row.ordinal == ordinal).any(|row| accepted(&row));
        match record.reported(ordinal) {
            Some(Settlement::Sent) if *told == 0 => {
                return Err(format!("{ordinal} is reported sent, and was not told"));
            }
            Some(Settlement::Unconfirmed) if proved => {
                return Err(format!("{ordinal} is reported in doubt, and an answer proved that she was told"));
            }
            Some(Settlement::Sent | Settlement::Unconfirmed) => {}
            other => return Err(format!("{ordinal} is reported {other:?}, which nothing here leads to")),
        }
    }
    Ok(())
}
