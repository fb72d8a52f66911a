//! Expected reports of a tree: a walk over the tree, without threads, polls and frames.

use super::{
    REJECTED, TEXTS,
    tree::{By, Guard, How, Kind, Node, Then},
};

/// The final state of an error that was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Pending,
    Retried,
    Error,
}

/// An error that was reported.
#[derive(Clone, Debug)]
pub(super) struct Occurrence {
    pub(super) text: String,
    pub(super) state: State,
    /// Whether its identity is that of an error of ours that a leaf made.
    pub(super) is_app: bool,
}

/// An error on its way up.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) text: String,
    /// Under which it is known to the outer frame.
    pub(super) occurrence: Option<usize>,
    /// Whether a leaf made it with room for a mark: it is known wherever it goes.
    has_room: bool,
    /// Whether it was reported since it has room for a mark.
    is_marked: bool,
    /// Texts of errors without room for a mark, by which it may be taken for another one.
    texts: Vec<String>,
    is_rejection: bool,
    is_permanent: bool,
    is_app: bool,
    pub(super) kind: Kind,
    /// The box in which it was reported last.
    reported_in: Option<Kind>,
    /// Whether it was in another type since.
    is_moved: bool,
    /// Whether one of ours is in it, which has an identity.
    pub(super) has_id: bool,
    /// Whether that is the one under which it was reported.
    pub(super) shows_id: bool,
}

enum Outcome {
    Ended(Result<(), Failure>),
    Hung,
}

/// The walk.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) occurrences: Vec<Occurrence>,
    /// The leaves that ran.
    pub(super) ran: Vec<u32>,
    /// An error without room for a mark was handled, and one like it left the same call, or it was
    /// put into another box of the same type: which error it is cannot be known.
    pub(super) is_ambiguous: bool,
}

/// The surroundings of a node.
struct Around {
    is_provisional: bool,
    pending: Vec<usize>,
    /// The texts of the reports of inner calls, with the occurrences.
    reported: Vec<(String, usize)>,
}

impl Around {
    fn outside() -> Self {
        Self {
            is_provisional: false,
            pending: Vec::new(),
            reported: Vec::new(),
        }
    }

    fn inside(&self) -> Self {
        Self {
            is_provisional: self.is_provisional,
            ..Self::outside()
        }
    }
}

impl Walk {
    pub(super) fn of(tree: &Node) -> (Self, Option<Failure>) {
        let mut walk = Self::default();
        let mut around = Around::outside();
        let outcome = walk.node(tree, &mut around);
        assert!(around.pending.is_empty());
        let Outcome::Ended(outcome) = outcome else {
            unreachable!("a hanging call outside of a race")
        };
        walk.ran.sort_unstable();
        (walk, outcome.err())
    }

    fn node(&mut self, node: &Node, around: &mut Around) -> Outcome {
        match node {
            Node::Succeed(uid) => {
                self.ran.push(*uid);
                Outcome::Ended(Ok(()))
            }
            Node::Fail { uid, kind, text } => {
                self.ran.push(*uid);
                Outcome::Ended(Err(Failure::new(*kind, TEXTS[*text].to_owned())))
            }
            Node::Reject { uid, kind } => {
                self.ran.push(*uid);
                let text = REJECTED.to_owned();
                let failure = Failure {
                    has_room: true,
                    texts: Vec::new(),
                    is_rejection: true,
                    ..Failure::new(*kind, text)
                };
                Outcome::Ended(Err(Failure {
                    is_app: false,
                    has_id: *kind == Kind::App,
                    ..failure
                }))
            }
            Node::Sync(body) => self.node(body, around),
            Node::Hang { body, .. } => {
                let _ = self.node(body, around);
                Outcome::Hung
            }
            Node::Guard { uid, guard, body } => self.guard(*uid, *guard, body, around),
            Node::Retry { by, bodies } => self.retry(*by, bodies, around),
            Node::Group {
                uid,
                how,
                children,
                then,
            } => self.group(*uid, how, children, *then, around),
        }
    }

