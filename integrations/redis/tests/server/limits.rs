//! Shared rate limiters: the script beside the state in memory, and fleets of this process and of several.

use crate::servers::{PATIENCE, Server, wait_until};
use gardefou::{
    fleet::{Action, Fleet, MemoryStore, Operation, Permits, Store, Take},
    rate_limit::{RateLimiter, StoreLoss},
    time::ManualClock,
};
use gardefou_redis::RedisStore;
use redis::Script;
use std::{
    env,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc::channel,
    },
    thread,
    time::{Duration, Instant},
};

const STATE: &str = "gardefou:{checkout/geocoder}:v1:limit";
const HOLDERS: &str = "gardefou:{checkout/geocoder}:v1:limit:holders";

/// Lets microseconds pass in the state of one limiter: all its moments lie that much further back.
const AGE: &str = r"
local at = redis.call('HGET', KEYS[1], 'a')
if at then
  redis.call('HSET', KEYS[1], 'a', string.format('%.17g', at - ARGV[1]))
end
for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  redis.call('ZINCRBY', KEYS[2], -ARGV[1], name)
end
return 1";

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

const HOUR: Duration = Duration::from_secs(3600);

fn take(instance: &str, take: Take) -> Operation {
    Operation {
        fleet: "checkout".into(),
        breaker: "geocoder".into(),
        instance: instance.into(),
        longest_open: Duration::ZERO,
        lease_time: Duration::from_secs(5),
        action: Action::Take(take),
    }
}

fn run(store: &impl Store, operation: &Operation) -> Permits {
    let reply = store.run(std::slice::from_ref(operation)).remove(0);
    reply.unwrap().permits.unwrap()
}

#[test]
fn script_does_what_the_state_in_memory_does() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut connection = server.connect();
    let store = RedisStore::builder(server.url()).build().unwrap();
    let age = Script::new(AGE);
    let (mut granted, mut refused, mut most) = (0, 0, 0);
    for seed in 0..60 {
        let () = redis::cmd("FLUSHALL").query(&mut connection).unwrap();
        let clock = ManualClock::new();
        let memory = MemoryStore::with_clock(clock.clone());
        let mut rng = Rng(seed);
        let burst = [1, 7, 40, 300][rng.next(4) as usize];
        let names = 1 + rng.next(6);
        for step in 0..150 {
            let instance = format!("i{}", rng.next(names));
            // One permit in an hour: what really passes during the test is nothing beside it.
            let operation = take(
                &instance,
                Take {
                    number: number(),
                    interval: HOUR,
                    burst,
                    used: rng.next(4) * rng.next(2),
                    held: rng.next(5),
                    want: rng.next(20),
                    hold_time: 24 * HOUR,
                },
            );
            let expected = run(&memory, &operation);
            let found = run(&store, &operation);
            let context = || format!("seed {seed}, step {step}: {operation:?}");
            assert_eq!(found.granted, expected.granted, "{}", context());
            assert_eq!(found.instances, expected.instances, "{}", context());
            let apart = found.next.abs_diff(expected.next);
            assert!(apart < Duration::from_secs(60), "{apart:?}, {}", context());
            granted += u32::from(found.granted > 0);
            refused += u32::from(found.granted == 0);
            most = most.max(found.instances);
            // Eighths of an hour are exact.
            let time = [HOUR / 8, HOUR, 5 * HOUR, 25 * HOUR]
                [[0, 0, 0, 1, 1, 1, 2, 3][rng.next(8) as usize]];
            clock.advance(time);
            let _: u32 = age
                .key(STATE)
                .key(HOLDERS)
                .arg(time.as_micros().to_string())
                .invoke(&mut connection)
                .unwrap();
        }
    }
    assert!(
        granted > 1000 && refused > 1000 && most == 6,
        "{granted} {refused} {most}"
    );
}

/// Returns the number of the next operation.
fn number() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

fn plain(used: u64, held: u64, want: u64) -> Take {
    Take {
        number: number(),
        interval: HOUR,
        burst: 100,
        used,
        held,
        want,
        hold_time: Duration::from_secs(12),
    }
}

#[test]
fn what_instances_hold_counts_as_used_when_they_are_gone_or_their_set_is_evicted() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut connection = server.connect();
    let store = RedisStore::builder(server.url()).build().unwrap();
    assert_eq!(run(&store, &take("gone", plain(0, 0, 30))).granted, 30);
    let age = Script::new(AGE);
    let mut age = age.key(STATE);
    let _: u32 = age
        .key(HOLDERS)
        .arg(13_000_000)
        .invoke(&mut connection)
        .unwrap();
    let reply = run(&store, &take("one", plain(0, 0, 100)));
    assert_eq!((reply.granted, reply.instances), (70, 1));
    // The set alone.
    let () = redis::cmd("DEL")
        .arg(HOLDERS)
        .query(&mut connection)
        .unwrap();
    let reply = run(&store, &take("other", plain(0, 0, 100)));
    assert_eq!((reply.granted, reply.instances), (0, 1));
    // The hash alone: who holds something says so.
    let () = redis::cmd("DEL").arg(STATE).query(&mut connection).unwrap();
    assert_eq!(run(&store, &take("other", plain(0, 60, 60))).granted, 0);
    let reply = run(&store, &take("one", plain(0, 0, 100)));
    assert_eq!(
        (reply.granted, reply.instances),
        (20, 2),
        "half of what is free"
    );
}

