//! Cells of one thread: taken by their owner, freed by the thread that ends the call.

use super::cell::{Block, Cell};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use once_cell::race::OnceBox;

/// The cells of one thread.
///
/// Free cells form two lists: the owner alone reads and writes the first, and other threads put the
/// cells that they free on the second. The owner takes the second one whole when the first is
/// empty, so that no list has two takers and there is no ABA problem.
#[derive(Debug, Default)]
pub(super) struct Slab {
    /// The owner's first free cell, plus one. Written by the owner.
    free: AtomicU32,
    /// The last cell that another thread has freed, plus one.
    returned: AtomicU32,
    /// How many cells have ever been used. Written by the owner.
    used: AtomicU32,
    /// Each twice as long as the one before.
    segments: [OnceBox<Segment>; SEGMENTS],
}

#[derive(Debug)]
struct Segment {
    cells: Box<[Cell]>,
    /// A bound for each block of cells: [`Block::earliest`].
    earliest: Box<[AtomicU64]>,
}

const FIRST_SEGMENT: u32 = 16;
/// Room for 268 million running calls a thread; further ones count as slow only when they end.
const SEGMENTS: usize = 24;
/// How many cells are checked at once: a check that finds one slow call reads so many, and one word
/// for each block.
const BLOCK: usize = 128;

impl Slab {
    /// Takes a free cell, or makes one. Called by the owner alone.
    pub(super) fn take_free(&self) -> Option<(u32, &Cell)> {
        // Relaxed: the owner alone writes it.
        let mut first = self.free.load(Ordering::Relaxed);
        if first == 0 && self.returned.load(Ordering::Relaxed) != 0 {
            // Acquire pairs with the Release in `free`: the links of the list come with it.
            first = self.returned.swap(0, Ordering::Acquire);
        }
        let Some(place) = first.checked_sub(1) else {
            return self.take_unused();
        };
        let cell = self.cell(place)?;
        self.free
            .store(cell.next_free.load(Ordering::Relaxed), Ordering::Relaxed);
        Some((place, cell))
    }

    #[cold]
    fn take_unused(&self) -> Option<(u32, &Cell)> {
        // Relaxed, twice: the owner alone reads and writes it.
        let place = self.used.load(Ordering::Relaxed);
        let (segment, at) = position(place);
        let made = self
            .segments
            .get(segment)?
            .get_or_init(|| Box::new(Segment::new((FIRST_SEGMENT as usize) << segment)));
        let cell = made.cells.get(at)?;
        self.used.store(place + 1, Ordering::Relaxed);
        Some((place, cell))
    }

    /// Puts back a cell that is free now. Once for each time that it was taken.
    pub(super) fn free(&self, place: u32, cell: &Cell, by_owner: bool) {
        if by_owner {
            cell.next_free
                .store(self.free.load(Ordering::Relaxed), Ordering::Relaxed);
            self.free.store(place + 1, Ordering::Relaxed);
            return;
        }
        let mut last = self.returned.load(Ordering::Relaxed);
        loop {
            cell.next_free.store(last, Ordering::Relaxed);
            // Release: see `take_free`.
            match self.returned.compare_exchange_weak(
                last,
                place + 1,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(other) => last = other,
            }
        }
    }

    pub(super) fn cell(&self, place: u32) -> Option<&Cell> {
        let (segment, at) = position(place);
        self.segments.get(segment)?.get()?.cells.get(at)
    }

    pub(super) fn blocks(&self) -> impl Iterator<Item = Block<'_>> {
        self.segments
            .iter()
            .map_while(OnceBox::get)
            .flat_map(|segment| {
                let blocks = segment.cells.chunks(BLOCK).zip(&segment.earliest);
                blocks.map(|(cells, earliest)| Block { cells, earliest })
            })
    }
}

impl Segment {
    fn new(len: usize) -> Self {
        Self {
            cells: (0..len).map(|_| Cell::default()).collect(),
            earliest: (0..len.div_ceil(BLOCK))
                .map(|_| AtomicU64::default())
                .collect(),
        }
    }
}

/// The segment that holds a place, and where in it.
fn position(place: u32) -> (usize, usize) {
    // Segment `k` starts at FIRST_SEGMENT * (2^k - 1).
    let segment = (place / FIRST_SEGMENT + 1).ilog2();
    (
        segment as usize,
        (place - FIRST_SEGMENT * ((1 << segment) - 1)) as usize,
    )
}
