//! Runs a tree with the guards that it names.

use super::{
    TEXTS, sink,
    tree::{ATTEMPTS, By, Guard, How, Kind, Node, Then},
};
use crate::support::{Boxed, Fault};
use futures::future::{BoxFuture, FutureExt, join_all};
use gardefou::{
    AppError, ErrorCode, ResultExt,
    boundary::ErrorBoundary,
    breaker::CircuitBreaker,
    call::{Context, InCall},
    enhanced_error_handling,
    error::{ErrorId, View},
    error_boundary, retry,
    retry::Retry,
    time::ManualClock,
    transaction_boundary, with_circuit_breaker,
};
use std::{
    collections::BTreeMap,
    future::{pending, poll_fn},
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// An error on its way up, in the type that the function returned which it left last.
#[derive(Debug)]
pub(super) enum Carried {
    App(AppError),
    Fault(Fault),
    Text(String),
    Boxed(Boxed),
    Anyhow(anyhow::Error),
}

type Out = Result<(), Carried>;

/// The results of a run, apart from events.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The leaves that ran.
    pub(super) ran: Vec<u32>,
    /// The errors of ours that leaves made, by identity.
    pub(super) made: BTreeMap<String, String>,
}

/// Shared by all calls of a tree.
pub(super) struct Env {
    notes: Mutex<Notes>,
}

/// Never opens, and counts nothing.
static CLOSED: LazyLock<CircuitBreaker> = LazyLock::new(|| {
    CircuitBreaker::builder("model-closed")
        .failure_threshold(u32::MAX)
        .build()
        .unwrap()
});
static OPEN: LazyLock<CircuitBreaker> = LazyLock::new(|| {
    let breaker = CircuitBreaker::builder("model-open").build().unwrap();
    breaker.force_open();
    breaker
});

impl Env {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            notes: Mutex::default(),
        })
    }

    pub(super) fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ran(&self, uid: u32) {
        self.notes().ran.push(uid);
    }

    fn make(&self, kind: Kind, text: String) -> Carried {
        let app = |code| {
            let error = AppError::new(code, text.clone());
            self.notes()
                .made
                .insert(error.id().to_string(), text.clone());
            Carried::App(error)
        };
        match kind {
            Kind::App => app(ErrorCode::TIMEOUT_ERROR),
            Kind::Permanent => app(ErrorCode::FILE_NOT_FOUND_ERROR),
            Kind::Fault => Carried::Fault(Fault::Text(text)),
            Kind::Text => Carried::Text(text),
            Kind::Boxed => Carried::Boxed(text.into()),
            Kind::Anyhow => Carried::Anyhow(anyhow::Error::msg(text)),
        }
    }
}

impl Carried {
    /// The identity of the error of ours in it.
    pub(super) fn id(&self) -> Option<ErrorId> {
        match self {
            Self::App(error) => View::from_app(error).id(),
            Self::Fault(error) => View::from_std(error).id(),
            Self::Text(_) => None,
            Self::Boxed(error) => View::from_dyn(&**error).id(),
            Self::Anyhow(error) => View::from_dyn(&**error).id(),
        }
    }

    fn into_app(self) -> AppError {
        match self {
            Self::App(error) => error,
            Self::Fault(error) => error.into(),
            Self::Text(text) => AppError::from_boxed(text.into()),
            Self::Boxed(error) => AppError::from_boxed(error),
            Self::Anyhow(error) => AppError::from_boxed(error.into()),
        }
    }

    fn into_fault(self) -> Fault {
        match self {
            Self::Fault(error) => error,
            other => Fault::Other(other.into_boxed()),
        }
    }

    fn into_boxed(self) -> Boxed {
        match self {
            Self::App(error) => error.into(),
            Self::Fault(error) => error.into(),
            Self::Text(text) => text.into(),
            Self::Boxed(error) => error,
            Self::Anyhow(error) => error.into(),
        }
    }

    fn into_anyhow(self) -> anyhow::Error {
        match self {
            Self::App(error) => error.into_std().into(),
            Self::Fault(error) => error.into(),
            Self::Text(text) => anyhow::Error::msg(text),
            Self::Boxed(error) => anyhow::Error::from_boxed(error),
            Self::Anyhow(error) => error,
        }
    }

    fn into_text(self, uid: u32) -> String {
        match self {
            Self::Text(text) => text,
            _ => format!("text {uid}"),
        }
    }
}

