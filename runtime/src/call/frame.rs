//! Frames: the identity of a guarded call, and its inbox.

use super::{
    current::CURRENT,
    deadline::{self, DeadlineWord, EnteredDeadline},
    inbox::{Inbox, UNNAMED},
    series::PackedSeries,
};
#[cfg(feature = "async")]
use super::{current::post_open, deadline::Deadline, mailbox::Message};
use crate::event::names::TARGET_BOUNDARY;
use std::{
    mem::{self, ManuallyDrop},
    pin::Pin,
    task::{Context, Poll},
};

/// The identity of a guarded call, and its inbox. One word; making one writes nothing that threads
/// share, and allocates nothing.
#[cfg_attr(
    not(feature = "async"),
    expect(unreachable_pub, reason = "the types of async guards show it")
)]
#[derive(Debug, Default)]
pub struct Frame {
    /// Made for the first message. Taken out by whatever ends the frame, its drop included; so
    /// nothing is left to drop, which need not be checked for a call in which nothing happened.
    inbox: ManuallyDrop<Option<Box<Inbox>>>,
}

impl Frame {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self {
            inbox: ManuallyDrop::new(None),
        }
    }

    /// Makes the frame current until the result is dropped: for the body of a sync call, or for one
    /// poll.
    #[cfg(any(feature = "async", test))]
    #[inline]
    pub(crate) fn enter(&mut self) -> Entered<'_> {
        let previous = self.begin();
        Entered {
            frame: self,
            previous,
        }
    }

    /// As [`enter`](Self::enter), for the attempt `index` of the retry whose first one is `first`, and
    /// its deadline. `nested` is called with the attempt of another retry around it.
    #[inline(always)]
    pub(crate) fn enter_attempt(
        &mut self,
        first: PackedSeries,
        index: u32,
        deadline: Option<EnteredDeadline>,
        nested: impl FnOnce(PackedSeries),
    ) -> EnteredAttempt<'_> {
        let outer = CURRENT.with(|current| current.series.around());
        let mut attempt = first.at(index);
        if !outer.is_none() {
            nested(outer);
            attempt = attempt.inside(outer);
        }
        CURRENT.with(|current| current.series.set(attempt));
        EnteredAttempt {
            outer,
            outer_deadline: deadline.map(EnteredDeadline::into_outer),
            previous: self.begin(),
            frame: self,
        }
    }

    /// As [`enter`](Self::enter), for one poll of an attempt beside which there may be others. The
    /// attempt of the retry around it stays.
    #[cfg(feature = "async")]
    #[inline]
    pub(crate) fn enter_provisional(&mut self) -> EnteredAttempt<'_> {
        self.enter_series(PackedSeries::provisional)
    }

    /// As [`enter_provisional`](Self::enter_provisional), for the only attempt.
    #[cfg(feature = "async")]
    #[inline]
    pub(crate) fn enter_only(&mut self) -> EnteredAttempt<'_> {
        self.enter_series(|series| series)
    }

    #[cfg(feature = "async")]
    #[inline]
    fn enter_series(
        &mut self,
        change: impl FnOnce(PackedSeries) -> PackedSeries,
    ) -> EnteredAttempt<'_> {
        let outer = CURRENT.with(|current| {
            let outer = current.series.get();
            current.series.replace(change(outer))
        });
        EnteredAttempt {
            outer,
            outer_deadline: None,
            previous: self.begin(),
            frame: self,
        }
    }

    /// Makes the frame current until [`leave`](Self::leave), which takes what this returns.
    #[inline]
    pub(crate) fn begin(&mut self) -> u64 {
        let this = self.inbox.as_ref().map_or(UNNAMED, |inbox| inbox.id);
        CURRENT.with(|current| current.frame.replace(this))
    }

    /// Makes the frame current that was so before, and collects the messages to this one.
    #[inline]
    pub(crate) fn leave(&mut self, previous: u64) {
        let id = CURRENT.with(|current| current.frame.replace(previous));
        if id != UNNAMED {
            self.inbox = ManuallyDrop::new(Some(collect(self.inbox.take(), id)));
        }
    }

    /// Returns `true` if there are no messages so far.
    #[cfg(feature = "async")]
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.inbox.is_none()
    }

    /// Returns the inbox with the messages so far, if there are any.
    #[inline]
    pub(crate) fn inbox(&mut self) -> Option<&mut Inbox> {
        let inbox = self.inbox.as_deref_mut()?;
        inbox.read_mailboxes();
        Some(inbox)
    }

    /// Ends the frame: returns its inbox, if it has messages.
    #[inline]
    pub(crate) fn end(&mut self) -> Option<Box<Inbox>> {
        let mut inbox = self.inbox.take()?;
        inbox.close_mailboxes();
        Some(inbox)
    }

    /// Ends one use of a frame that is used again, for the next attempt.
    #[inline]
    pub(crate) fn end_use(&mut self) -> Option<&mut Inbox> {
        let inbox = self.inbox.as_deref_mut()?;
        inbox.close_mailboxes();
        Some(inbox)
    }

    /// Adds that the circuit of a breaker was open when the call that is the whole frame failed.
    #[cfg(feature = "async")]
    #[cold]
    pub(crate) fn add_open(&mut self, until: Option<Deadline>) {
        (self.inbox.get_or_insert_default()).add(Message::Open(until));
    }

    /// Returns `true` if something was sent to the frame, or its guard has set its note.
    #[inline]
    pub(crate) fn has_contents(&self) -> bool {
        self.inbox.is_some()
    }

    /// Returns the word that the guard keeps with the frame: zero until it was set.
    #[inline]
    pub(crate) fn note(&self) -> u64 {
        self.inbox.as_ref().map_or(0, |inbox| inbox.note)
    }

    /// Sets that word. It is kept in the inbox, so that a guard in which nothing happened needs no
    /// room for it.
    pub(crate) fn set_note(&mut self, note: u64) {
        self.inbox.get_or_insert_default().note = note;
    }

    /// Returns the texts that the guard keeps with the frame.
    pub(crate) fn texts(&self) -> &[String] {
        self.inbox.as_ref().map_or(&[], |inbox| &inbox.texts)
    }

    /// Returns those texts for a change.
    pub(crate) fn texts_mut(&mut self) -> &mut Vec<String> {
        &mut self.inbox.get_or_insert_default().texts
    }

    /// Ends the frame; all messages are forwarded to the outer frame.
    #[inline]
    pub(crate) fn end_and_forward(&mut self) {
        if let Some(inbox) = self.inbox.take() {
            forward(inbox);
        }
    }

    /// Ends the frame of a call that succeeded: reports and rejections inside were handled there.
    #[inline]
    pub(crate) fn succeeded(&mut self) {
        if let Some(inbox) = self.inbox.take() {
            handled(inbox);
        }
    }
}

