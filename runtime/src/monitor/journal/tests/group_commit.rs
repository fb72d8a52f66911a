use super::*;
use crate::{monitor::journal::JournalStatus, rng::Rng};
use std::{
    collections::HashSet,
    error::Error,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};
use tracing::subscriber::with_default;

/// How a write ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Whole,
    /// After so many bytes of whole lines, for lack of room.
    After(usize),
    Panic,
}

/// Decides how a write of these lines ends.
type Decide = Box<dyn FnMut(&[u8]) -> End + Send>;

/// A sink in memory, whose writes end as a test decides.
struct Fake {
    /// The lines of each write.
    writes: Vec<Vec<String>>,
    lines: HashSet<String>,
    end: Decide,
}

const ENOSPC: i32 = 28;

impl Fake {
    fn write(&mut self, lines: &[u8]) -> Written {
        let bytes = match (self.end)(lines) {
            End::Whole => lines.len(),
            End::After(bytes) => bytes,
            End::Panic => panic!("as planned"),
        };
        let text = String::from_utf8(lines[..bytes].to_vec()).unwrap();
        let written: Vec<_> = text.lines().map(str::to_owned).collect();
        for line in &written {
            assert!(self.lines.insert(line.clone()), "{line} is written twice");
        }
        self.writes.push(written);
        let error = (bytes < lines.len()).then(|| io::Error::from_raw_os_error(ENOSPC));
        Written { bytes, error }
    }
}

struct Journal {
    commits: GroupCommit<Fake>,
    tracker: StatusTracker,
}

impl Journal {
    fn new(room: usize, end: impl FnMut(&[u8]) -> End + Send + 'static) -> Self {
        let fake = Fake {
            writes: Vec::new(),
            lines: HashSet::new(),
            end: Box::new(end),
        };
        Self {
            commits: GroupCommit::new(fake, room),
            tracker: StatusTracker::new("a folder"),
        }
    }