/// One function of each kind for an error type.
macro_rules! functions {
    ($($kind:ident $error:ty: $convert:expr, $plain:ident $plain_async:ident $function:ident $function_async:ident;)*) => {
        $(
            fn $plain(uid: u32, body: &Node, env: &Env) -> Result<(), $error> {
                run(body, env).map_err(|error| $convert(error, uid))
            }

            async fn $plain_async(uid: u32, body: Arc<Node>, env: Arc<Env>) -> Result<(), $error> {
                run_async(body, env).await.map_err(|error| $convert(error, uid))
            }

            #[enhanced_error_handling]
            fn $function(uid: u32, body: &Node, env: &Env) -> Result<(), $error> {
                $plain(uid, body, env)
            }

            #[enhanced_error_handling]
            async fn $function_async(uid: u32, body: Arc<Node>, env: Arc<Env>) -> Result<(), $error> {
                $plain_async(uid, body, env).await
            }
        )*

        fn guard(uid: u32, guard: Guard, body: &Node, env: &Env) -> Out {
            match guard {
                $(
                    Guard::Plain(Kind::$kind) => $plain(uid, body, env).map_err(Carried::$kind),
                    Guard::Function(Kind::$kind) => $function(uid, body, env).map_err(Carried::$kind),
                    Guard::Place(Kind::$kind) => {
                        error_boundary!("model_place", { $plain(uid, body, env)? }).map_err(Carried::App)
                    }
                    Guard::Silent(Kind::$kind) => {
                        let _ = error_boundary!("model_silent", rethrow = false, { $plain(uid, body, env)? });
                        Ok(())
                    }
                    Guard::Transaction(Kind::$kind) => {
                        let outcome = transaction_boundary!("model_transaction", |_tx| { $plain(uid, body, env)? });
                        outcome.map_err(Carried::App)
                    }
                    Guard::ByHand(Kind::$kind) => {
                        ErrorBoundary::new("model_by_hand").call(|| $plain(uid, body, env)).map_err(Carried::App)
                    }
                )*
                Guard::Breaker(Kind::App) => CLOSED.call(|| plain_app(uid, body, env)).map_err(Carried::App),
                Guard::Breaker(_) => CLOSED.call(|| plain_fault(uid, body, env)).map_err(Carried::Fault),
                Guard::BreakerFunction => breaker(uid, body, env).map_err(Carried::Fault),
                Guard::Plain(Kind::Permanent)
                | Guard::Function(Kind::Permanent)
                | Guard::Place(Kind::Permanent)
                | Guard::Silent(Kind::Permanent)
                | Guard::ByHand(Kind::Permanent)
                | Guard::Transaction(Kind::Permanent) => unreachable!("a kind of leaves"),
            }
        }

        async fn guard_async(uid: u32, guard: Guard, body: Arc<Node>, env: Arc<Env>) -> Out {
            match guard {
                $(
                    Guard::Plain(Kind::$kind) => $plain_async(uid, body, env).await.map_err(Carried::$kind),
                    Guard::Function(Kind::$kind) => $function_async(uid, body, env).await.map_err(Carried::$kind),
                    Guard::Place(Kind::$kind) => {
                        let outcome = error_boundary!("model_place", { $plain_async(uid, body, env).await? });
                        outcome.map_err(Carried::App)
                    }
                    Guard::Silent(Kind::$kind) => {
                        let _ =
                            error_boundary!("model_silent", rethrow = false, { $plain_async(uid, body, env).await? });
                        Ok(())
                    }
                    Guard::Transaction(Kind::$kind) => {
                        let outcome =
                            transaction_boundary!("model_transaction", |_tx| { $plain_async(uid, body, env).await? });
                        outcome.map_err(Carried::App)
                    }
                    Guard::ByHand(Kind::$kind) => {
                        let boundary = ErrorBoundary::new("model_by_hand");
                        boundary.call_async(|| $plain_async(uid, body, env)).await.map_err(Carried::App)
                    }
                )*
                Guard::Breaker(Kind::App) => {
                    CLOSED.call_async(|| plain_app_async(uid, body, env)).await.map_err(Carried::App)
                }
                Guard::Breaker(_) => {
                    CLOSED.call_async(|| plain_fault_async(uid, body, env)).await.map_err(Carried::Fault)
                }
                Guard::BreakerFunction => breaker_async(uid, body, env).await.map_err(Carried::Fault),
                Guard::Plain(Kind::Permanent)
                | Guard::Function(Kind::Permanent)
                | Guard::Place(Kind::Permanent)
                | Guard::Silent(Kind::Permanent)
                | Guard::ByHand(Kind::Permanent)
                | Guard::Transaction(Kind::Permanent) => unreachable!("a kind of leaves"),
            }
        }
    };
}