    fn guard(&mut self, uid: u32, guard: Guard, body: &Node, around: &mut Around) -> Outcome {
        let (kind, is_boundary, out) = match guard {
            Guard::Plain(kind) | Guard::Breaker(kind) => (kind, false, kind),
            Guard::BreakerFunction => (Kind::Fault, false, Kind::Fault),
            Guard::Function(kind) => (kind, true, kind),
            Guard::Place(kind)
            | Guard::Silent(kind)
            | Guard::ByHand(kind)
            | Guard::Transaction(kind) => (kind, true, Kind::App),
        };
        if !is_boundary {
            let outcome = self.node(body, around);
            return match outcome {
                Outcome::Ended(Err(failure)) => Outcome::Ended(Err(failure.into_kind(kind, uid))),
                other => other,
            };
        }
        let mut inside = around.inside();
        let outcome = self.node(body, &mut inside);
        self.hand_on(std::mem::take(&mut inside.pending), around);
        match outcome {
            Outcome::Hung => {
                around.reported.append(&mut inside.reported);
                Outcome::Hung
            }
            Outcome::Ended(Ok(())) => Outcome::Ended(Ok(())),
            Outcome::Ended(Err(failure)) => {
                let failure = failure.into_kind(kind, uid).into_kind(out, uid);
                let failure = self.report(failure, &inside.reported, around);
                if matches!(guard, Guard::Silent(_)) {
                    return Outcome::Ended(Ok(()));
                }
                let known = failure.occurrence.unwrap_or_default();
                // Where only a text is left of an error, it is recognised by that.
                let texts = failure.texts.iter().chain([&failure.text]);
                around
                    .reported
                    .extend(texts.map(|text| (text.clone(), known)));
                Outcome::Ended(Err(failure))
            }
        }
    }

    fn report(
        &mut self,
        mut failure: Failure,
        inside: &[(String, usize)],
        around: &mut Around,
    ) -> Failure {
        if !failure.is_marked {
            // An error of ours inside of another type is not seen by its mark where that hides it.
            let is_like = |text: &String| {
                failure.texts.contains(text)
                    || failure.kind != Kind::App && !failure.is_rejection && *text == failure.text
            };
            let same: Vec<_> = inside.iter().filter(|(text, _)| is_like(text)).collect();
            match failure.occurrence {
                // One of ours inside of it gets the identity; of several equal ones, any may be
                // taken for it.
                Some(_) => {
                    failure.shows_id = same.iter().all(|(_, at)| Some(*at) == failure.occurrence);
                }
                None if !same.is_empty() => self.is_ambiguous = true,
                None => {}
            }
        }
        // Of two boxes of one type the address decides; what was in another box meanwhile has
        // another one.
        if failure.is_moved && !failure.is_marked && failure.reported_in == Some(failure.kind) {
            self.is_ambiguous = true;
        }
        failure.reported_in =
            matches!(failure.kind, Kind::Boxed | Kind::Anyhow).then_some(failure.kind);
        failure.is_moved = false;
        if failure.occurrence.is_none() {
            // A rejection ends its series, and belongs to the record of its opening.
            let is_provisional = around.is_provisional && !failure.is_rejection;
            let state = if is_provisional {
                State::Pending
            } else {
                State::Error
            };
            let at = self.occurrences.len();
            self.occurrences.push(Occurrence {
                text: failure.text.clone(),
                state,
                is_app: failure.is_app,
            });
            if state == State::Pending {
                around.pending.push(at);
            }
            failure.occurrence = Some(at);
            failure.shows_id = true;
        }
        // A boundary that returns an error of ours makes room.
        failure.has_room |= failure.kind == Kind::App;
        failure.is_marked = failure.has_room;
        failure
    }

    /// Pending errors go to the outer attempt, or count.
    fn hand_on(&mut self, pending: Vec<usize>, around: &mut Around) {
        if around.is_provisional {
            around.pending.extend(pending);
        } else {
            self.settle(pending, State::Error);
        }
    }

    fn settle(&mut self, pending: Vec<usize>, state: State) {
        for at in pending {
            self.occurrences[at].state = state;
        }
    }

