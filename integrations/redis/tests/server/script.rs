//! The script beside the state in memory: the same operations, the same replies.

use crate::servers::Server;
use gardefou::{
    breaker::WindowKind,
    fleet::{
        Action, Lease, MemoryStore, Operation, ProbeOutcome, Reply, Report, Rule, SharedPhase,
        Store,
    },
    time::ManualClock,
};
use gardefou_redis::RedisStore;
use redis::{Connection, Script};
use std::{mem, time::Duration};

/// Lets time pass in the state of one breaker: all its moments lie that much further back.
const AGE: &str = r"
for _, field in ipairs({'u', 'lu', 'sa', 'so', 'c'}) do
  local at = tonumber(redis.call('HGET', KEYS[1], field) or '0')
  if at > 0 then
    redis.call('HSET', KEYS[1], field, string.format('%.0f', at - ARGV[1]))
  end
end
return 1";

const KEY: &str = "gardefou:{checkout/payments}:v1:circuit";

/// SplitMix64, seeded.
struct Rng(u64);

impl Rng {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }
}

fn operation(rng: &mut Rng, rule: &Rule) -> Operation {
    let open_for = [Duration::ZERO, Duration::from_secs(3600), Duration::MAX];
    let open_for = open_for[rng.next(3) as usize];
    let action = match rng.next(10) {
        0 => Action::Read,
        1..=2 => Action::Lease,
        3..=4 => Action::Settle {
            outcome: match rng.next(3) {
                0 => ProbeOutcome::Success,
                1 => ProbeOutcome::Failure,
                _ => ProbeOutcome::Released,
            },
            open_for,
        },
        _ => {
            let (success, failure) = (rng.next(4) * rng.next(2), rng.next(4));
            Action::Report(Report {
                success,
                failure,
                slow: rng.next(success + failure + 1),
                row: rng.next(failure + 1) as u32,
                rule: rule.clone(),
                open_for,
            })
        }
    };
    Operation {
        fleet: "checkout".into(),
        breaker: "payments".into(),
        instance: format!("i{}", rng.next(3)).into(),
        longest_open: Duration::from_secs(7200),
        lease_time: Duration::from_secs(3600),
        action,
    }
}

/// What does not depend on the moment.
fn shape(reply: &Reply) -> impl PartialEq + std::fmt::Debug + use<> {
    let phase = match reply.state.phase {
        SharedPhase::Open { remaining } => {
            // Open for an hour, or for the longest time: apart by more than the test can take.
            SharedPhase::Open {
                remaining: Duration::from_secs((remaining.as_secs() + 1800) / 3600 * 3600),
            }
        }
        other => other,
    };
    let lease = reply.lease.map(|lease| mem::discriminant(&lease));
    let (state, has_epoch) = (&reply.state, reply.state.epoch > 0);
    (
        phase,
        lease,
        state.reopened,
        state.by.clone(),
        has_epoch,
        reply.has_changed,
    )
}

#[test]
fn script_does_what_the_state_in_memory_does() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut connection: Connection = server.connect();
    let store = RedisStore::builder(server.url()).build().unwrap();
    let age = Script::new(AGE);
    let (mut openings, mut leases, mut held) = (0, 0, 0);
    for seed in 0..60 {
        let () = redis::cmd("FLUSHALL").query(&mut connection).unwrap();
        let clock = ManualClock::new();
        let memory = MemoryStore::with_clock(clock.clone());
        let mut rng = Rng(seed);
        let rule = Rule {
            failure_threshold: [None, Some(3), Some(9)][rng.next(3) as usize],
            agreement: [Duration::ZERO, Duration::from_secs(86_400)][rng.next(2) as usize],
            window: [
                None,
                Some(WindowKind::Calls(5)),
                Some(WindowKind::Calls(50)),
            ][rng.next(3) as usize],
            failure_rate: [None, Some(0.5), Some(0.9)][rng.next(3) as usize],
            slow_rate: [None, Some(0.6)][rng.next(2) as usize],
            min_calls: 1 + rng.next(20) as u32,
        };
        for step in 0..150 {
            let operation = operation(&mut rng, &rule);
            let expected = memory
                .run(std::slice::from_ref(&operation))
                .remove(0)
                .unwrap();
            let found = store
                .run(std::slice::from_ref(&operation))
                .remove(0)
                .unwrap();
            assert_eq!(
                format!("{:?}", shape(&found)),
                format!("{:?}", shape(&expected)),
                "seed {seed}, step {step}: {operation:?} under {rule:?}"
            );
            openings += u32::from(found.has_changed);
            leases += u32::from(found.lease == Some(Lease::Granted));
            held += u32::from(matches!(found.lease, Some(Lease::Held(_))));
            let time = if rng.next(8) == 0 { 3_700_000 } else { 1000 };
            clock.advance(Duration::from_millis(time));
            let _: u32 = age.key(KEY).arg(time).invoke(&mut connection).unwrap();
        }
    }
    assert!(
        openings > 100 && leases > 100 && held > 50,
        "{openings} {leases} {held}"
    );
}

