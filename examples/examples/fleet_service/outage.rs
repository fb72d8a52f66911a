//! An outage, step by step: each step does something, waits until the instances show what should follow, and checks it.

use crate::{
    instance::{BREAKER, SERVICE},
    inventory::{Behaviour, Inventory, UNKNOWN},
    line,
    processes::{Instance, Processes},
};
use gardefou::{ErrorCode, Result, app_error, ensure, monitor::journal::Query};
use gardefou_postgres::{DatabaseConfig, PostgresReader};
use serde_json::Value;
use std::{
    fmt, io,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

/// The fleet, and what it depends on.
pub(crate) struct Outage {
    processes: Arc<Processes>,
    inventory: Inventory,
    database: String,
    agent: ureq::Agent,
}

/// How many failures in a row open the circuit.
const FAILURES: u64 = 5;
/// A step that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);

const FAILED: ErrorCode = ErrorCode::UNKNOWN_ERROR;

impl Outage {
    pub(crate) fn new(processes: Arc<Processes>, inventory: Inventory, database: String) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .proxy(None);
        Self {
            processes,
            inventory,
            database,
            agent: config.build().into(),
        }
    }

    /// Runs all steps.
    ///
    /// # Errors
    ///
    /// The first step that did not go as it should.
    pub(crate) fn run(&self) -> Result<()> {
        self.introduce()?;
        self.all_join()?;
        self.one_opens_all()?;
        self.one_probes_for_all()?;
        self.records_are_in_one_list()?;
        self.dashboards_show_the_fleet()
    }

    fn introduce(&self) -> Result<()> {
        say("Three processes of one service. Their dashboards:");
        for instance in self.instances() {
            say(format_args!(
                "  {}  http://{}/gardefou",
                instance.name, instance.address
            ));
        }
        say("Their errors together:");
        let cli = "cargo run -q -p gardefou-cli -- journal";
        say(format_args!("  {cli} list --journal {}", self.database));
        say(format_args!("  {cli} groups --journal {}", self.database));
        Ok(())
    }

    fn all_join(&self) -> Result<()> {
        for instance in self.instances() {
            let status = self.stock(instance, "tea")?;
            ensure!(status == 200, FAILED, "{} answers {status}", instance.name);
            let status = self.stock(instance, UNKNOWN)?;
            ensure!(status == 400, FAILED, "{} answers {status}", instance.name);
        }
        self.all("share the circuit breaker", |sample| {
            let fleet = &sample["fleet"];
            fleet["breakers"] == 1 && fleet["is_listening"] == true
        })?;
        say("Each has answered a call, and shares its circuit breaker with the others.");
        Ok(())
    }

    fn one_opens_all(&self) -> Result<()> {
        let (first, others) = self.first_and_others()?;
        self.inventory.set(Behaviour::Fails);
        for _ in 0..FAILURES {
            let status = self.stock(first, "tea")?;
            ensure!(status == 502, FAILED, "{} answers {status}", first.name);
        }
        // What comes now is a probe.
        self.inventory.set(Behaviour::Holds);
        self.all("reject calls", |sample| {
            breaker(sample)["state"] != "closed"
        })?;
        for instance in others {
            let sample = self.sample(instance)?;
            let tile = breaker(&sample);
            let (failures, cause) = (&tile["counts"]["failure"], &tile["opened_by"]);
            let expected = format!("opened by instance {} of the fleet", first.name);
            ensure!(
                *failures == 0,
                FAILED,
                "{} had {failures} failures",
                instance.name
            );
            ensure!(*cause == *expected, FAILED, "{}: {cause}", instance.name);
        }
        say(format_args!(
            "The inventory failed: {FAILURES} calls of {} opened all three circuits. The others had no failed call.",
            first.name
        ));
        Ok(())
    }

    /// All instances have calls when the open time ends; the inventory holds what reaches it.
    fn one_probes_for_all(&self) -> Result<()> {
        let before = self.inventory.requests();
        let mut calls: Vec<Option<JoinHandle<Result<u16>>>> = Vec::new();
        calls.resize_with(self.instances().len(), || None);
        wait_until("one probes", || {
            for (call, instance) in calls.iter_mut().zip(self.instances()) {
                if call.as_ref().is_none_or(JoinHandle::is_finished) {
                    *call = Some(self.stock_beside(instance));
                }
            }
            Ok(self.inventory.held() > 0)
        })?;
        let mut rejected = 0;
        for instance in self.instances() {
            for _ in 0..10 {
                let status = self.stock(instance, "tea")?;
                ensure!(status == 503, FAILED, "{} answers {status}", instance.name);
                rejected += 1;
            }
        }
        let probes = self.inventory.requests() - before;
        ensure!(probes == 1, FAILED, "{probes} probes reached the inventory");
        say(format_args!(
            "One probe for all: while it ran, {rejected} calls of the three were rejected, and none reached the inventory."
        ));

        self.inventory.set(Behaviour::Answers);
        let mut succeeded = 0;
        for call in calls.into_iter().flatten() {
            let ended = call
                .join()
                .map_err(|_| app_error!(FAILED, "a call panicked"))?;
            succeeded += u64::from(ended? == 200);
        }
        // Others may have begun once the circuits were closed.
        ensure!(succeeded >= 1, FAILED, "the probe failed");
        self.all("admit calls", |sample| breaker(sample)["state"] == "closed")?;
        for instance in self.instances() {
            let status = self.stock(instance, "tea")?;
            ensure!(status == 200, FAILED, "{} answers {status}", instance.name);
        }
        say("It succeeded: all three circuits are closed.");
        Ok(())
    }

    /// Each instance has recorded the call for an article that does not exist, in a journal of its own.
    fn records_are_in_one_list(&self) -> Result<()> {
        let database = DatabaseConfig::builder(&*self.database).build()?;
        let reader = PostgresReader::connect(database)?;
        let query = Query::new().code_name("API_REQUEST_ERROR").limit(20);
        let number = self.instances().len();
        wait_until("the records of all instances arrive", || {
            Ok(reader.query(&query)?.records.len() >= number)
        })?;
        let records = reader.query(&query)?.records.len();
        ensure!(
            records == number,
            FAILED,
            "{records} records of {number} errors"
        );
        let groups = reader.groups(&query)?;
        let instances: Vec<_> = groups.iter().map(|group| group.instances.len()).collect();
        ensure!(
            instances == [number],
            FAILED,
            "groups of {instances:?} instances"
        );
        say("The database has the records of all three, once each, as one group of errors.");
        Ok(())
    }

    fn dashboards_show_the_fleet(&self) -> Result<()> {
        let mut leases = 0;
        for instance in self.instances() {
            let sample = self.sample(instance)?;
            let fleet = &sample["fleet"];
            let is_shown = fleet["name"] == SERVICE
                && fleet["instance"] == *instance.name
                && fleet["breakers"] == 1
                && fleet["operations"].as_u64() > Some(0)
                && fleet["updates"].as_u64() > Some(0)
                && fleet["lost_since"].is_null()
                && breaker(&sample)["config"]["shared"] == true;
            ensure!(
                is_shown,
                FAILED,
                "the dashboard of {} has {fleet}",
                instance.name
            );
            leases += fleet["leases"].as_u64().unwrap_or(0);
        }
        ensure!(leases > 0, FAILED, "no instance had the lease of a probe");
        say("Each dashboard shows the fleet, its store and the shared circuit breaker.");
        Ok(())
    }

    /// Continues with calls, and with an outage now and then, until the program ends.
    pub(crate) fn continue_traffic(&self) -> Result<()> {
        say(
            "Calls continue, with an outage of ten seconds in every forty. Ctrl-C ends everything.",
        );
        loop {
            for (behaviour, seconds) in [(Behaviour::Answers, 30), (Behaviour::Fails, 10)] {
                self.inventory.set(behaviour);
                for _ in 0..seconds * 5 {
                    for instance in self.instances() {
                        self.stock(instance, "tea")?;
                    }
                    thread::park_timeout(Duration::from_millis(200));
                }
            }
        }
    }

    fn instances(&self) -> &[Instance] {
        &self.processes.instances
    }

    fn first_and_others(&self) -> Result<(&Instance, &[Instance])> {
        let first = self.instances().split_first();
        first.ok_or_else(|| app_error!(FAILED, "there is no instance"))
    }

    /// Waits until the dashboards of all instances have something.
    fn all(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Result<()> {
        wait_until(&format!("all instances {what}"), || {
            for instance in self.instances() {
                if !holds(&self.sample(instance)?) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Calls the service, and returns the status of its answer.
    fn stock(&self, instance: &Instance, article: &str) -> Result<u16> {
        get(
            &self.agent,
            &format!("http://{}/stock/{article}", instance.address),
        )
    }

    /// As [`stock`](Self::stock), on a thread of its own.
    fn stock_beside(&self, instance: &Instance) -> JoinHandle<Result<u16>> {
        let (agent, url) = (
            self.agent.clone(),
            format!("http://{}/stock/tea", instance.address),
        );
        thread::spawn(move || get(&agent, &url))
    }

    /// Returns what the dashboard of an instance shows.
    fn sample(&self, instance: &Instance) -> Result<Value> {
        let url = format!("http://{}/gardefou/api/v1/snapshot", instance.address);
        let text = self.agent.get(url).call()?.body_mut().read_to_string()?;
        Ok(serde_json::from_str(&text)?)
    }
}

fn get(agent: &ureq::Agent, url: &str) -> Result<u16> {
    Ok(agent.get(url).call()?.status().as_u16())
}

/// Returns the tile of the circuit breaker.
fn breaker(sample: &Value) -> &Value {
    let guards = sample["guards"].as_array().map_or(&[][..], Vec::as_slice);
    let tile = guards
        .iter()
        .find(|guard| guard["kind"] == "breaker" && guard["name"] == BREAKER);
    tile.unwrap_or(&Value::Null)
}

/// Waits until something holds.
fn wait_until(what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let mut waited = Duration::ZERO;
    while !holds()? {
        ensure!(waited < PATIENCE, FAILED, "not within a minute: {what}");
        thread::park_timeout(PAUSE);
        waited += PAUSE;
    }
    Ok(())
}

fn say(text: impl fmt::Display) {
    line(io::stdout(), text);
}
