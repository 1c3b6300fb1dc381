//! A claimed run of ordinals: the open and settled bits, the window, the counters.
//!
//! Picture a sheet of numbered seats and two colours of pin. A *open* pin says: a send to this seat may be on the
//! wire. A *settled* pin says: this seat has its final answer. The sheet is put away (committed) before any send it
//! permits starts, so whoever finds the sheet after a crash knows every doubtful seat by name, and no other.
//!
//! Everything here is plain: the worker, the rescue and the tests run these very functions.

use serde::{Deserialize, Serialize};

use super::delivery::{Settlement, WhenInDoubt};
use super::ids::{ChunkNumber, Epoch, Ordinal, RoundId};
use super::reason::Reason;

/// After this many crashes a chunk goes on one send at a time, so that the next crash names the person.
pub const CRASHES_BEFORE_SINGLE_FILE: u16 = 2;

/// A fixed number of bits, as a chunk's row keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bits {
    bytes: Vec<u8>,
    length: u32,
}

impl Bits {
    /// `length` bits, all clear.
    pub fn clear(length: u32) -> Self {
        Self { bytes: vec![0; length.div_ceil(8) as usize], length }
    }

    /// Bits as stored; `None` when the bytes do not fit `length`.
    pub fn from_bytes(bytes: Vec<u8>, length: u32) -> Option<Self> {
        let bits = Self { bytes, length };
        let fits = bits.bytes.len() == length.div_ceil(8) as usize && bits.ones().all(|place| place < length);
        fits.then_some(bits)
    }

    /// Bits to be stored: place 0 is the lowest bit of the first byte.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the bit at `place` is set; a place outside is not.
    pub fn get(&self, place: u32) -> bool {
        place < self.length && self.bytes[place as usize / 8] & (1 << (place % 8)) != 0
    }

    fn put(&mut self, place: u32, on: bool) {
        let mask = 1 << (place % 8);
        let byte = &mut self.bytes[place as usize / 8];
        *byte = if on { *byte | mask } else { *byte & !mask };
    }

    /// How many bits are set.
    pub fn count(&self) -> u32 {
        self.bytes.iter().map(|byte| byte.count_ones()).sum()
    }

    /// The places whose bit is set, in order.
    pub fn ones(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.bytes.len() as u32 * 8).filter(|place| self.bytes[*place as usize / 8] & (1 << (place % 8)) != 0)
    }
}

/// How many of a chunk's people ended how. Absolute numbers: writing them twice does no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Teams took the message.
    pub sent: u32,
    /// Cannot be delivered.
    pub failed: u32,
    /// Cannot be reached by rule.
    pub skipped: u32,
    /// May have arrived; held so by policy.
    pub unconfirmed: u32,
}

impl Counters {
    /// Everybody counted.
    pub const fn total(self) -> u32 {
        self.sent + self.failed + self.skipped + self.unconfirmed
    }

    fn add(&mut self, settlement: Settlement) {
        match settlement {
            Settlement::Sent => self.sent += 1,
            Settlement::Failed => self.failed += 1,
            Settlement::Skipped => self.skipped += 1,
            Settlement::Unconfirmed => self.unconfirmed += 1,
            // Invariant: a cancelled broadcast leaves its people unsettled in the chunk; they are counted by difference.
            Settlement::Cancelled => {}
        }
    }
}

/// A claimed run of ordinals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The round it belongs to.
    pub round: RoundId,
    /// Its place in the round.
    pub number: ChunkNumber,
    /// Its first ordinal.
    pub first: Ordinal,
    /// Its number of ordinals.
    pub size: u32,
    /// Whose claim this is; a flush with another epoch changes nothing.
    pub epoch: Epoch,
    /// The number of the last flush that moved it.
    pub flush_number: i64,
    /// How many owners died while a send of this chunk was open.
    pub crashes: u16,
    /// The counters.
    pub counters: Counters,
    open: Bits,
    settled: Bits,
}

/// A step that the bits forbid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// The ordinal belongs to another chunk.
    #[error("ordinal {0} is not in this chunk")]
    Elsewhere(Ordinal),
    /// The ordinal has its final answer.
    #[error("ordinal {0} is settled")]
    Settled(Ordinal),
    /// The chunk goes in single file and somebody is on the wire.
    #[error("the chunk goes in single file and another ordinal is open")]
    SingleFile,
}

