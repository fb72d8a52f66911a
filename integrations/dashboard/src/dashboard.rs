//! The handle of a dashboard.

#[cfg(feature = "axum")]
use crate::web::{DashboardRouter, Feed};
use crate::{
    builder::{DashboardBuilder, Settings},
    collect::ForeignState,
    earlier,
    history::History,
    report::Report,
};
use gardefou::{
    call::Context,
    event::{Event, Subscription, subscribe},
    telemetry::ForeignReader,
};
use std::{fmt, sync::Arc};

/// A read-only page of everything that gardefou knows of its process, as a [router](Self::router) and
/// as a [file](Self::report).
///
/// It observes changes of states and notifications from the moment in which it is made, so make it at
/// the start of the program. Of earlier changes it has the last ones that guards and checks keep.
/// Clones share one history, one sampler and one bound on viewers. When the last clone and the last
/// router are dropped, it no longer observes.
///
/// It only reads: nothing on the page changes the program, and no request leaves the process.
///
/// # Examples
///
/// ```
/// use axum::Router;
/// use gardefou_dashboard::Dashboard;
///
/// let dashboard = Dashboard::builder().title("orders").build()?;
/// let app: Router = Router::new().merge(dashboard.router().loopback_only());
/// # drop(app);
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Dashboard(Arc<Inner>);

struct Inner {
    settings: Settings,
    observed: Arc<Observed>,
    #[cfg(feature = "axum")]
    feed: Arc<Feed>,
}

/// What samples are taken of.
pub(crate) struct Observed {
    pub(crate) history: Arc<History>,
    /// What is known of what code of the program was asked for.
    pub(crate) foreign: ForeignReader<ForeignState>,
    /// The test scope in which the dashboard was made, if it was made in one.
    pub(crate) context: Context,
    _subscription: Subscription,
}

impl Dashboard {
    /// Begins the settings of a dashboard.
    ///
    /// # Examples
    ///
    /// ```
    /// let dashboard = gardefou_dashboard::Dashboard::builder().build()?;
    /// assert!(dashboard.report().json()["guards"].is_array());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn builder() -> DashboardBuilder {
        DashboardBuilder::new()
    }

    pub(crate) fn new(settings: Settings) -> Self {
        #[cfg(feature = "axum")]
        let wake = Arc::new(tokio::sync::Notify::new());
        #[cfg(feature = "axum")]
        let on_change = {
            let wake = Arc::clone(&wake);
            move || wake.notify_one()
        };
        #[cfg(not(feature = "axum"))]
        let on_change = || {};
        let history = Arc::new(History::new(settings.history, on_change));
        let noting = Arc::clone(&history);
        let observed = Arc::new(Observed {
            foreign: ForeignReader::default(),
            context: Context::current(),
            // First, so that no change is missed.
            _subscription: subscribe(move |event: &Event<'_>| noting.note(event)),
            history,
        });
        observed.history.begin_with(earlier::changes());
        Self(Arc::new(Inner {
            #[cfg(feature = "axum")]
            feed: Arc::new(Feed::new(Arc::clone(&observed), &settings, wake)),
            observed,
            settings,
        }))
    }

    /// Begins a router for axum 0.8 with the page and its JSON; it is made by the choice of who may
    /// see it. See [`DashboardRouter`].
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request};
    /// use gardefou_dashboard::Dashboard;
    /// use tower::ServiceExt;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let dashboard = Dashboard::builder().path("/ops").build()?;
    /// let app: Router = dashboard.router().guard(|request| {
    ///     request.headers.get("authorization").is_some_and(|token| token == "Bearer ops")
    /// });
    /// let request = Request::get("/ops").body(Body::empty())?;
    /// assert_eq!(app.oneshot(request).await?.status(), 403);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "axum")]
    pub fn router(&self) -> DashboardRouter {
        DashboardRouter::new(Arc::clone(&self.0.feed), &self.0.settings)
    }

    /// Ends the connections of all viewers, and accepts no more. For a graceful shutdown, which waits
    /// for open connections.
    ///
    /// # Examples
    ///
    /// ```
    /// let dashboard = gardefou_dashboard::Dashboard::builder().build()?;
    /// dashboard.close();
    /// assert_eq!(dashboard.viewers(), 0);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[cfg(feature = "axum")]
    pub fn close(&self) {
        self.0.feed.close();
    }

    /// Returns how many viewers are connected.
    ///
    /// # Examples
    ///
    /// ```
    /// let dashboard = gardefou_dashboard::Dashboard::builder().build()?;
    /// assert_eq!(dashboard.viewers(), 0);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[cfg(feature = "axum")]
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.0.feed.viewers()
    }

    /// Returns everything that the page shows now, to be written as a file: for a job that ends, or
    /// to be kept with an incident. Reads snapshots from memory alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::circuit_breakers;
    /// use gardefou_dashboard::Dashboard;
    ///
    /// let dashboard = Dashboard::builder().title("nightly import").build()?;
    /// circuit_breakers().get_or_create("report-example", |breaker| breaker)?.force_open();
    /// let html = dashboard.report().html();
    /// assert!(html.starts_with("<!doctype html>") && html.contains("report-example"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn report(&self) -> Report {
        let observed = &self.0.observed;
        observed
            .context
            .run(|| Report::new(&self.0.settings, observed))
    }
}

