//! Context of the call under way, to be passed to work on other stacks.

use super::{
    current::{CURRENT, Mark, NONE, mark, messages_to, send},
    deadline::{self, Deadline, EnteredDeadline},
    mailbox::{Mailbox, Message},
    probe_slots::{self, EnteredSlots, ProbeSlot},
    series::PackedSeries,
    values::{EnteredValues, Values},
};
use crate::{
    event::pending::{self, Settlement},
    scope::{self, Captured},
    time::SharedClock,
};
use std::{
    cell::RefCell,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
    time::Duration,
};

/// The context of the guarded call under way, to be passed on to a thread or a task: its deadline,
/// its attempt, its values, and the frame to which errors and rejections of the work are reported.
///
/// Work that is spawned without it starts outside of every call. With it, an error that the work
/// reports is recognised when it leaves the call that spawned the work, a rejection ends the retry
/// around that call, and [`remaining`](super::remaining) and [`attempt`](super::attempt) answer as
/// they do in the call. A context may outlive its call: the work then reports for itself.
///
/// Cheap to clone. Taking one allocates a mailbox where a call is under way.
///
/// # Examples
///
/// ```
/// use gardefou::call::{self, Context};
/// use std::time::Duration;
///
/// let context = Context::current().with_timeout(Duration::from_secs(5));
/// let left = std::thread::spawn(move || context.run(call::remaining)).join().unwrap();
/// assert!(left.unwrap() <= Duration::from_secs(5));
/// ```
#[derive(Clone)]
#[must_use = "a context does nothing until something runs in it"]
pub struct Context {
    frame: u64,
    series: PackedSeries,
    deadline: Option<Deadline>,
    values: Option<Values>,
    slots: Vec<ProbeSlot>,
    mailbox: Option<Arc<Mailbox>>,
    scope: Captured,
}

thread_local! {
    /// The mailbox that was made last, so that a call which spawns many tasks has one for all.
    static LAST: RefCell<Option<(u64, Arc<Mailbox>)>> = const { RefCell::new(None) };
}

impl Context {
    /// Returns the context of the call under way; outside of every call, an empty one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{call::{self, Context}, retry::Retry};
    ///
    /// let retry = Retry::builder().max_retries(4).build()?;
    /// let context = retry.call(|| Ok::<_, String>(Context::current()))?;
    /// assert_eq!(context.run(call::attempt), None, "the call is over, and its attempt with it");
    ///
    /// let seen = retry.call(|| {
    ///     let context = Context::current();
    ///     let thread = std::thread::spawn(move || context.run(call::attempt));
    ///     Ok::<_, String>(thread.join().unwrap())
    /// })?;
    /// assert_eq!(seen.unwrap().max_attempts, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn current() -> Self {
        let (frame, series) = CURRENT.with(|current| (current.name(), current.series.get()));
        let mailbox = (frame != NONE).then(|| mailbox_of(frame));
        Self {
            frame,
            series,
            deadline: deadline::current(),
            values: Values::current(),
            slots: probe_slots::all(),
            mailbox,
            scope: Captured::current(),
        }
    }

    /// Attaches a value, which [`value`](super::value) finds by its type in whatever runs in this
    /// context.
    ///
    /// A later value of the same type hides an earlier one. The value is dropped with the last
    /// context that holds it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::call::{self, Context};
    ///
    /// struct Tenant(&'static str);
    ///
    /// let request = Context::current().with(Tenant("acme"));
    /// let inner = request.clone().with(Tenant("globex"));
    /// let tenant = || call::value::<Tenant>().map(|tenant| tenant.0);
    /// assert_eq!((request.run(tenant), inner.run(tenant), tenant()), (Some("acme"), Some("globex"), None));
    /// ```
    pub fn with<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.values = Some(Values::with(self.values, value));
        self
    }

    /// Sets a deadline that is `timeout` from now, unless there is an earlier one.
    ///
    /// A deadline ends nothing by itself: [`remaining`](super::remaining) returns the time until
    /// it, and retries keep to it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::call::{self, Context};
    /// use std::time::Duration;
    ///
    /// let request = Context::current().with_timeout(Duration::from_secs(5));
    /// let part = request.clone().with_timeout(Duration::from_secs(60));
    /// assert!(part.run(call::remaining).unwrap() <= Duration::from_secs(5), "the earlier one holds");
    /// assert!(request.run(call::remaining).is_some());
    /// ```
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        let clock = SharedClock::current();
        let deadline = Deadline::new(clock.now().after(timeout), clock);
        self.deadline = Some(match self.deadline {
            None => deadline,
            Some(outer) => outer.earlier(deadline),
        });
        self
    }

    /// Runs a function in this context, on whatever thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{call::Context, enhanced_error_handling, error_monitor};
    ///
    /// #[enhanced_error_handling]
    /// fn read_block() -> Result<(), String> {
    ///     Err("checksum mismatch in block 7".into())
    /// }
    ///
    /// #[enhanced_error_handling]
    /// fn read_file() -> Result<(), String> {
    ///     let context = Context::current();
    ///     std::thread::scope(|scope| scope.spawn(|| context.run(read_block)).join().unwrap())
    /// }
    ///
    /// let before = error_monitor().stats().total_errors;
    /// assert!(read_file().is_err());
    /// assert_eq!(error_monitor().stats().total_errors, before + 1, "one error, reported by `read_block`");
    /// ```
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        f()
    }

    fn enter(&self) -> Entered<'_> {
        let is_over = self
            .mailbox
            .as_ref()
            .is_none_or(|mailbox| mailbox.is_closed());
        let (frame, series) = if is_over {
            (NONE, PackedSeries::NONE)
        } else {
            (self.frame, self.series)
        };
        let outer =
            CURRENT.with(|current| (current.frame.replace(frame), current.series.replace(series)));
        Entered {
            mailbox: self.mailbox.as_deref().map(|mailbox| (self.frame, mailbox)),
            outer,
            since: mark(),
            _deadline: EnteredDeadline::enter_alone(self.deadline.clone()),
            _values: EnteredValues::enter(self.values.clone()),
            _slots: EnteredSlots::enter(self.slots.clone()),
            _scope: self.scope.enter(),
        }
    }
}

