//! Eight processes behind one server, and a dependency that counts who probes it.

use crate::{
    fleets::Instance,
    servers::{PATIENCE, Server},
};
use gardefou::breaker::CircuitState;
use std::{
    collections::HashMap,
    env,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::mpsc::{Sender, channel},
    thread,
    time::Duration,
};

const PROCESSES: usize = 8;

/// Longer than the successes of others speak against an opening: a circuit that is open in one process alone is probed by
/// that process alone.
const RECOVERY: Duration = Duration::from_millis(1500);

/// What a process says to the dependency, one line each: its index, and `closed` or `half_open` for a call that waits for
/// its answer, or `rejected`.
struct Line {
    process: usize,
    what: String,
    reply: TcpStream,
}

/// The body of each process: calls the dependency without end. Not a test by itself.
#[test]
fn process() {
    let (Ok(url), Ok(address), Ok(index)) = (
        env::var("FLEET_URL"),
        env::var("FLEET_DEPENDENCY"),
        env::var("FLEET_INDEX"),
    ) else {
        return;
    };
    let instance = Instance::start(&url, &format!("p{index}"), RECOVERY);
    instance.wait_until_listening();
    let mut dependency = TcpStream::connect(address).unwrap();
    dependency.set_nodelay(true).unwrap();
    let mut answers = BufReader::new(dependency.try_clone().unwrap());
    let mut answer = String::new();
    loop {
        let before = instance.breaker.state();
        let permit = instance.breaker.try_acquire();
        // The circuit may open or close between the looks.
        let was_closed = before == CircuitState::Closed;
        let what = match (&permit, instance.breaker.state()) {
            (Err(_), _) => "rejected",
            (Ok(_), CircuitState::HalfOpen) if !was_closed => "half_open",
            (Ok(_), _) => "closed",
        };
        answer.clear();
        let line = format!("{index} {what}\n");
        if dependency.write_all(line.as_bytes()).is_err()
            || !matches!(answers.read_line(&mut answer), Ok(1..))
        {
            // The parent is done.
            return;
        }
        if let Ok(permit) = permit {
            match answer.trim() {
                "ok" => permit.success(),
                _ => permit.failure(),
            }
        }
    }
}

fn spawn(url: &str, address: &str, index: usize) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "processes::process", "--nocapture"])
        .env("FLEET_URL", url)
        .env("FLEET_DEPENDENCY", address)
        .env("FLEET_INDEX", index.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn accept_all(listener: &TcpListener, lines: &Sender<Line>) {
    for stream in listener.incoming() {
        let (reply, lines) = (stream.unwrap(), lines.clone());
        reply.set_nodelay(true).unwrap();
        thread::spawn(move || {
            for line in BufReader::new(reply.try_clone().unwrap()).lines() {
                let Ok(line) = line else { return };
                let (process, what) = line.split_once(' ').unwrap();
                let line = Line {
                    process: process.parse().unwrap(),
                    what: what.to_owned(),
                    reply: reply.try_clone().unwrap(),
                };
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
    }
}

fn answer(line: &mut Line, text: &str) {
    // A process that was killed does not read it.
    let _ = line.reply.write_all(format!("{text}\n").as_bytes());
}

#[test]
fn one_probe_runs_for_eight_processes_and_a_killed_owner_blocks_it_for_its_lease_only() {
    let Some(server) = Server::start() else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, lines) = channel();
    thread::spawn(move || accept_all(&listener, &sender));
    let mut children: HashMap<usize, Child> = (0..PROCESSES)
        .map(|index| (index, spawn(&server.url(), &address, index)))
        .collect();

    let (mut is_down, mut probe, mut rejected) = (true, None::<Line>, 0);
    let (mut probes, mut killed, mut closed) = (0, 0, 0);
    // In each outage three probes: one fails, the owner of one is killed, and one succeeds.
    while killed < 3 || closed < 3 {
        let mut line = lines.recv_timeout(PATIENCE).expect("calls go on");
        match line.what.as_str() {
            "closed" => {
                answer(&mut line, if is_down { "down" } else { "ok" });
                if !is_down && probe.is_none() {
                    // Enough calls succeed in between that the fleet closed for all.
                    rejected += 1;
                    if rejected > 200 {
                        (is_down, rejected) = (true, 0);
                        closed += 1;
                    }
                }
            }
            "rejected" => {
                answer(&mut line, "");
                if probe.is_some() {
                    rejected += 1;
                }
            }
            _ => {
                let other = probe.as_ref().map(|probe| probe.process);
                assert_eq!(other, None, "{} probes beside", line.process);
                (probe, rejected) = (Some(line), 0);
                probes += 1;
            }
        }
        // The probe takes until the others have been rejected many times.
        if rejected < 500 || probe.is_none() {
            continue;
        }
        rejected = 0;
        let mut line = probe.take().unwrap();
        match probes % 3 {
            1 => answer(&mut line, "down"),
            2 => {
                let mut owner = children.remove(&line.process).unwrap();
                owner.kill().unwrap();
                owner.wait().unwrap();
                killed += 1;
                // Another one starts in its place.
                let index = PROCESSES + killed;
                children.insert(index, spawn(&server.url(), &address, index));
            }
            _ => {
                is_down = false;
                answer(&mut line, "ok");
            }
        }
    }
    for (_, mut child) in children {
        let _ = child.kill();
        let _ = child.wait();
    }
    assert!(probes >= 9, "{probes}");
}