/// What became of one open ordinal when its owner was found dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// Whose send may have arrived.
    pub ordinal: Ordinal,
    /// Settled as unconfirmed; `false` when the policy sends again.
    pub held: bool,
    /// [`Reason::LeaseEnded`], or [`Reason::SetAside`] for the one whom three crashes name.
    pub reason: Reason,
}

impl Chunk {
    /// A chunk that nobody has claimed yet.
    pub fn fresh(round: RoundId, number: ChunkNumber, first: Ordinal, size: u32) -> Self {
        Self {
            round,
            number,
            first,
            size,
            epoch: Epoch(0),
            flush_number: 0,
            crashes: 0,
            counters: Counters::default(),
            open: Bits::clear(size),
            settled: Bits::clear(size),
        }
    }

    /// Puts the bits that were stored onto a chunk; `None` when they do not fit its size.
    pub fn with_bits(self, open: Vec<u8>, settled: Vec<u8>) -> Option<Self> {
        let (open, settled) = (Bits::from_bytes(open, self.size)?, Bits::from_bytes(settled, self.size)?);
        Some(Self { open, settled, ..self })
    }

    /// Sends that may be on the wire.
    pub const fn open(&self) -> &Bits {
        &self.open
    }

    /// Ordinals that have their final answer.
    pub const fn settled(&self) -> &Bits {
        &self.settled
    }

    /// Every ordinal has its final answer.
    pub fn is_finished(&self) -> bool {
        self.settled.count() == self.size
    }

    /// One send at a time, because owners keep dying over it.
    pub const fn in_single_file(&self) -> bool {
        self.crashes >= CRASHES_BEFORE_SINGLE_FILE
    }