functions! {
    App AppError: |error: Carried, _| error.into_app(), plain_app plain_app_async model_app model_app_async;
    Fault Fault: |error: Carried, _| error.into_fault(), plain_fault plain_fault_async model_fault model_fault_async;
    Text String: Carried::into_text, plain_text plain_text_async model_text model_text_async;
    Boxed Boxed: |error: Carried, _| error.into_boxed(), plain_boxed plain_boxed_async model_boxed model_boxed_async;
    Anyhow anyhow::Error: |error: Carried, _| error.into_anyhow(),
        plain_anyhow plain_anyhow_async model_anyhow model_anyhow_async;
}

#[with_circuit_breaker(name = "model-closed-attribute", failure_threshold = 4_000_000_000)]
fn breaker(uid: u32, body: &Node, env: &Env) -> Result<(), Fault> {
    plain_fault(uid, body, env)
}

#[with_circuit_breaker(name = "model-closed-attribute", failure_threshold = 4_000_000_000)]
async fn breaker_async(uid: u32, body: Arc<Node>, env: Arc<Env>) -> Result<(), Fault> {
    plain_fault_async(uid, body, env).await
}

#[retry(max_attempts = 3, initial_delay = 0, budget = false)]
fn retried(bodies: &[Arc<Node>], made: &AtomicUsize, env: &Env) -> Result<(), Fault> {
    plain_fault(0, &bodies[made.fetch_add(1, Ordering::SeqCst)], env)
}

#[retry(max_attempts = 3, initial_delay = 0, budget = false)]
async fn retried_async(
    bodies: &[Arc<Node>],
    made: &AtomicUsize,
    env: &Arc<Env>,
) -> Result<(), Fault> {
    let body = Arc::clone(&bodies[made.fetch_add(1, Ordering::SeqCst)]);
    plain_fault_async(0, body, Arc::clone(env)).await
}

const _: () = assert!(ATTEMPTS == 3);

fn by_hand(attempts: usize) -> &'static Retry {
    static RETRIES: LazyLock<[Retry; 3]> = LazyLock::new(|| {
        [0, 1, 2].map(|retries| {
            let builder = Retry::builder().name("model-retry").max_retries(retries);
            builder
                .initial_delay(Duration::ZERO)
                .clock(ManualClock::new())
                .budget(false)
                .build()
                .unwrap()
        })
    });
    &RETRIES[attempts - 1]
}

/// Runs a sync subtree.
pub(super) fn run(node: &Node, env: &Env) -> Out {
    match node {
        Node::Succeed(uid) => {
            env.ran(*uid);
            Ok(())
        }
        Node::Fail { uid, kind, text } => {
            env.ran(*uid);
            Err(env.make(*kind, TEXTS[*text].to_owned()))
        }
        Node::Reject { uid, kind } => {
            env.ran(*uid);
            match kind {
                Kind::App => OPEN.call(|| Ok(())).map_err(Carried::App),
                Kind::Boxed => OPEN.call(|| Ok(())).map_err(Carried::Boxed),
                _ => OPEN.call(|| Ok(())).map_err(Carried::Fault),
            }
        }
        Node::Guard {
            uid,
            guard: of,
            body,
        } => guard(*uid, *of, body, env),
        Node::Retry { by, bodies } => {
            let made = AtomicUsize::new(0);
            let next = || &*bodies[made.fetch_add(1, Ordering::SeqCst)];
            match by {
                By::Opaque => by_hand(bodies.len()).call(|| run(next(), env)),
                By::App => by_hand(bodies.len())
                    .call(|| plain_app(0, next(), env))
                    .map_err(Carried::App),
                By::Function => retried(bodies, &made, env).map_err(Carried::Fault),
            }
        }
        Node::Group {
            uid,
            how,
            children,
            then,
        } => {
            let outcomes = match how {
                How::Threads => on_threads(children, env),
                _ => children.iter().map(|child| run(child, env)).collect(),
            };
            ended(*uid, outcomes, *then, env)
        }
        Node::Sync(body) => run(body, env),
        Node::Hang { .. } => unreachable!("sync code does not hang"),
    }
}