// What is rare takes the inbox and not the frame: a frame whose address is passed nowhere stays in a
// register.

/// Moves the messages to the frame `id` into its inbox.
#[cold]
#[inline(never)]
fn collect(inbox: Option<Box<Inbox>>, id: u64) -> Box<Inbox> {
    let mut inbox = inbox.unwrap_or_default();
    if inbox.id == UNNAMED {
        inbox.id = id;
    } else if cfg!(debug_assertions) && inbox.id != id {
        // An inner frame, which was entered in place around an await that no macro saw.
        tracing::error!(target: TARGET_BOUNDARY, "a frame outlived its poll: its errors may be taken for others");
    }
    CURRENT.with(|current| current.collect(&mut inbox));
    inbox
}

#[cold]
#[inline(never)]
fn handled(mut inbox: Box<Inbox>) {
    inbox.close_mailboxes();
    inbox.forget_errors();
    inbox.forward();
}

impl Drop for Frame {
    /// The call did not end by itself: its future was dropped, it panicked, or a jump left it,
    /// which may carry an error.
    #[inline]
    fn drop(&mut self) {
        self.end_and_forward();
    }
}

#[cold]
#[inline(never)]
fn forward(mut inbox: Box<Inbox>) {
    inbox.close_mailboxes();
    inbox.forward();
}

