//! Trees of guarded calls, drawn at random.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// A node of a tree; it runs at most once, since each attempt of a retry has a body of its own.
#[derive(Debug)]
pub(super) enum Node {
    Succeed(u32),
    Fail {
        uid: u32,
        kind: Kind,
        text: usize,
    },
    /// A call that a forced-open breaker rejects.
    Reject {
        uid: u32,
        kind: Kind,
    },
    Guard {
        uid: u32,
        guard: Guard,
        body: Arc<Node>,
    },
    Retry {
        by: By,
        bodies: Vec<Arc<Node>>,
    },
    /// Runs all children, and ends according to `then`.
    Group {
        uid: u32,
        how: How,
        children: Vec<Arc<Node>>,
        then: Then,
    },
    /// Leaves the async world for a sync subtree.
    Sync(Arc<Node>),
    /// Runs its body, swallows the outcome, opens the gate, and never ends: the loser of a race.
    Hang {
        body: Arc<Node>,
        gate: Gate,
    },
}

/// How many losers of a race hang.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<AtomicUsize>);

impl Gate {
    pub(super) fn open(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn is_open_for(&self, losers: usize) -> bool {
        self.0.load(Ordering::SeqCst) >= losers
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}

/// The type of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    App,
    /// Permanent, as a leaf; else as `App`.
    Permanent,
    Fault,
    Text,
    Boxed,
    Anyhow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// A function without an attribute, whose errors have a type.
    Plain(Kind),
    /// `#[enhanced_error_handling]`.
    Function(Kind),
    /// `error_boundary!` around a call whose errors have a type.
    Place(Kind),
    /// The same with `rethrow = false`.
    Silent(Kind),
    /// `ErrorBoundary`.
    ByHand(Kind),
    /// `transaction_boundary!`.
    Transaction(Kind),
    /// `CircuitBreaker::call`, which never opens.
    Breaker(Kind),
    /// `#[with_circuit_breaker]`.
    BreakerFunction,
}

/// How a retry is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// `Retry::call` with an error type that shows nothing.
    Opaque,
    /// `Retry::call` with `AppError`.
    App,
    /// `#[retry]` with an enum; its number of attempts is fixed.
    Function,
}

/// How many attempts `#[retry]` makes at most.
pub(super) const ATTEMPTS: usize = 3;

#[derive(Clone, Debug)]
pub(super) enum How {
    /// One after another, in async code with waits in between.
    Sequence,
    Join,
    /// The last child wins once all others hang.
    Race(Gate),
    Spawn {
        with_context: bool,
    },
    /// Each on a thread of its own, with the context; sync subtrees.
    Threads,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The first error from this child on, around the end, leaves.
    Propagate(usize),
    Swallow,
    /// Where there is an error, a fresh one leaves.
    Replace(Kind),
    /// Where there is an error, one of ours leaves that has it as its source.
    Wrap,
}

/// Numbers after splitmix64.
#[derive(Clone, Debug)]
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn kind(&mut self) -> Kind {
        [
            Kind::App,
            Kind::Fault,
            Kind::Text,
            Kind::Boxed,
            Kind::Anyhow,
            Kind::Fault,
        ][self.below(6)]
    }
}

/// Draws trees.
pub(super) struct Draw {
    pub(super) numbers: Numbers,
    pub(super) uids: u32,
}

/// The nodes that a place allows.
#[derive(Clone, Copy)]
struct Place {
    depth: u32,
    is_async: bool,
    /// Without the context, a rejection is not known to the outer attempt.
    may_reject: bool,
}

impl Draw {
    pub(super) fn tree(&mut self, is_async: bool) -> Arc<Node> {
        let depth = 1 + self.numbers.below(4) as u32;
        self.node(Place {
            depth,
            is_async,
            may_reject: true,
        })
    }

    fn uid(&mut self) -> u32 {
        self.uids += 1;
        self.uids
    }

    fn node(&mut self, at: Place) -> Arc<Node> {
        if at.depth == 0 {
            return self.leaf(at);
        }
        let inner = Place {
            depth: at.depth - 1,
            ..at
        };
        match self.numbers.below(20) {
            0..9 => self.guard(|draw| draw.node(inner)),
            9..12 => {
                let (by, attempts) = self.by();
                let bodies = (0..attempts).map(|_| self.node(inner)).collect();
                Arc::new(Node::Retry { by, bodies })
            }
            12..19 => self.group(inner),
            _ if at.is_async => Arc::new(Node::Sync(self.node(Place {
                is_async: false,
                ..inner
            }))),
            _ => self.leaf(at),
        }
    }