fn mailbox_of(frame: u64) -> Arc<Mailbox> {
    let make = || {
        let mailbox = Arc::new(Mailbox::new());
        send(Message::Mailbox(Arc::clone(&mailbox)));
        mailbox
    };
    let known = LAST.try_with(|last| {
        let last = last.borrow();
        last.as_ref()
            .filter(|(of, mailbox)| *of == frame && !mailbox.is_closed())
            .map(|(_, mailbox)| Arc::clone(mailbox))
    });
    known.ok().flatten().unwrap_or_else(|| {
        let mailbox = make();
        let _ = LAST.try_with(|last| last.replace(Some((frame, Arc::clone(&mailbox)))));
        mailbox
    })
}

/// A context that is current on this thread, until this is dropped.
struct Entered<'a> {
    mailbox: Option<(u64, &'a Mailbox)>,
    outer: (u64, PackedSeries),
    since: Mark,
    _deadline: EnteredDeadline,
    _values: EnteredValues,
    _slots: EnteredSlots,
    /// Left last: errors that are settled above belong to it.
    _scope: scope::Entered,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let (frame, series) = self.outer;
        CURRENT.with(|current| {
            current.frame.set(frame);
            current.series.replace(series);
        });
        if let Some((to, mailbox)) = self.mailbox {
            let messages = messages_to(to, self.since).into_iter();
            messages
                .filter_map(|message| mailbox.send(message).err())
                .for_each(refused);
        }
    }
}

/// Handles a message to a frame that has ended.
fn refused(message: Message) {
    match message {
        // The attempt is over, whatever its outcome.
        Message::Pending(held) => pending::settle(held, Settlement::Error),
        Message::Mailbox(mailbox) => mailbox.close().into_iter().for_each(refused),
        _ => {}
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("attempt", &self.series.unpack().number())
            .field(
                "remaining",
                &self.deadline.as_ref().map(Deadline::remaining),
            )
            .finish_non_exhaustive()
    }
}

/// Runs futures in a [`Context`].
pub trait InCall: Future + Sized {
    /// Runs the future in a context: the context is current during each poll.
    ///
    /// # Cancel safety
    ///
    /// As the future itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::call::{self, Context, InCall};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// struct Tenant(&'static str);
    ///
    /// let context = Context::current().with(Tenant("acme"));
    /// let task = tokio::spawn(async { call::value::<Tenant>().map(|tenant| tenant.0) }.in_call(context));
    /// assert_eq!(task.await.unwrap(), Some("acme"));
    /// # });
    /// ```
    fn in_call(self, context: Context) -> WithContext<Self> {
        WithContext {
            context,
            future: self,
        }
    }
}

impl<F: Future> InCall for F {}

pin_project_lite::pin_project! {
    /// A future that runs in a [`Context`]; what [`InCall::in_call`] returns.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct WithContext<F> {
        context: Context,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for WithContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.context.enter();
        this.future.poll(cx)
    }
}