#[test]
fn clock_that_was_set_back_frees_nothing_and_keeps_nobody_for_long() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut connection = server.connect();
    let store = RedisStore::builder(server.url()).build().unwrap();
    assert_eq!(run(&store, &take("gone", plain(50, 0, 30))).granted, 30);
    // The clock goes back by an hour.
    let age = Script::new(AGE);
    let mut back = age.key(STATE);
    let _: u32 = back
        .key(HOLDERS)
        .arg("-3600000000")
        .invoke(&mut connection)
        .unwrap();
    let reply = run(&store, &take("one", plain(0, 0, 100)));
    assert_eq!((reply.granted, reply.instances), (10, 2));
    let mut on = age.key(STATE);
    let _: u32 = on
        .key(HOLDERS)
        .arg(12_500_000)
        .invoke(&mut connection)
        .unwrap();
    let reply = run(&store, &take("other", plain(0, 0, 0)));
    assert_eq!(reply.instances, 1, "the others are gone");
}

#[test]
fn state_expires_where_nobody_asks_for_it() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = RedisStore::builder(server.url()).build().unwrap();
    let interval = Duration::from_millis(10);
    run(
        &store,
        &take(
            "one",
            Take {
                interval,
                ..plain(50, 0, 10)
            },
        ),
    );
    let mut connection = server.connect();
    for key in [STATE, HOLDERS] {
        let left: i64 = redis::cmd("PTTL").arg(key).query(&mut connection).unwrap();
        assert!((10_000..=14_000).contains(&left), "{key}: {left}");
    }
}

struct Instance {
    limiter: RateLimiter,
    fleet: Fleet,
}

impl Instance {
    fn start(url: &str, name: &str, rate: &str) -> Self {
        let limiter = RateLimiter::builder("geocoder").rate(rate).burst(BURST);
        let limiter = limiter
            .shared(true)
            .on_store_loss(StoreLoss::Open)
            .build()
            .unwrap();
        let store = RedisStore::builder(url).build().unwrap();
        let fleet = Fleet::builder("checkout")
            .instance(name)
            .store(store)
            .start()
            .unwrap();
        fleet.join_limiter(&limiter);
        Self { limiter, fleet }
    }

    fn wait_until_it_is_counted(&self) {
        wait_until("an answer", || self.fleet.status().operations > 0);
    }
}

const BURST: u32 = 200;
const RATE: f64 = 500.0;

/// A bucket that leaks at the rate, filled by each call after it was admitted and before the next one is. Since a call may be
/// noted late, as late as the next one, it holds at most one more than the burst unless the fleet admitted too many.
struct Bucket {
    level: f64,
    at: Instant,
    highest: f64,
    calls: u64,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the store measures the real time, too"
)]
fn now() -> Instant {
    Instant::now()
}

impl Bucket {
    fn new() -> Self {
        Self {
            level: 0.0,
            at: now(),
            highest: 0.0,
            calls: 0,
        }
    }

    fn fill(&mut self) {
        let now = now();
        self.level = (self.level - (now - self.at).as_secs_f64() * RATE).max(0.0) + 1.0;
        (self.at, self.calls) = (now, self.calls + 1);
        self.highest = self.highest.max(self.level);
    }
}

#[test]
fn instances_of_one_process_never_exceed_the_limit_together() {
    let Some(server) = Server::start() else {
        return;
    };
    let rate = format!("{RATE}/s");
    let instances: Vec<_> = ["a", "b", "c", "d"]
        .iter()
        .map(|name| Instance::start(&server.url(), name, &rate))
        .collect();
    instances
        .iter()
        .for_each(Instance::wait_until_it_is_counted);
    let bucket = Mutex::new(Bucket::new());
    thread::scope(|scope| {
        for instance in &instances {
            let bucket = &bucket;
            scope.spawn(move || {
                while bucket.lock().unwrap().calls < 2000 {
                    // The lock makes the order of the calls that of the bucket.
                    let mut bucket = bucket.lock().unwrap();
                    if instance.limiter.try_acquire().is_ok() {
                        bucket.fill();
                    }
                    drop(bucket);
                    thread::yield_now();
                }
            });
        }
    });
    let bucket = bucket.into_inner().unwrap();
    assert!(
        bucket.highest <= f64::from(BURST) + 1.0,
        "{}",
        bucket.highest
    );
    for instance in &instances {
        let status = instance.fleet.status();
        assert_eq!(
            (status.failures, status.last_error, status.limiters),
            (0, None, 1)
        );
        assert!(instance.limiter.snapshot().admitted > 0);
    }
}