    fn leaf(&mut self, at: Place) -> Arc<Node> {
        let uid = self.uid();
        Arc::new(match self.numbers.below(10) {
            0..2 => Node::Succeed(uid),
            2 if at.may_reject => Node::Reject {
                uid,
                kind: [Kind::App, Kind::Fault, Kind::Boxed][self.numbers.below(3)],
            },
            3 => Node::Fail {
                uid,
                kind: Kind::Permanent,
                text: self.numbers.below(3),
            },
            _ => Node::Fail {
                uid,
                kind: self.numbers.kind(),
                text: self.numbers.below(3),
            },
        })
    }

    fn by(&mut self) -> (By, usize) {
        match self.numbers.below(3) {
            0 => (By::Opaque, 1 + self.numbers.below(3)),
            1 => (By::App, 1 + self.numbers.below(3)),
            _ => (By::Function, ATTEMPTS),
        }
    }

    fn guard(&mut self, body: impl FnOnce(&mut Self) -> Arc<Node>) -> Arc<Node> {
        let (uid, kind) = (self.uid(), self.numbers.kind());
        let guard = match self.numbers.below(13) {
            0..2 => Guard::Plain(kind),
            2..6 => Guard::Function(kind),
            6..8 => Guard::Place(kind),
            8 => Guard::Silent(kind),
            9 => Guard::ByHand(kind),
            12 => Guard::Transaction(kind),
            10 => Guard::Breaker(if kind == Kind::App {
                Kind::App
            } else {
                Kind::Fault
            }),
            _ => Guard::BreakerFunction,
        };
        Arc::new(Node::Guard {
            uid,
            guard,
            body: body(self),
        })
    }

    fn group(&mut self, at: Place) -> Arc<Node> {
        let uid = self.uid();
        let width = 1 + self.numbers.below(3);
        let how = match self.numbers.below(if at.is_async { 12 } else { 6 }) {
            0 if self.numbers.below(8) == 0 => How::Threads,
            0..5 => How::Sequence,
            5..7 if at.is_async => How::Join,
            7..10 if at.is_async => How::Race(Gate::default()),
            10 => How::Spawn { with_context: true },
            11 => How::Spawn {
                with_context: false,
            },
            _ => How::Sequence,
        };
        let child = match how {
            How::Threads => Place {
                is_async: false,
                ..at
            },
            How::Spawn {
                with_context: false,
            } => Place {
                may_reject: false,
                ..at
            },
            _ => at,
        };
        let children: Vec<_> = match &how {
            How::Race(gate) => {
                let losers: Vec<_> = (1..width).map(|_| self.loser(child, gate)).collect();
                losers.into_iter().chain([self.node(child)]).collect()
            }
            _ => (0..width).map(|_| self.node(child)).collect(),
        };
        let then = match self.numbers.below(10) {
            0..6 => Then::Propagate(self.numbers.below(width)),
            6 | 7 => Then::Swallow,
            8 => Then::Replace(self.numbers.kind()),
            _ => Then::Wrap,
        };
        Arc::new(Node::Group {
            uid,
            how,
            children,
            then,
        })
    }

    /// A call that hangs somewhere inside.
    fn loser(&mut self, at: Place, gate: &Gate) -> Arc<Node> {
        if at.depth == 0 || self.numbers.below(3) == 0 {
            let body = self.node(Place {
                depth: at.depth.saturating_sub(1),
                ..at
            });
            return Arc::new(Node::Hang {
                body,
                gate: gate.clone(),
            });
        }
        let inner = Place {
            depth: at.depth - 1,
            ..at
        };
        match self.numbers.below(4) {
            0..2 => self.guard(|draw| draw.loser(inner, gate)),
            2 => {
                let (by, attempts) = self.by();
                let bodies: Vec<_> = (0..attempts).map(|_| self.loser(inner, gate)).collect();
                Arc::new(Node::Retry { by, bodies })
            }
            _ => {
                let (uid, before) = (self.uid(), self.node(inner));
                let children = vec![before, self.loser(inner, gate)];
                Arc::new(Node::Group {
                    uid,
                    how: How::Sequence,
                    children,
                    then: Then::Propagate(0),
                })
            }
        }
    }
}