fn on_threads(children: &[Arc<Node>], env: &Env) -> Vec<Out> {
    let (context, sink) = (Context::current(), sink::current());
    thread::scope(|scope| {
        let run_in = |child| {
            sink::set(sink.clone());
            context.run(|| run(child, env))
        };
        let threads: Vec<_> = children
            .iter()
            .map(|child| scope.spawn(move || run_in(child)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

/// Runs a subtree.
pub(super) fn run_async(node: Arc<Node>, env: Arc<Env>) -> BoxFuture<'static, Out> {
    async move {
        match &*node {
            Node::Succeed(_) | Node::Fail { .. } => {
                tokio::task::yield_now().await;
                run(&node, &env)
            }
            Node::Reject { uid, kind } => {
                env.ran(*uid);
                match kind {
                    Kind::App => OPEN
                        .call_async(|| async { Ok(()) })
                        .await
                        .map_err(Carried::App),
                    Kind::Boxed => OPEN
                        .call_async(|| async { Ok(()) })
                        .await
                        .map_err(Carried::Boxed),
                    _ => OPEN
                        .call_async(|| async { Ok(()) })
                        .await
                        .map_err(Carried::Fault),
                }
            }
            Node::Sync(body) => run(body, &env),
            Node::Hang { body, gate } => {
                let _ = run_async(Arc::clone(body), env).await;
                gate.open();
                pending().await
            }
            Node::Guard { uid, guard, body } => {
                guard_async(*uid, *guard, Arc::clone(body), env).await
            }
            Node::Retry { by, bodies } => {
                let made = AtomicUsize::new(0);
                let next = || Arc::clone(&bodies[made.fetch_add(1, Ordering::SeqCst)]);
                match by {
                    By::Opaque => {
                        by_hand(bodies.len())
                            .call_async(|| run_async(next(), Arc::clone(&env)))
                            .await
                    }
                    By::App => {
                        let outcome = by_hand(bodies.len())
                            .call_async(|| plain_app_async(0, next(), Arc::clone(&env)));
                        outcome.await.map_err(Carried::App)
                    }
                    By::Function => retried_async(bodies, &made, &env)
                        .await
                        .map_err(Carried::Fault),
                }
            }
            Node::Group {
                uid,
                how,
                children,
                then,
            } => {
                let outcomes = group_async(how, children, &env).await;
                tokio::task::yield_now().await;
                ended(*uid, outcomes, *then, &env)
            }
        }
    }
    .boxed()
}

async fn group_async(how: &How, children: &[Arc<Node>], env: &Arc<Env>) -> Vec<Out> {
    let start = |child: &Arc<Node>| run_async(Arc::clone(child), Arc::clone(env));
    match how {
        How::Sequence => {
            let mut outcomes = Vec::new();
            for child in children {
                outcomes.push(start(child).await);
                tokio::task::yield_now().await;
            }
            outcomes
        }
        How::Join => join_all(children.iter().map(start)).await,
        How::Race(gate) => {
            let Some((winner, losers)) = children.split_last() else {
                return Vec::new();
            };
            let mut losing: Vec<_> = losers.iter().map(start).collect();
            let mut winning = Box::pin(async {
                while !gate.is_open_for(losers.len()) {
                    tokio::task::yield_now().await;
                }
                start(winner).await
            });
            let outcome = poll_fn(|cx| {
                for loser in &mut losing {
                    assert!(loser.poll_unpin(cx).is_pending());
                }
                winning.as_mut().poll(cx)
            });
            let outcome = outcome.await;
            drop(losing);
            vec![outcome]
        }
        How::Spawn { with_context } => {
            let spawn = |child| {
                let work = start(child);
                if *with_context {
                    tokio::spawn(work.in_call(Context::current()))
                } else {
                    tokio::spawn(work)
                }
            };
            let tasks: Vec<_> = children.iter().map(spawn).collect();
            join_all(tasks)
                .await
                .into_iter()
                .map(Result::unwrap)
                .collect()
        }
        How::Threads => on_threads(children, env),
    }
}

fn ended(uid: u32, mut outcomes: Vec<Out>, then: Then, env: &Env) -> Out {
    if let Then::Propagate(start) = then {
        let start = start % outcomes.len();
        outcomes.rotate_left(start);
    }
    let Some(error) = outcomes.into_iter().find_map(Result::err) else {
        return Ok(());
    };
    match then {
        Then::Propagate(_) => Err(error),
        Then::Swallow => Ok(()),
        Then::Replace(kind) => Err(env.make(kind, format!("replaced {uid}"))),
        Then::Wrap => {
            let text = format!("wrapped {uid}");
            let wrapped = match error {
                Carried::Fault(error) => {
                    Err::<(), _>(error).context(ErrorCode::TIMEOUT_ERROR, text)
                }
                other => Err::<(), _>(other.into_app()).context(ErrorCode::TIMEOUT_ERROR, text),
            };
            wrapped.map_err(Carried::App)
        }
    }
}