    fn with_pass<T>(&self, second: u64, run: impl FnOnce(&Pass<'_, Fake>) -> T) -> T {
        let now = Now {
            tick: Tick::ZERO.after(Duration::from_secs(second)),
            wall: Timestamp::from_unix_millis(0),
        };
        run(&Pass {
            now,
            tracker: &self.tracker,
            write: &|fake, lines, _| fake.write(lines),
        })
    }

    fn append_at(&self, second: u64, line: &str) -> Result<(), JournalError> {
        let line = format!("{line}\n");
        self.with_pass(second, |pass| {
            self.commits.append(line.as_bytes(), true, pass)
        })
    }

    fn flush_at(&self, second: u64) -> Result<(), JournalError> {
        self.with_pass(second, |pass| self.commits.flush(pass))
    }

    fn status(&self) -> JournalStatus {
        self.tracker.status()
    }

    fn writes(&self) -> Vec<Vec<String>> {
        self.commits.sink().writes.clone()
    }

    /// Waits until so many threads sleep until a write has ended.
    fn await_sleepers(&self, count: u32) {
        while self.commits.locked.lock().sleeping != count {
            thread::yield_now();
        }
    }
}

/// Ends each write as the test sends it, so that others append meanwhile; whole once the test has
/// dropped its end.
fn gate() -> (Sender<End>, impl FnMut(&[u8]) -> End + Send) {
    let (sender, receiver): (_, Receiver<End>) = channel();
    (sender, move |_: &[u8]| {
        receiver.recv().unwrap_or(End::Whole)
    })
}

/// Appends `first`, and each of the others while the write of the one before is under way; then the
/// first write ends, and the one of all others as `end` decides. Returns their results.
fn append_all(
    journal: &Journal,
    gate: Sender<End>,
    end: End,
    others: &[&str],
) -> Vec<Result<(), JournalError>> {
    thread::scope(|scope| {
        let first = scope.spawn(|| journal.append_at(0, "first"));
        while !journal.commits.locked.lock().queue.is_write_under_way() {
            thread::yield_now();
        }
        let others: Vec<_> = others
            .iter()
            .zip(1..)
            .map(|(line, sleeping)| {
                let thread = scope.spawn(|| journal.append_at(0, line));
                journal.await_sleepers(sleeping);
                thread
            })
            .collect();
        assert_eq!(journal.status().waiting, 1 + others.len() as u64);
        gate.send(End::Whole).unwrap();
        gate.send(end).unwrap();
        // Further writes do not wait.
        drop(gate);
        first.join().unwrap().unwrap();
        others
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

fn is_full(result: &Result<(), JournalError>) -> bool {
    let source = result.as_ref().err().and_then(Error::source);
    source
        .and_then(|source| source.downcast_ref::<io::Error>())
        .is_some_and(|error| error.raw_os_error() == Some(ENOSPC))
}

#[test]
fn lines_that_are_appended_during_a_write_are_the_next_write() {
    let (sender, end) = gate();
    let journal = Journal::new(1 << 20, end);
    let results = append_all(&journal, sender, End::Whole, &["a", "b", "c", "d"]);
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(journal.writes(), [vec!["first"], vec!["a", "b", "c", "d"]]);
    let status = journal.status();
    assert_eq!((status.written, status.failed, status.waiting), (5, 0, 0));
}

#[test]
fn each_record_of_a_failed_write_gets_the_error_and_is_written_later() {
    let (sender, end) = gate();
    let journal = Journal::new(1 << 20, end);
    let results = append_all(&journal, sender, End::After(0), &["a", "b", "c", "d"]);
    assert!(results.iter().all(is_full), "{results:?}");
    let status = journal.status();
    assert_eq!((status.written, status.failed, status.waiting), (1, 4, 4));
    assert!(status.last_error.unwrap().contains("space") && status.failing_since.is_some());
    assert!(journal.append_at(0, "too soon").is_err());
    assert_eq!(journal.status().failed, 5);

    journal.append_at(1, "after the pause").unwrap();
    assert_eq!(
        journal.writes().concat(),
        ["first", "a", "b", "c", "d", "too soon", "after the pause"]
    );
    let status = journal.status();
    assert_eq!((status.written, status.failed, status.waiting), (7, 5, 0));
    assert!(journal.commits.locked.lock().queue.has_no_unread_failure());
}

#[test]
fn lines_that_are_left_over_stay_in_front_of_newer_ones() {
    let (sender, end) = gate();
    let journal = Journal::new(1 << 20, end);
    sender.send(End::After(0)).unwrap();
    assert!(is_full(&journal.append_at(0, "a")));
    thread::scope(|scope| {
        let second = scope.spawn(|| journal.append_at(1, "b"));
        while !journal.commits.locked.lock().queue.is_write_under_way() {
            thread::yield_now();
        }
        let third = scope.spawn(|| journal.append_at(1, "c"));
        journal.await_sleepers(1);
        sender.send(End::After(0)).unwrap();
        assert!(is_full(&second.join().unwrap()));
        assert!(third.join().unwrap().is_err(), "nothing is tried so soon");
    });
    assert_eq!((journal.status().failed, journal.status().waiting), (3, 3));
    sender.send(End::Whole).unwrap();
    journal.flush_at(2).unwrap();
    assert_eq!(journal.writes().concat(), ["a", "b", "c"]);
}

/// Acknowledged is what was written, whichever thread led.
#[test]
fn short_write_fails_the_records_behind_it_alone() {
    for whole in 0..4 {
        let (sender, end) = gate();
        let journal = Journal::new(1 << 20, end);
        let results = append_all(
            &journal,
            sender,
            End::After(2 * whole),
            &["a", "b", "c", "d"],
        );
        assert!(results[..whole].iter().all(Result::is_ok), "{results:?}");
        assert!(results[whole..].iter().all(is_full), "{results:?}");
        let (status, whole) = (journal.status(), whole as u64);
        assert_eq!(
            (status.written, status.failed, status.waiting),
            (1 + whole, 4 - whole, 4 - whole)
        );
        journal.flush_at(1).unwrap();
        assert_eq!(journal.writes().concat(), ["first", "a", "b", "c", "d"]);
        assert_eq!((journal.status().written, journal.status().waiting), (5, 0));
    }
}

/// A thread that never came back would let all others wait for ever.
#[test]
fn panic_of_a_write_fails_its_records_and_no_other_write() {
    let (sender, end) = gate();
    let journal = Journal::new(1 << 20, end);
    let results = append_all(&journal, sender, End::Panic, &["a", "b"]);
    assert!(results.iter().all(Result::is_err), "{results:?}");
    assert_eq!(journal.status().failed, 2);
    journal.append_at(1, "after").unwrap();
    assert_eq!(journal.writes().concat(), ["first", "a", "b", "after"]);
}

#[test]
fn line_without_room_waits_for_the_write_under_way() {
    for (end, room_again) in [(End::Whole, true), (End::After(0), false)] {
        let (sender, gate) = gate();
        let journal = Journal::new(10, gate);
        thread::scope(|scope| {
            let first = scope.spawn(|| journal.append_at(0, "12345678"));
            while !journal.commits.locked.lock().queue.is_write_under_way() {
                thread::yield_now();
            }
            let second = scope.spawn(|| journal.append_at(0, "2"));
            journal.await_sleepers(1);
            assert_eq!(journal.status().waiting, 1, "no more than the room waits");
            sender.send(end).unwrap();
            drop(sender);
            assert_eq!(first.join().unwrap().is_ok(), room_again);
            assert_eq!(second.join().unwrap().is_ok(), room_again);
        });
        let status = journal.status();
        let lost = u64::from(!room_again);
        assert_eq!((status.lost, status.waiting), (lost, lost));
    }
}

#[test]
fn records_that_wait_for_no_write_make_room_by_one() {
    let journal = Journal::new(20, |_| End::Whole);
    let append = |line: &str| {
        let line = format!("{line}\n");
        journal.with_pass(0, |pass| {
            journal.commits.append(line.as_bytes(), false, pass)
        })
    };
    append("12345").unwrap();
    assert_eq!(journal.status().waiting, 1, "little waits");
    append("12345678901234567").unwrap();
    assert_eq!(journal.writes().concat(), ["12345", "12345678901234567"]);
    assert_eq!((journal.status().lost, journal.status().waiting), (0, 0));
}

/// A subscriber of the log that runs a function for each line.
struct OnLog<F>(F);

impl<F: Fn() + 'static> tracing::Subscriber for OnLog<F> {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {
        (self.0)();
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// Runs `run` while a function runs for each line of the log.
pub(in crate::monitor::journal) fn with_log<T>(
    on_log: impl Fn() + Send + Sync + 'static,
    run: impl FnOnce() -> T,
) -> T {
    // Of one dispatcher alone, a line that another thread reaches first would take that thread's
    // subscriber for all threads: none.
    let _second = tracing::Dispatch::new(OnLog(|| {}));
    with_default(OnLog(on_log), run)
}

/// A subscriber of the log may report errors in turn.
#[test]
fn log_of_a_failure_may_append() {
    let mut writes = 0;
    let journal = Arc::new(Journal::new(1 << 20, move |_| {
        writes += 1;
        if writes == 1 {
            End::After(0)
        } else {
            End::Whole
        }
    }));
    let shared = Arc::clone(&journal);
    let on_log = move || drop(shared.append_at(0, "about the failure"));
    let appended = with_log(on_log, || journal.append_at(0, "fails"));
    assert!(is_full(&appended));
    journal.flush_at(1).unwrap();
    assert_eq!(journal.writes().concat(), ["fails", "about the failure"]);
}

/// Eight threads, and a sink of which every fourth write is short or fails: what `append` returns
/// is what happened, nothing is lost or written twice, and the lines of each thread stay in order.
#[test]
fn appends_of_eight_threads_are_exact_while_writes_fail() {
    const THREADS: usize = 8;
    const EACH: usize = 3_000;
    let mut rng = Rng::seeded(7);
    let journal = Journal::new(1 << 20, move |lines| {
        let ends: Vec<_> = (0..lines.len()).filter(|at| lines[*at] == b'\n').collect();
        match rng.next_u64() % 16 {
            0 => End::Panic,
            1..4 => {
                let whole = rng.next_u64() as usize % ends.len();
                End::After(if whole == 0 { 0 } else { ends[whole - 1] + 1 })
            }
            _ => End::Whole,
        }
    });
    let second = AtomicU64::new(0);
    let failed: usize = thread::scope(|scope| {
        let run = |thread: usize| {
            let mut failed = 0;
            for i in 0..EACH {
                let line = format!("{thread} {i}");
                // Each append is later than the pause after any failure before it, or in it.
                let now = second.fetch_add(u64::from(i % 3 > 0), Ordering::Relaxed);
                match journal.append_at(now, &line) {
                    Ok(()) => assert!(journal.commits.sink().lines.contains(&line), "{line}"),
                    Err(_) => failed += 1,
                }
            }
            failed
        };
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || with_default(OnLog(|| {}), || run(thread))))
            .collect();
        threads.into_iter().map(|it| it.join().unwrap()).sum()
    });
    let mut now = second.into_inner();
    while journal.flush_at(now).is_err() {
        now += 1;
    }
    let status = journal.status();
    assert_eq!(
        (status.written, status.waiting, status.lost, status.failed),
        ((THREADS * EACH) as u64, 0, 0, failed as u64)
    );
    assert!(failed > 0);
    let lines = journal.writes().concat();
    assert_eq!(lines.len(), THREADS * EACH);
    for thread in 0..THREADS {
        let of_thread = lines.iter().filter_map(|line| {
            let (by, i) = line.split_once(' ')?;
            (by == thread.to_string()).then(|| i.parse::<usize>().unwrap())
        });
        assert!(of_thread.eq(0..EACH), "thread {thread} is out of order");
    }
    assert!(journal.commits.locked.lock().queue.has_no_unread_failure());
}
