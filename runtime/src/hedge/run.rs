//! The attempts of one call, as a future.

use super::{
    attempts::MakeAttempts,
    inner::HedgeInner,
    state::{AttemptStates, Failure},
    view::AttemptView,
};
use crate::{
    call::{self, DropReason, Frame},
    chaos::{self, Faulty},
    classify::Classified,
    error::{Class, redact},
    event::{
        names::TARGET_HEDGE,
        pending::{self, Settlement},
    },
    span::{self, AttemptEnd},
    time::Tick,
};
use std::{
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// The timer of the next attempt, which fires although the attempts used up what tokio lets a task
/// do in one poll.
type Timer = tokio::task::Unconstrained<tokio::time::Sleep>;

pin_project_lite::pin_project! {
    #[project = HedgedProjection]
    /// A call of a hedge. The first attempt is stored in place; further ones are boxed.
    #[must_use = "futures do nothing unless they are awaited"]
    pub(super) struct Hedged<H, Op, F, E, V> {
        #[pin]
        primary: Option<Faulty<F, E>>,
        // Made when the first attempt is first pending.
        #[pin]
        timer: Option<Timer>,
        attempts: Attempts<H, Op, F, E, V>,
    }
}

/// What is not pinned.
struct Attempts<H, Op, F, E, V> {
    // A reference, or shared.
    inner: H,
    op: Op,
    view: V,
    /// That of the first attempt.
    frame: Frame,
    others: Vec<Other<Faulty<F, E>>>,
    /// How long until another attempt starts, if that is known.
    delay: Option<Duration>,
    /// When the first attempt began, where attempts are measured.
    began: Option<Tick>,
    /// The error of the first attempt.
    error: Option<E>,
    states: AttemptStates,
}

/// An attempt after the first.
struct Other<F> {
    future: Pin<Box<F>>,
    frame: Frame,
    began: Option<Tick>,
    /// From 2.
    number: u32,
}

impl<H, Op, F, T, E, V> Hedged<H, Op, F, E, V>
where
    H: Deref<Target = HedgeInner>,
    Op: MakeAttempts<F>,
    F: Future<Output = Result<T, E>>,
    V: AttemptView<E>,
{
    #[inline]
    pub(super) fn new(inner: H, mut op: Op, view: V) -> Self {
        if !inner.budget.is_full() {
            inner.budget.deposit();
        }
        let began = inner.measured_now();
        let mut states = AttemptStates::new(inner.config().max_hedges);
        let primary = make(&inner, &mut op, &view, states.may_start());
        if !op.can_make() {
            states.stop();
        }
        Self {
            primary: Some(primary),
            timer: None,
            attempts: Attempts {
                delay: inner.delay_at(began),
                inner,
                op,
                view,
                frame: Frame::new(),
                others: Vec::new(),
                began,
                error: None,
                states,
            },
        }
    }
}

impl<H, Op, F, T, E, V> Future for Hedged<H, Op, F, E, V>
where
    H: Deref<Target = HedgeInner>,
    Op: MakeAttempts<F>,
    F: Future<Output = Result<T, E>>,
    V: AttemptView<E>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(primary) = this.primary.as_mut().as_pin_mut() {
            let polled = {
                let _entered = this.attempts.enter_primary();
                primary.poll(cx)
            };
            match polled {
                Poll::Ready(Ok(value)) if this.attempts.others.is_empty() => {
                    this.primary.set(None);
                    if this.attempts.states.number() > 1 {
                        this.attempts.note(1, AttemptEnd::Succeeded);
                    }
                    this.attempts.record(this.attempts.began);
                    this.attempts.frame.succeeded();
                    return Poll::Ready(Ok(value));
                }
                Poll::Ready(outcome) => {
                    this.primary.set(None);
                    if let Some(outcome) = this.attempts.primary_ended(outcome) {
                        this.attempts.drop_others();
                        return Poll::Ready(outcome);
                    }
                }
                Poll::Pending => {}
            }
        }
        this.poll_others(cx)
    }
}

