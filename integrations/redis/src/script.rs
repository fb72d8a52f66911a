//! The scripts of operations: their arguments, their results, and the updates that they publish.

use gardefou::{
    breaker::WindowKind,
    fleet::{
        Action, Lease, Operation, Permits, ProbeOutcome, Reply, SharedPhase, SharedState,
        StoreError, Take, Update,
    },
};
use redis::{Cmd, ConnectionLike, FromRedisValue, RedisResult, Script, Value};
use std::{fmt::Write, sync::Arc, time::Duration};

/// The channel of all updates.
pub(crate) const CHANNEL: &str = "gardefou:v1:updates";

/// The scripts of the guards.
pub(crate) struct Scripts {
    circuit: Script,
    limit: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            circuit: Script::new(include_str!("circuit.lua")),
            limit: Script::new(include_str!("limit.lua")),
        }
    }

    /// Makes both known to a server.
    pub(crate) fn load(&self, connection: &mut dyn ConnectionLike) -> RedisResult<()> {
        self.circuit.load(&mut *connection)?;
        self.limit.load(&mut *connection)?;
        Ok(())
    }

    /// Returns the command of an operation.
    pub(crate) fn command(&self, operation: &Operation) -> Cmd {
        match &operation.action {
            Action::Take(take) => take_command(&self.limit, operation, take),
            _ => command(&self.circuit, operation),
        }
    }
}

/// Returns a key of a guard. Its hash tag keeps the keys of one guard in one slot of a cluster; the version keeps them
/// apart from those of another version of the script.
fn key(operation: &Operation, kind: &str) -> String {
    let mut key = String::from("gardefou:{");
    push_escaped(&mut key, &operation.fleet);
    key.push('/');
    push_escaped(&mut key, &operation.breaker);
    key.push_str("}:v1:");
    key.push_str(kind);
    key
}

/// Appends a name without what would end the hash tag or divide it elsewhere.
fn push_escaped(key: &mut String, name: &str) {
    for c in name.chars() {
        if matches!(c, '{' | '}' | '/' | '%') || c.is_whitespace() || c.is_control() {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                let _ = write!(key, "%{byte:02x}");
            }
        } else {
            key.push(c);
        }
    }
}

/// Returns the command of an operation on a breaker.
fn command(script: &Script, operation: &Operation) -> Cmd {
    let mut call = redis::cmd("EVALSHA");
    call.arg(script.get_hash())
        .arg(1)
        .arg(key(operation, "circuit"))
        .arg(CHANNEL)
        .arg(&*operation.fleet)
        .arg(&*operation.breaker)
        .arg(&*operation.instance)
        .arg(millis(operation.longest_open))
        .arg(millis(operation.lease_time));
    match &operation.action {
        // The latter has a script of its own.
        Action::Read | Action::Take(_) => {
            call.arg("read");
        }
        Action::Lease => {
            call.arg("lease");
        }
        Action::Settle { outcome, open_for } => {
            let outcome = match outcome {
                ProbeOutcome::Success => "success",
                ProbeOutcome::Failure => "failure",
                ProbeOutcome::Released => "released",
            };
            call.arg("settle").arg(outcome).arg(millis(*open_for));
        }
        Action::Report(report) => {
            let rule = &report.rule;
            let (window, size) = match rule.window {
                Some(WindowKind::Calls(calls)) => ("calls", u64::from(calls)),
                Some(WindowKind::Time(span)) => ("time", millis(span)),
                _ => ("none", 0),
            };
            call.arg("report")
                .arg(report.success)
                .arg(report.failure)
                .arg(report.slow)
                .arg(report.row)
                .arg(millis(report.open_for))
                .arg(rule.failure_threshold.unwrap_or(0))
                .arg(millis(rule.agreement))
                .arg(window)
                .arg(size)
                .arg(rule.failure_rate.unwrap_or(0.0))
                .arg(rule.slow_rate.unwrap_or(0.0))
                .arg(rule.min_calls);
        }
    }
    call
}

/// Returns the command of an operation on a rate limiter.
fn take_command(script: &Script, operation: &Operation, take: &Take) -> Cmd {
    let mut call = redis::cmd("EVALSHA");
    call.arg(script.get_hash())
        .arg(2)
        .arg(key(operation, "limit"))
        .arg(key(operation, "limit:holders"))
        .arg(&*operation.instance)
        .arg(take.interval.as_nanos().to_string())
        .arg(take.burst)
        .arg(take.used)
        .arg(take.held)
        .arg(take.want)
        .arg(micros(take.hold_time))
        .arg(take.number);
    call
}

/// Reads the result of the script of an operation.
pub(crate) fn reply(operation: &Operation, value: Value) -> Result<Reply, StoreError> {
    match operation.action {
        Action::Take(_) => permits(value),
        _ => circuit(value),
    }
}