/// The body of each process: asks for a call without end, and reports each one that is admitted. Not a test by itself.
#[test]
fn process() {
    let (Ok(url), Ok(address), Ok(name)) = (
        env::var("LIMIT_URL"),
        env::var("LIMIT_ADDRESS"),
        env::var("LIMIT_NAME"),
    ) else {
        return;
    };
    let instance = Instance::start(&url, &name, &format!("{RATE}/s"));
    let mut parent = TcpStream::connect(address).unwrap();
    parent.set_nodelay(true).unwrap();
    let mut answers = BufReader::new(parent.try_clone().unwrap());
    let mut answer = String::new();
    loop {
        answer.clear();
        // The parent's turn: the call is admitted between its question and the reply.
        if !matches!(answers.read_line(&mut answer), Ok(1..)) {
            return;
        }
        let is_admitted = instance.limiter.try_acquire().is_ok();
        let line = if is_admitted {
            "admitted\n"
        } else {
            "rejected\n"
        };
        if parent.write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}

fn spawn(url: &str, address: &str, index: usize) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "limits::process", "--nocapture"])
        .env("LIMIT_URL", url)
        .env("LIMIT_ADDRESS", address)
        .env("LIMIT_NAME", format!("p{index}"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Five processes; one after another is killed with what it holds, and another one starts. Each question comes
/// after the answer to the one before, so that this process knows the order of all calls.
#[test]
fn processes_never_exceed_the_limit_together_though_some_are_killed() {
    let Some(server) = Server::start() else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, streams) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            if sender.send(stream.unwrap()).is_err() {
                return;
            }
        }
    });
    let mut children = Vec::new();
    let start = |index: usize| {
        let child = spawn(&server.url(), &address, index);
        let stream = streams.recv_timeout(PATIENCE).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        (child, BufReader::new(stream))
    };
    for index in 0..5 {
        children.push(start(index));
    }
    let mut bucket = Bucket::new();
    let (mut killed, mut admitted_by) = (0, [0_u32; 5]);
    while bucket.calls < 4000 {
        for (place, (_, stream)) in children.iter_mut().enumerate() {
            stream.get_mut().write_all(b"?\n").unwrap();
            let mut answer = String::new();
            stream.read_line(&mut answer).unwrap();
            if answer == "admitted\n" {
                bucket.fill();
                admitted_by[place] += 1;
            }
        }
        if bucket.calls / 800 > killed {
            killed += 1;
            let (mut gone, _) = children.remove(0);
            gone.kill().unwrap();
            gone.wait().unwrap();
            children.push(start(5 + killed as usize));
        }
    }
    for (mut child, _) in children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(
        bucket.highest <= f64::from(BURST) + 1.0,
        "{}",
        bucket.highest
    );
    assert!(
        killed >= 4 && admitted_by.iter().all(|calls| *calls > 0),
        "{admitted_by:?}"
    );
}

#[test]
fn lost_server_leaves_each_instance_its_share_and_the_next_one_decides_again() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let start = |name: &str| {
        let limiter = RateLimiter::builder("geocoder")
            .rate("100/h")
            .shared(true)
            .build()
            .unwrap();
        let store = RedisStore::builder(server.url()).build().unwrap();
        let fleet = Fleet::builder("checkout")
            .instance(name)
            .store(store)
            .start()
            .unwrap();
        fleet.join_limiter(&limiter);
        (limiter, fleet)
    };
    let instances = ["a", "b", "c", "d"].map(start);
    // Each holds its reserve: a quarter of the burst for all four. That the first one learns of the others takes a renewal.
    let available = |place: usize| instances[place].0.snapshot().available;
    wait_until("all know each other", || {
        (0..4).all(|place| available(place) == 6)
    });
    server.kill();
    wait_until("the store is lost", || {
        let _ = instances[0].0.try_acquire();
        !instances[0].1.status().is_healthy()
    });
    wait_until("the share of the first", || {
        instances[0].0.snapshot().available <= 25
    });
    let mut admitted = 0;
    while instances[0].0.try_acquire().is_ok() {
        admitted += 1;
    }
    assert!((20..=25).contains(&admitted), "{admitted}");
    server.restart();
    wait_until("the store answers", || {
        instances.iter().all(|it| it.1.status().is_healthy())
    });
    wait_until("permits of the store", || {
        (0..4).all(|place| available(place) <= 12)
    });
}