    /// The ordinals without a final answer, in order.
    pub fn unsettled(&self) -> impl Iterator<Item = Ordinal> + '_ {
        (0..self.size).filter(|place| !self.settled.get(*place)).map(|place| Ordinal(self.first.0 + place))
    }

    fn place(&self, ordinal: Ordinal) -> Result<u32, Forbidden> {
        let place = ordinal.0.checked_sub(self.first.0).filter(|place| *place < self.size);
        place.ok_or(Forbidden::Elsewhere(ordinal))
    }

    /// Opens `ordinal`: once this is committed, one send to it may start.
    ///
    /// # Errors
    /// [`Forbidden`] when it is settled, elsewhere, or another is open and the chunk goes in single file.
    pub fn grant(&mut self, ordinal: Ordinal) -> Result<(), Forbidden> {
        let place = self.place(ordinal)?;
        if self.settled.get(place) {
            return Err(Forbidden::Settled(ordinal));
        }
        let others = self.open.count() - u32::from(self.open.get(place));
        if self.in_single_file() && others > 0 {
            return Err(Forbidden::SingleFile);
        }
        self.open.put(place, true);
        Ok(())
    }

    /// Closes `ordinal` without settling it: its answer is known (or it never left), and it may need another try.
    ///
    /// # Errors
    /// [`Forbidden::Elsewhere`].
    pub fn close(&mut self, ordinal: Ordinal) -> Result<(), Forbidden> {
        let place = self.place(ordinal)?;
        self.open.put(place, false);
        Ok(())
    }

    /// Gives `ordinal` its final answer: clears the open bit, sets the settled one, counts.
    ///
    /// # Errors
    /// [`Forbidden`] when it has one already, or is elsewhere.
    pub fn settle(&mut self, ordinal: Ordinal, settlement: Settlement) -> Result<(), Forbidden> {
        let place = self.place(ordinal)?;
        if self.settled.get(place) {
            return Err(Forbidden::Settled(ordinal));
        }
        self.open.put(place, false);
        self.settled.put(place, true);
        self.counters.add(settlement);
        Ok(())
    }

    /// Takes the chunk from a dead owner: a new epoch, and every open ordinal settled by the broadcast's policy.
    ///
    /// The doubt is exactly the open bits. Under `resend` they go back to pending, but for the one whom a crash in
    /// single file names: that person is set aside, or a poisonous send would kill worker after worker.
    pub fn rescue(&mut self, when_in_doubt: WhenInDoubt) -> Vec<Doubt> {
        let named = self.in_single_file();
        let open: Vec<u32> = self.open.ones().collect();
        self.epoch = Epoch(self.epoch.0 + 1);
        self.crashes = self.crashes.saturating_add(u16::from(!open.is_empty()));
        let mut doubts = Vec::with_capacity(open.len());
        for place in open {
            let held = named || when_in_doubt == WhenInDoubt::Hold;
            self.open.put(place, false);
            if held {
                self.settled.put(place, true);
                self.counters.add(Settlement::Unconfirmed);
            }
            let reason = if named { Reason::SetAside } else { Reason::LeaseEnded };
            doubts.push(Doubt { ordinal: Ordinal(self.first.0 + place), held, reason });
        }
        doubts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Act {
        Grant(u32),
        Close(u32),
        Settle(u32),
        Rescue(bool),
    }

    fn acts() -> impl Strategy<Value = Act> {
        prop_oneof![
            4 => (0..20_u32).prop_map(Act::Grant),
            2 => (0..20_u32).prop_map(Act::Close),
            3 => (0..20_u32).prop_map(Act::Settle),
            1 => any::<bool>().prop_map(Act::Rescue),
        ]
    }

    fn chunk() -> Chunk {
        Chunk::fresh(RoundId::from_i64(1), ChunkNumber(0), Ordinal(100), 17)
    }

    proptest! {
        #[test]
        fn open_and_settled_never_meet_and_counters_equal_the_settled(story in prop::collection::vec(acts(), 0..80)) {
            let mut chunk = chunk();
            for act in story {
                let _ = match act {
                    Act::Grant(place) => chunk.grant(Ordinal(100 + place)),
                    Act::Close(place) => chunk.close(Ordinal(100 + place)),
                    Act::Settle(place) => chunk.settle(Ordinal(100 + place), Settlement::Sent),
                    Act::Rescue(hold) => {
                        let open: Vec<u32> = chunk.open().ones().collect();
                        let epoch = chunk.epoch;
                        let policy = if hold { WhenInDoubt::Hold } else { WhenInDoubt::Resend };
                        let doubts = chunk.rescue(policy);
                        prop_assert_eq!(doubts.iter().map(|doubt| doubt.ordinal.0 - 100).collect::<Vec<_>>(), open);
                        prop_assert_eq!(chunk.open().count(), 0);
                        prop_assert!(chunk.epoch > epoch);
                        Ok(())
                    }
                };
                prop_assert!(chunk.open().ones().all(|place| !chunk.settled().get(place)));
                prop_assert_eq!(chunk.counters.total(), chunk.settled().count());
                prop_assert_eq!(chunk.unsettled().count() as u32 + chunk.settled().count(), chunk.size);
                prop_assert!(!chunk.in_single_file() || chunk.open().count() <= 1);
            }
        }

        #[test]
        fn bits_survive_being_stored(places in prop::collection::btree_set(0..300_u32, 0..80)) {
            let mut bits = Bits::clear(300);
            places.iter().for_each(|place| bits.put(*place, true));
            let stored = Bits::from_bytes(bits.as_bytes().to_vec(), 300).unwrap();
            prop_assert_eq!(stored.ones().collect::<Vec<_>>(), places.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_third_crash_names_the_person_and_sets_her_aside() {
        let mut chunk = chunk();
        for _ in 0..2 {
            chunk.grant(Ordinal(103)).unwrap();
            chunk.grant(Ordinal(104)).unwrap();
            assert!(chunk.rescue(WhenInDoubt::Resend).iter().all(|doubt| !doubt.held));
        }
        chunk.grant(Ordinal(103)).unwrap();
        assert_eq!(chunk.grant(Ordinal(104)), Err(Forbidden::SingleFile));
        let doubts = chunk.rescue(WhenInDoubt::Resend);
        assert_eq!(doubts, [Doubt { ordinal: Ordinal(103), held: true, reason: Reason::SetAside }]);
    }

    #[test]
    fn a_crash_with_nothing_on_the_wire_blames_nobody() {
        let mut chunk = chunk();
        assert!(chunk.rescue(WhenInDoubt::Hold).is_empty());
        assert_eq!(chunk.crashes, 0);
    }
}