impl fmt::Debug for Dashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dashboard")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        collect::Collector,
        sample::{List, Sample},
    };
    use gardefou::{
        circuit_breakers,
        event::Record,
        health::health,
        monitor::{
            error_monitor,
            journal::{ErrorCounts, Journal, JournalError, JournalStatus, Page, Query},
        },
        testing::Scope,
    };
    use serde_json::Value;
    use std::{sync::Mutex, thread, time::Duration};

    /// A journal whose status does not return while the lock is held.
    #[derive(Debug, Default)]
    struct Hanging(Mutex<u64>);

    impl Journal for Hanging {
        fn append(&self, _: &Record) -> Result<(), JournalError> {
            Ok(())
        }

        fn query(&self, _: &Query) -> Result<Page, JournalError> {
            Ok(Page::new(Vec::new(), None))
        }

        fn counts(&self) -> Result<ErrorCounts, JournalError> {
            Ok(ErrorCounts::default())
        }

        fn flush(&self) -> Result<(), JournalError> {
            Ok(())
        }

        fn status(&self) -> JournalStatus {
            let mut status = JournalStatus::default();
            status.written = *self.0.lock().unwrap();
            status
        }
    }

    /// It would never end if a sample waited for the journal.
    #[test]
    fn samples_go_on_while_the_status_of_a_journal_hangs() {
        let scope = Scope::new();
        let _entered = scope.enter();
        let journal = Arc::new(Hanging::default());
        error_monitor().set_journal(journal.clone());
        health().register_check("database", || true).unwrap();
        let breaker = circuit_breakers().get_or_create("payments", |b| b).unwrap();
        let dashboard = Dashboard::builder().build().unwrap();
        let mut collector = Collector::default();
        let mut sample = |patience| {
            scope.clock().advance(Duration::from_secs(1));
            collector.collect(&dashboard.0.observed, patience)
        };
        let stale = |sample: &Sample| sample.sections["stale_since"].clone();
        let count = |sample: &Sample| sample.list(List::Guards).values().next().unwrap().clone();

        let held = journal.0.lock().unwrap();
        let first = sample(Duration::ZERO);
        assert_eq!(stale(&first), first.taken_at);
        assert_eq!(first.sections["journal"], Value::Null);
        assert_eq!(first.sections["health"]["status"], "unknown");
        breaker.try_acquire().unwrap().success();
        let second = sample(Duration::MAX);
        assert_ne!(count(&second), count(&first), "guards are read still");
        assert_eq!(stale(&second), second.taken_at, "nothing is known yet");
        drop(held);
        let third = loop {
            // The thread of the first reading may still be about to end.
            let sample = sample(Duration::MAX);
            if stale(&sample) == Value::Null {
                break sample;
            }
            thread::yield_now();
        };
        assert_eq!(third.sections["journal"]["written"], 0);
        assert_eq!(
            third.list(List::Checks).len(),
            2,
            "with that of the journal"
        );

        let mut held = journal.0.lock().unwrap();
        *held = 5;
        let fourth = sample(Duration::ZERO);
        assert_eq!(stale(&fourth), third.taken_at);
        assert_eq!(fourth.sections["journal"]["written"], 0, "as it was then");
        assert_eq!(fourth.list(List::Checks), third.list(List::Checks));
        drop(held);
    }
}
