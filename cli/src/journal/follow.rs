//! `journal follow`: new records as they come.

use super::{list::List, problems::Problems};
use crate::{
    output::Output,
    run::{Failure, Outcome},
    source::Source,
    time::now,
};
use gardefou::monitor::journal::Query;
use std::{
    io::{self, Write},
    process,
    time::Duration,
};

/// How often the journal is read.
const POLL: Duration = Duration::from_millis(200);

/// Prints new records until the command is interrupted, or the reader of the output has gone.
pub(crate) fn run(
    source: Source,
    query: &Query,
    json: bool,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    // Not at the next record: it may never come, and a write may hang.
    let set = ctrlc::set_handler(|| process::exit(0));
    set.map_err(|err| Failure::from_error(&err))?;
    let mut following = source.follow(query)?;
    let mut problems = Problems::default();
    let mut list = List::new(json, 1);
    list.begin(output)?;
    loop {
        while let Some(next) = following.next_at(now()) {
            if let Some(record) = problems.check(next, output) {
                list.add(record, output)?;
            }
        }
        output.flush()?;
        if is_closed_after(POLL)? {
            problems.finish(Outcome::Done, output);
            return Ok(Outcome::Done);
        }
    }
}

/// Waits, and returns `true` at once if the reader of the output has gone.
#[cfg(unix)]
fn is_closed_after(wait: Duration) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdout = io::stdout();
    let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
    let wait = Timespec {
        tv_sec: 0,
        tv_nsec: wait.subsec_nanos().into(),
    };
    match poll(&mut watched, Some(&wait)) {
        Ok(_) => Ok(watched[0]
            .revents()
            .intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL)),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(err) => Err(err.into()),
    }
}

/// Waits; the next write shows whether the reader of the output has gone.
#[cfg(not(unix))]
fn is_closed_after(wait: Duration) -> io::Result<bool> {
    std::thread::park_timeout(wait);
    Ok(false)
}