/// The owner of the frame that an async guard enters: the guard itself, or the retry whose whole
/// attempt it is.
#[cfg(feature = "async")]
pub trait Framed {
    /// Keeps the frame current until it is dropped.
    type Entered<'a>
    where
        Self: 'a;

    /// Enters the frame for one poll.
    fn enter(&mut self) -> Self::Entered<'_>;

    /// Returns the frame, once it is left.
    fn frame(&mut self) -> &mut Frame;

    /// Posts to the frame around the call that it failed and that the circuit is open.
    fn post_open(&mut self, until: Option<Deadline>);

    /// Ends the frame of a call, unless its owner does so itself.
    fn end(&mut self, is_ok: bool);
}

#[cfg(feature = "async")]
impl Framed for Frame {
    type Entered<'a> = Entered<'a>;

    #[inline]
    fn enter(&mut self) -> Entered<'_> {
        self.enter()
    }

    #[inline]
    fn frame(&mut self) -> &mut Frame {
        self
    }

    #[inline]
    fn post_open(&mut self, until: Option<Deadline>) {
        post_open(until);
    }

    #[inline]
    fn end(&mut self, is_ok: bool) {
        if is_ok {
            self.succeeded();
        } else {
            self.end_and_forward();
        }
    }
}

/// A frame that is current, until this is dropped.
#[cfg(any(feature = "async", test))]
#[cfg_attr(
    not(feature = "async"),
    expect(unreachable_pub, reason = "the types of async guards show it")
)]
#[derive(Debug)]
#[must_use]
pub struct Entered<'a> {
    frame: &'a mut Frame,
    previous: u64,
}

#[cfg(any(feature = "async", test))]
impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        self.frame.leave(self.previous);
    }
}

/// An attempt's frame that is current, until it is left or this is dropped.
///
/// All but the frame are plain words, and the drop is one call that takes them by value: a guard
/// whose address is passed nowhere, also where a panic drops it, stays in registers. So whatever
/// ends as usual calls [`leave`](Self::leave), which is in line.
#[must_use]
#[derive(Debug)]
pub struct EnteredAttempt<'a> {
    /// The attempt of another retry around this one.
    pub(super) outer: PackedSeries,
    /// The deadline around that of this attempt, if it has one.
    outer_deadline: Option<DeadlineWord>,
    previous: u64,
    frame: &'a mut Frame,
}

impl<'a> EnteredAttempt<'a> {
    /// Leaves the attempt.
    #[doc(hidden)]
    #[inline(always)]
    pub fn leave(self) {
        drop(self.scoped());
    }

    /// Returns a guard that leaves the attempt in line when it is dropped, for a block whose value is
    /// that of the call: what is done after the call by the block itself would have the value copied.
    #[doc(hidden)]
    #[inline(always)]
    pub fn scoped(self) -> ScopedAttempt<'a> {
        ScopedAttempt(ManuallyDrop::new(self))
    }
}

/// An attempt's frame that is current, until this is dropped.
#[must_use]
#[derive(Debug)]
#[doc(hidden)]
pub struct ScopedAttempt<'a>(ManuallyDrop<EnteredAttempt<'a>>);

impl Drop for ScopedAttempt<'_> {
    #[inline]
    fn drop(&mut self) {
        leave_attempt(self.0.outer, self.0.outer_deadline);
        let previous = self.0.previous;
        self.0.frame.leave(previous);
    }
}

impl Drop for EnteredAttempt<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        let inbox = self.frame.inbox.take();
        let inbox = drop_attempt(self.outer, self.outer_deadline, self.previous, inbox);
        self.frame.inbox = ManuallyDrop::new(inbox);
    }
}