    fn retry(&mut self, by: By, bodies: &[std::sync::Arc<Node>], around: &mut Around) -> Outcome {
        for (index, body) in bodies.iter().enumerate() {
            let is_last = index + 1 == bodies.len();
            let mut inside = Around {
                is_provisional: around.is_provisional || !is_last,
                ..Around::outside()
            };
            let outcome = self.node(body, &mut inside);
            let failure = match outcome {
                Outcome::Hung | Outcome::Ended(Ok(())) => {
                    self.hand_on(inside.pending, around);
                    if matches!(outcome, Outcome::Hung) {
                        around.reported.append(&mut inside.reported);
                    }
                    return outcome;
                }
                Outcome::Ended(Err(failure)) => failure,
            };
            let failure = match by {
                By::Opaque => failure,
                By::App => failure.into_kind(Kind::App, 0),
                By::Function => failure.into_kind(Kind::Fault, 0),
            };
            let stops = failure.is_rejection || (failure.is_permanent && by != By::Opaque);
            if is_last || stops {
                self.hand_on(inside.pending, around);
                around.reported.append(&mut inside.reported);
                return Outcome::Ended(Err(failure));
            }
            self.settle(inside.pending, State::Retried);
        }
        unreachable!("a retry makes an attempt")
    }

    fn group(
        &mut self,
        uid: u32,
        how: &How,
        children: &[std::sync::Arc<Node>],
        then: Then,
        around: &mut Around,
    ) -> Outcome {
        let mut outcomes = Vec::new();
        for child in children {
            if let How::Spawn {
                with_context: false,
            } = how
            {
                let mut outside = Around::outside();
                let Outcome::Ended(mut outcome) = self.node(child, &mut outside) else {
                    unreachable!()
                };
                // The report was not passed on; a mark is recognised nevertheless.
                if let Err(failure) = &mut outcome
                    && !failure.is_marked
                {
                    failure.occurrence = None;
                }
                outcomes.push(outcome);
                continue;
            }
            match self.node(child, around) {
                Outcome::Ended(outcome) => outcomes.push(outcome),
                Outcome::Hung if matches!(how, How::Race(_)) => {}
                Outcome::Hung => return Outcome::Hung,
            }
        }
        let start = match then {
            Then::Propagate(start) => start % outcomes.len(),
            _ => 0,
        };
        outcomes.rotate_left(start);
        let Some(failure) = outcomes.into_iter().find_map(Result::err) else {
            return Outcome::Ended(Ok(()));
        };
        match then {
            Then::Propagate(_) => Outcome::Ended(Err(failure)),
            Then::Swallow => Outcome::Ended(Ok(())),
            Then::Replace(kind) => {
                Outcome::Ended(Err(Failure::new(kind, format!("replaced {uid}"))))
            }
            Then::Wrap => {
                let wrapped = failure.into_kind(Kind::App, uid);
                Outcome::Ended(Err(Failure {
                    text: format!("wrapped {uid}"),
                    is_permanent: false,
                    ..wrapped
                }))
            }
        }
    }
}

impl Failure {
    fn new(kind: Kind, text: String) -> Self {
        let is_app = matches!(kind, Kind::App | Kind::Permanent);
        Self {
            texts: if is_app {
                Vec::new()
            } else {
                vec![text.clone()]
            },
            text,
            occurrence: None,
            has_room: is_app,
            is_marked: false,
            is_rejection: false,
            is_permanent: kind == Kind::Permanent,
            is_app,
            kind: if is_app { Kind::App } else { kind },
            reported_in: None,
            is_moved: false,
            has_id: is_app,
            shows_id: false,
        }
    }

    /// The error as a function of another error type returns it. A text keeps nothing of another
    /// error.
    fn into_kind(self, kind: Kind, uid: u32) -> Self {
        if kind == Kind::Text && self.kind != Kind::Text {
            return Self::new(kind, format!("text {uid}"));
        }
        let has_room = self.has_room || kind == Kind::App;
        let is_moved = self.is_moved || kind != self.kind;
        let has_id = self.has_id || kind == Kind::App;
        // One of ours that is made of it outside of every guard is a fresh one, until it leaves a
        // guard.
        let shows_id = self.shows_id && has_id == self.has_id;
        Self {
            kind,
            has_room,
            is_moved,
            has_id,
            shows_id,
            ..self
        }
    }
}