impl<H, Op, F, T, E, V> HedgedProjection<'_, H, Op, F, E, V>
where
    H: Deref<Target = HedgeInner>,
    Op: MakeAttempts<F>,
    F: Future<Output = Result<T, E>>,
    V: AttemptView<E>,
{
    /// Polls the attempts after the first, and starts those that are due.
    fn poll_others(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        // Those before it were polled.
        let mut at = 0;
        loop {
            while let Some(other) = self.attempts.others.get_mut(at) {
                let polled = {
                    let _entered = other.frame.enter_provisional().scoped();
                    other.future.as_mut().poll(cx)
                };
                let Poll::Ready(outcome) = polled else {
                    at += 1;
                    continue;
                };
                let other = self.attempts.others.remove(at);
                if let Some(outcome) = self.attempts.other_ended(other, outcome) {
                    self.drop_primary();
                    self.attempts.drop_others();
                    return Poll::Ready(outcome);
                }
            }
            if self.attempts.states.are_over(self.attempts.delay.is_some()) {
                let error = self.attempts.error.take();
                let error = error.expect("no attempt runs, so that the first one has failed");
                self.attempts.frame.end_and_forward();
                return Poll::Ready(Err(error));
            }
            if !self.is_due(cx) {
                return Poll::Pending;
            }
            self.timer.set(None);
            self.attempts.start();
        }
    }

    /// Returns `true` if another attempt starts now.
    fn is_due(&mut self, cx: &mut Context<'_>) -> bool {
        let states = &self.attempts.states;
        match self.attempts.delay {
            _ if states.starts_at_once() => true,
            Some(delay) if states.may_start() => {
                if delay.is_zero() {
                    return true;
                }
                if self.timer.is_none() {
                    let sleep = tokio::time::sleep(delay);
                    self.timer.set(Some(tokio::task::unconstrained(sleep)));
                }
                let timer = self.timer.as_mut().as_pin_mut();
                timer.is_some_and(|timer| timer.poll(cx).is_ready())
            }
            _ => false,
        }
    }

    /// Drops the first attempt, if it still runs: another one was faster.
    fn drop_primary(&mut self) {
        if self.primary.is_some() {
            {
                let _entered = self.attempts.enter_primary();
                call::drop_for(DropReason::Superseded, || self.primary.set(None));
            }
            self.attempts.note(1, AttemptEnd::Superseded);
            self.attempts.record(self.attempts.began);
        }
        supersede(&mut self.attempts.frame);
    }
}