fn permits(value: Value) -> Result<Reply, StoreError> {
    let unread = |_| StoreError::new("the script returned what cannot be read");
    let fields: (u64, u32, u64) = FromRedisValue::from_redis_value(value).map_err(unread)?;
    let (granted, instances, next) = fields;
    Ok(Reply {
        state: SharedState::UNKNOWN,
        lease: None,
        has_changed: false,
        permits: Some(Permits {
            granted,
            instances,
            next: Duration::from_micros(next),
        }),
    })
}

fn circuit(value: Value) -> Result<Reply, StoreError> {
    type Fields = (String, u64, u64, u32, String, i64, u64);
    let unread = |_| StoreError::new("the script returned what cannot be read");
    let fields: Fields = FromRedisValue::from_redis_value(value).map_err(unread)?;
    let (epoch, phase, remaining, reopened, by, lease, changed) = fields;
    let state = state(&epoch, phase, remaining, reopened, &by)
        .ok_or_else(|| StoreError::new("the script returned a state that cannot be read"))?;
    Ok(Reply {
        state,
        lease: match lease {
            0 => Some(Lease::Granted),
            1.. => Some(Lease::Held(Duration::from_millis(lease.unsigned_abs()))),
            _ => None,
        },
        has_changed: changed == 1,
        permits: None,
    })
}

/// Reads an update; `None` for what another program published.
pub(crate) fn update(message: &str) -> Option<Update> {
    let mut parts = message.splitn(7, '\n');
    let mut next = || parts.next();
    let (epoch, phase, remaining) = (next()?, next()?.parse().ok()?, next()?.parse().ok()?);
    let (reopened, by) = (next()?.parse().ok()?, next()?);
    let state = state(epoch, phase, remaining, reopened, by)?;
    let (fleet, breaker) = (next()?.into(), next()?.into());
    Some(Update {
        fleet,
        breaker,
        state,
    })
}

fn state(epoch: &str, phase: u64, remaining: u64, reopened: u32, by: &str) -> Option<SharedState> {
    Some(SharedState {
        epoch: epoch.parse().ok()?,
        phase: match phase {
            0 => SharedPhase::Closed,
            1 => SharedPhase::Open {
                remaining: Duration::from_millis(remaining),
            },
            2 => SharedPhase::HalfOpen,
            _ => return None,
        },
        reopened,
        by: (!by.is_empty()).then(|| Arc::from(by)),
    })
}

/// Returns whole milliseconds, at least one for any time above zero, and at most a hundred years.
fn millis(duration: Duration) -> u64 {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    u64::try_from(millis)
        .unwrap_or(u64::MAX)
        .min(100 * 366 * 86_400_000)
}

/// Returns whole microseconds, at most a day.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros())
        .unwrap_or(u64::MAX)
        .min(86_400_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(fleet: &str, breaker: &str) -> Operation {
        Operation {
            fleet: fleet.into(),
            breaker: breaker.into(),
            instance: "i".into(),
            longest_open: Duration::from_secs(60),
            lease_time: Duration::from_secs(5),
            action: Action::Read,
        }
    }

    #[test]
    fn keys_have_one_hash_tag_and_differ_where_names_do() {
        let names = [
            ("checkout", "payments"),
            ("checkout", "payments[acme]"),
            ("checkout/payments", "a"),
            ("checkout", "payments/a"),
            ("a", "}{"),
            ("a}", "{"),
            ("a", "%7d"),
            ("a", "}"),
            ("a", "b c"),
            ("a", "b\nc"),
            ("ä", "ß"),
        ];
        let keys: Vec<_> = names
            .iter()
            .flat_map(|(f, b)| {
                ["circuit", "limit", "limit:holders"].map(|kind| key(&operation(f, b), kind))
            })
            .collect();
        assert_eq!(keys[0], "gardefou:{checkout/payments}:v1:circuit");
        for (index, key) in keys.iter().enumerate() {
            assert_eq!(key.matches('{').count(), 1, "{key}");
            assert_eq!(key.matches('}').count(), 1, "{key}");
            assert!(!keys[..index].contains(key), "{key}");
        }
    }

    #[test]
    fn update_keeps_whatever_a_key_holds() {
        let update = update("7\n1\n250\n2\nhost/1\ncheckout\npayments[a\nb]").unwrap();
        assert_eq!(&*update.breaker, "payments[a\nb]");
        assert_eq!(&*update.fleet, "checkout");
        assert_eq!(update.state.epoch, 7);
        let remaining = Duration::from_millis(250);
        assert_eq!(update.state.phase, SharedPhase::Open { remaining });
    }

    #[test]
    fn message_of_another_program_is_no_update() {
        for message in [
            "",
            "hello",
            "1\n9\n0\n0\n\na\nb",
            "x\n0\n0\n0\n\na\nb",
            "1\n0\n0\n0\na",
        ] {
            assert_eq!(update(message), None, "{message:?}");
        }
    }
}