#[inline(always)]
fn leave_attempt(outer: PackedSeries, outer_deadline: Option<DeadlineWord>) {
    CURRENT.with(|current| current.series.leave(outer));
    if let Some(outer) = outer_deadline {
        deadline::leave(outer);
    }
}

#[cold]
#[inline(never)]
fn drop_attempt(
    outer: PackedSeries,
    outer_deadline: Option<DeadlineWord>,
    previous: u64,
    inbox: Option<Box<Inbox>>,
) -> Option<Box<Inbox>> {
    let mut frame = Frame {
        inbox: ManuallyDrop::new(inbox),
    };
    leave_attempt(outer, outer_deadline);
    frame.leave(previous);
    frame.inbox.take()
}

/// A frame that was entered in the middle of a function, and is left by [`leave`](Self::leave) or
/// when it is dropped.
///
/// In async code it must not stay current while the function waits: each `.await` between entering
/// and leaving goes through [`suspend`](Self::suspend).
#[derive(Debug)]
#[must_use]
pub(crate) struct InPlace {
    /// Ended by the caller of `leave`, or by the drop of this.
    frame: ManuallyDrop<Frame>,
    /// The frame that was current before, while this one is; else [`SUSPENDED`] or [`LEFT`].
    previous: u64,
}

/// The function is suspended.
const SUSPENDED: u64 = u64::MAX;
/// The frame was left for good.
const LEFT: u64 = u64::MAX - 1;

impl InPlace {
    #[inline]
    pub(crate) fn enter() -> Self {
        let mut frame = ManuallyDrop::new(Frame::new());
        let previous = frame.begin();
        Self { frame, previous }
    }

    /// Returns `true` once the frame was left for good.
    #[inline]
    pub(crate) fn is_left(&self) -> bool {
        self.previous == LEFT
    }

    /// Takes everything out; what is left behind counts as left.
    #[inline]
    pub(crate) fn take(&mut self) -> Self {
        Self {
            frame: ManuallyDrop::new(mem::take(&mut *self.frame)),
            previous: mem::replace(&mut self.previous, LEFT),
        }
    }

    /// Leaves the frame, and returns it, for the caller to end it.
    #[inline]
    pub(crate) fn leave(&mut self) -> &mut Frame {
        self.leave_as(LEFT);
        &mut self.frame
    }

    #[inline]
    fn leave_as(&mut self, state: u64) {
        if self.previous < LEFT {
            self.frame.leave(self.previous);
        }
        self.previous = state;
    }

    #[inline]
    fn resume(&mut self) {
        if self.previous == SUSPENDED {
            self.previous = self.frame.begin();
        }
    }

    /// Wraps a future that is awaited while the frame is entered.
    #[inline]
    pub(crate) fn suspend<F: Future>(&mut self, future: F) -> Suspended<'_, F> {
        Suspended {
            place: self,
            future,
        }
    }

    /// Leaves and ends the frame of a function that did not end by itself.
    #[cold]
    #[inline(never)]
    pub(crate) fn leave_by_drop(&mut self) {
        self.leave().end_and_forward();
    }
}

impl Drop for InPlace {
    #[inline]
    fn drop(&mut self) {
        if !self.is_left() {
            // By its parts: a frame whose address is passed nowhere stays in registers.
            let Self { frame, previous } = self;
            left_by_drop(mem::take(&mut **frame), *previous);
        }
    }
}

#[cold]
#[inline(never)]
fn left_by_drop(frame: Frame, previous: u64) {
    let frame = ManuallyDrop::new(frame);
    InPlace { frame, previous }.leave_by_drop();
}

pin_project_lite::pin_project! {
    /// A future that is awaited between entering and leaving a frame in place: the frame is current
    /// during each poll, and when the future is ready, but not in between.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Suspended<'a, F> {
        place: &'a mut InPlace,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Suspended<'_, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.place.resume();
        let polled = this.future.poll(cx);
        if polled.is_pending() {
            this.place.leave_as(SUSPENDED);
        }
        polled
    }
}