#[test]
fn time_window_forgets_its_oldest_calls() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut connection = server.connect();
    let store = RedisStore::builder(server.url()).build().unwrap();
    let rule = Rule {
        failure_threshold: None,
        agreement: Duration::ZERO,
        window: Some(WindowKind::Time(Duration::from_secs(100_000))),
        failure_rate: Some(0.5),
        slow_rate: None,
        min_calls: 10,
    };
    let report = |success, failure| Operation {
        fleet: "checkout".into(),
        breaker: "payments".into(),
        instance: "i".into(),
        longest_open: Duration::from_secs(60),
        lease_time: Duration::from_secs(5),
        action: Action::Report(Report {
            success,
            failure,
            slow: 0,
            row: 0,
            rule: rule.clone(),
            open_for: Duration::from_secs(60),
        }),
    };
    let run = |operation| store.run(&[operation]).remove(0).unwrap().has_changed;
    assert!(!run(report(1000, 0)));
    let age = Script::new(AGE);
    let _: u32 = age.key(KEY).arg(1000).invoke(&mut connection).unwrap();
    assert!(!run(report(0, 20)), "20 of 1020");
    // The successes fall out: their bucket is that of a window ago.
    let buckets: Vec<(String, String)> = redis::cmd("HGETALL")
        .arg(KEY)
        .query(&mut connection)
        .unwrap();
    for (field, value) in buckets {
        if let Some((index, rest)) = value.split_once(' ') {
            let index: u64 = index.parse().unwrap();
            let value = format!("{} {rest}", index - 10);
            let () = redis::cmd("HSET")
                .arg(KEY)
                .arg(field)
                .arg(value)
                .query(&mut connection)
                .unwrap();
        }
    }
    assert!(!run(report(1, 8)), "9 calls, of 10 that are needed");
    assert!(run(report(0, 1)));
}

#[test]
fn state_expires_where_nobody_asks_for_it() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = RedisStore::builder(server.url()).build().unwrap();
    let rule = Rule {
        failure_threshold: Some(1),
        agreement: Duration::ZERO,
        window: None,
        failure_rate: None,
        slow_rate: None,
        min_calls: 1,
    };
    let mut operation = operation(&mut Rng(0), &rule);
    operation.longest_open = Duration::from_secs(60);
    operation.action = Action::Read;
    let replies = store.run(&[operation.clone()]);
    assert_eq!(replies[0].as_ref().unwrap().state.epoch, 0);
    let mut connection = server.connect();
    let exists: u32 = redis::cmd("EXISTS")
        .arg(KEY)
        .query(&mut connection)
        .unwrap();
    assert_eq!(exists, 0, "a read writes nothing");
    operation.action = Action::Report(Report {
        success: 0,
        failure: 1,
        slow: 0,
        row: 1,
        rule,
        open_for: Duration::from_secs(30),
    });
    assert!(store.run(&[operation])[0].as_ref().unwrap().has_changed);
    let left: i64 = redis::cmd("PTTL").arg(KEY).query(&mut connection).unwrap();
    assert!((60_000..=140_000).contains(&left), "{left}");
}