impl<H, Op, F, T, E, V> Attempts<H, Op, F, E, V>
where
    H: Deref<Target = HedgeInner>,
    Op: MakeAttempts<F>,
    F: Future<Output = Result<T, E>>,
    V: AttemptView<E>,
{
    #[inline]
    fn enter_primary(&mut self) -> call::ScopedAttempt<'_> {
        let entered = if self.inner.config().max_hedges == 0 {
            self.frame.enter_only()
        } else {
            self.frame.enter_provisional()
        };
        entered.scoped()
    }

    /// Records that an attempt ended now, or was dropped.
    #[inline]
    fn record(&self, began: Option<Tick>) {
        if began.is_some() {
            self.inner.record(began, self.inner.measured_now());
        }
    }

    /// Writes an attempt that ended to the span of the call, if it has one.
    fn note(&self, number: u32, end: AttemptEnd<'_>) {
        span::note_attempt("hedge", &self.inner.name, number, end);
    }

    /// Starts another attempt, unless the budget or the deadline forbids it.
    #[cold]
    fn start(&mut self) {
        if call::remaining().is_some_and(|rest| rest.is_zero()) {
            return self.states.stop();
        }
        let (counts, name) = (&self.inner.counts, redact::name(&self.inner.name));
        let name = &*name;
        if !self.inner.budget.try_withdraw() {
            counts.add_refused();
            tracing::debug!(target: TARGET_HEDGE, hedge = name, "the budget of the hedge is spent");
            return self.states.stop();
        }
        counts.add_started();
        tracing::debug!(target: TARGET_HEDGE, hedge = name, "another attempt starts");
        self.states.started();
        self.others.push(Other {
            future: Box::pin(make(
                &self.inner,
                &mut self.op,
                &self.view,
                self.states.may_start(),
            )),
            frame: Frame::new(),
            began: self.inner.measured_now(),
            number: self.states.number(),
        });
        if !self.op.can_make() {
            self.states.stop();
        }
    }

    /// Returns the outcome of the first attempt, if it is that of the call.
    fn primary_ended(&mut self, outcome: Result<T, E>) -> Option<Result<T, E>> {
        let error = match outcome {
            Ok(value) => {
                self.note(1, AttemptEnd::Succeeded);
                self.record(self.began);
                self.frame.succeeded();
                return Some(Ok(value));
            }
            Err(error) => error,
        };
        note_failure(&self.inner, &self.view, &error, &mut self.frame, 1);
        let Some(how) = failure(self.view.classified(&error), &mut self.frame) else {
            self.frame.end_and_forward();
            return Some(Err(error));
        };
        self.states.failed(how);
        self.error = Some(error);
        None
    }

    /// Returns the outcome of another attempt, if it is that of the call.
    fn other_ended(
        &mut self,
        mut other: Other<Faulty<F, E>>,
        outcome: Result<T, E>,
    ) -> Option<Result<T, E>> {
        let error = match outcome {
            Ok(value) => {
                self.note(other.number, AttemptEnd::Succeeded);
                self.record(other.began);
                self.inner.counts.add_won();
                other.frame.succeeded();
                return Some(Ok(value));
            }
            Err(error) => error,
        };
        note_failure(
            &self.inner,
            &self.view,
            &error,
            &mut other.frame,
            other.number,
        );
        let Some(how) = failure(self.view.classified(&error), &mut other.frame) else {
            other.frame.end_and_forward();
            return Some(Err(error));
        };
        self.states.failed(how);
        // The error does not leave the call: where all attempts fail, that of the first one does.
        supersede(&mut other.frame);
        None
    }

    /// Drops the attempts after the first that still run: another one was faster.
    fn drop_others(&mut self) {
        while let Some(other) = self.others.pop() {
            let Other {
                future,
                mut frame,
                began,
                number,
            } = other;
            {
                let _entered = frame.enter_provisional().scoped();
                call::drop_for(DropReason::Superseded, || drop(future));
            }
            self.note(number, AttemptEnd::Superseded);
            self.record(began);
            supersede(&mut frame);
        }
    }
}

/// Writes an attempt that failed to the span of the call, if it has one.
#[cold]
fn note_failure<E>(
    inner: &HedgeInner,
    view: &impl AttemptView<E>,
    error: &E,
    frame: &mut Frame,
    number: u32,
) {
    if !span::is_watched() {
        return;
    }
    let end = match view.view(error) {
        Some(error) => AttemptEnd::Failed {
            error,
            id: span::id_of(error, frame),
            delay: None,
        },
        None => AttemptEnd::Refused { delay: None },
    };
    span::note_attempt("hedge", &inner.name, number, end);
}

/// Makes an attempt, or one that fails with an injected error.
#[inline]
fn make<Op, F, E, V>(inner: &HedgeInner, op: &mut Op, view: &V, may_follow: bool) -> Faulty<F, E>
where
    Op: MakeAttempts<F>,
    V: AttemptView<E>,
{
    let carry = |injected| view.carry(injected);
    chaos::faulty(None, &inner.name, &inner.clock, carry, || {
        op.make(may_follow)
    })
}

/// Returns how an attempt failed; `None` if its error is that of the call, since another attempt
/// would end with it too.
#[cold]
fn failure(classified: Option<Classified>, frame: &mut Frame) -> Option<Failure> {
    let classified = classified?;
    let inside = frame.inbox();
    let (rejected, stops) = inside.map_or((false, false), |inside| {
        (inside.rejection().is_some(), inside.stops_retries())
    });
    if classified.stops_retries || stops {
        Some(Failure::Rejected)
    } else if classified.rejected || rejected {
        Some(Failure::NoRoom)
    } else {
        (classified.class != Class::Permanent).then_some(Failure::Transient)
    }
}

/// Ends the frame of an attempt whose outcome is not that of the call: what it reported was one of
/// several attempts.
fn supersede(frame: &mut Frame) {
    if let Some(mut inbox) = frame.end() {
        for held in inbox.take_pending() {
            pending::settle(held, Settlement::Retried);
        }
        inbox.forget_errors();
        inbox.forward();
    }
}
