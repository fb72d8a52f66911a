//! A schema of its own for each test, and spools whose lines are written by hand.

use gardefou::time::Timestamp;
use gardefou_postgres::{
    DatabaseConfig, DatabaseConfigBuilder, PostgresShipper, PostgresShipperBuilder,
};
use serde_json::{Value, json};
use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};
use tokio_postgres::{Client, NoTls, types::FromSqlOwned};

/// The server that `tests/real/postgres/run` has started.
pub fn url() -> String {
    env::var("GARDEFOU_POSTGRES_URL")
        .expect("GARDEFOU_POSTGRES_URL names a server: run tests/real/postgres/run")
}

/// A schema, a connection to look at it, and a folder.
pub struct Fixture {
    pub url: String,
    pub schema: String,
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    client: Client,
}

impl Fixture {
    pub fn new() -> Self {
        Self::at(&url())
    }

    pub fn at(url: &str) -> Self {
        static SCHEMAS: AtomicU32 = AtomicU32::new(0);
        let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
        let schema = format!("test_{}_{number}", std::process::id());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let client = runtime.block_on(connect(url));
        let folder = tempfile::tempdir().unwrap();
        Self {
            url: url.to_owned(),
            schema,
            folder,
            runtime,
            client,
        }
    }

    /// Connects again, to a server that was restarted.
    pub fn reconnect(&mut self) {
        self.client = self.runtime.block_on(connect(&self.url));
    }

    /// Another connection to the same schema, with a folder of its own.
    pub fn beside(&self) -> Self {
        Self {
            schema: self.schema.clone(),
            ..Self::at(&self.url)
        }
    }

    pub fn database(&self) -> DatabaseConfigBuilder {
        DatabaseConfig::builder(&self.url).schema(&self.schema)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A folder beside the first one, for another instance.
    pub fn other_folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// A shipper of the folder, without a thread.
    pub fn shipper(&self) -> PostgresShipperBuilder {
        self.shipper_of(self.folder())
    }

    /// A shipper of the folder to a database with settings of its own.
    pub fn shipper_to(&self, database: DatabaseConfig) -> PostgresShipperBuilder {
        PostgresShipper::builder(self.folder(), database).background(false)
    }

    pub fn shipper_of(&self, folder: &Path) -> PostgresShipperBuilder {
        let database = self.database().build().unwrap();
        PostgresShipper::builder(folder, database).background(false)
    }

    /// Runs statements; `{s}` is the schema.
    pub fn execute(&self, sql: &str) {
        let sql = sql.replace("{s}", &self.schema);
        self.runtime
            .block_on(self.client.batch_execute(&sql))
            .unwrap_or_else(|err| panic!("{sql}: {err:?}"));
    }

    /// Returns the first column of all rows; `{s}` is the schema.
    pub fn column<T: FromSqlOwned>(&self, sql: &str) -> Vec<T> {
        let sql = sql.replace("{s}", &self.schema);
        let rows = self.runtime.block_on(self.client.query(&sql, &[]));
        let rows = rows.unwrap_or_else(|err| panic!("{sql}: {err:?}"));
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Returns the only value of a query.
    pub fn value<T: FromSqlOwned>(&self, sql: &str) -> T {
        let mut values = self.column(sql);
        assert_eq!(values.len(), 1, "{sql}");
        values.remove(0)
    }

    pub fn count(&self, table: &str) -> i64 {
        self.value(&format!("SELECT count(*) FROM {{s}}.{table}"))
    }

    /// The messages in the order of the instances' lines.
    pub fn messages(&self) -> Vec<String> {
        self.column("SELECT record->>'message' FROM {s}.errors ORDER BY instance, seq")
    }

    /// Makes another day today, for the database.
    pub fn set_today(&self, day: &str) {
        self.execute(&format!(
            "CREATE OR REPLACE FUNCTION {{s}}.today() RETURNS date LANGUAGE sql STABLE AS $$ SELECT date '{day}' $$"
        ));
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// An identity made at a time.
pub fn id_at(time: &str, number: u64) -> String {
    let millis = time.parse::<Timestamp>().unwrap().as_unix_millis();
    let millis = format!("{millis:012x}");
    format!("{}-{}-7000-8000-{number:012x}", &millis[..8], &millis[8..])
}

/// A record of an error, as the journal writes it.
pub fn record(time: &str, number: u64) -> Value {
    json!({
        "v": 1,
        "id": id_at(time, number),
        "timestamp": time,
        "level": "error",
        "code": 302,
        "error_code": "DB_WRITE_ERROR",
        "error_type": "AppError",
        "message": format!("error {number}"),
        "operation": "save",
        "component": "app::store",
        "fingerprint": "00000000000000a1",
    })
}

/// Appends lines to a file of a spool.
pub fn append(folder: &Path, number: u64, lines: impl IntoIterator<Item = Value>) {
    let path = folder.join(format!("errors-{number:08}.jsonl"));
    let mut file = fs::File::options()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    let text = lines.into_iter().map(|line| format!("{line}\n"));
    file.write_all(text.collect::<String>().as_bytes()).unwrap();
}

/// The time now, by the clock of the machine.
pub fn now() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "that of the database is not injected"
    )]
    let now = std::time::SystemTime::now();
    Timestamp::from(now).to_string()
}

/// The environment variable that makes a test a child, and holds its orders.
const ORDERS: &str = "GARDEFOU_TEST_ORDERS";

/// Returns the orders of a child, and `None` in any other process.
pub fn orders<const N: usize>() -> Option<[String; N]> {
    let orders = env::var(ORDERS).ok()?;
    let words: Vec<String> = orders.splitn(N, ' ').map(str::to_owned).collect();
    Some(words.try_into().unwrap())
}

/// A test of this binary in a process of its own; it is killed when this is dropped.
pub struct Child(std::process::Child);

impl Child {
    pub fn start(test: &str, orders: String) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["--exact", test, "--include-ignored", "--nocapture"])
            .env(ORDERS, orders)
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        Self(command.spawn().unwrap())
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    pub fn succeeds(&mut self) -> bool {
        self.0.wait().unwrap().success()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server of a test's own, to be killed and stopped.
pub struct Server {
    bin: String,
    data: tempfile::TempDir,
    port: u16,
}

impl Server {
    pub fn start() -> Self {
        let bin = env::var("GARDEFOU_POSTGRES_BIN").expect(
            "GARDEFOU_POSTGRES_BIN has the programs of a server: run tests/real/postgres/run",
        );
        let data = tempfile::tempdir().unwrap();
        if is_root() {
            let owned = Command::new("chown")
                .arg("postgres")
                .arg(data.path())
                .status();
            assert!(owned.unwrap().success());
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let server = Self { bin, data, port };
        let mut initdb = server.command("initdb");
        initdb.args([
            "-U",
            "gardefou",
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--no-locale",
            "--no-sync",
        ]);
        assert!(initdb.status().unwrap().success());
        server.restart();
        server
    }

    /// Starts again with encryption, and returns the certificate of the server.
    #[cfg(feature = "tls")]
    pub fn encrypt(&self) -> String {
        let (key, certificate) = (self.db().join("server.key"), self.db().join("server.crt"));
        let mut make = self.command("pg_ctl");
        assert!(
            make.args(["-m", "fast", "-w", "stop"])
                .status()
                .unwrap()
                .success()
        );
        let mut openssl = Command::new("openssl");
        openssl.args([
            "req",
            "-x509",
            "-nodes",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ]);
        openssl.args([
            "-subj",
            "/CN=errors",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-days",
            "30",
        ]);
        openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        openssl
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .stderr(Stdio::null());
        assert!(openssl.status().unwrap().success());
        if is_root() {
            let owned = Command::new("chown")
                .arg("postgres")
                .args([&key, &certificate])
                .status();
            assert!(owned.unwrap().success());
        }
        let config = self.db().join("postgresql.auto.conf");
        fs::File::options()
            .append(true)
            .open(config)
            .unwrap()
            .write_all(b"ssl = on\n")
            .unwrap();
        self.restart();
        fs::read_to_string(certificate).unwrap()
    }

    pub fn url(&self) -> String {
        format!(
            "postgres://gardefou:hunter2@127.0.0.1:{}/postgres",
            self.port
        )
    }

    fn db(&self) -> PathBuf {
        self.data.path().join("db")
    }

    /// A program of the server, for its data, as a user that it accepts.
    fn command(&self, program: &str) -> Command {
        let path = format!("{}/{program}", self.bin);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid",
                "postgres",
                "--regid",
                "postgres",
                "--clear-groups",
                &path,
            ]);
            command
        } else {
            Command::new(path)
        };
        command.arg("-D").arg(self.db()).current_dir("/");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Starts the server, once those processes are gone that a killed one has left.
    pub fn restart(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={}",
            self.port,
            self.db().display()
        );
        for _ in 0..100 {
            let mut start = self.command("pg_ctl");
            start
                .arg("-l")
                .arg(self.db().join("log"))
                .args(["-w", "-t", "60", "-o", &options, "start"]);
            if start.status().unwrap().success() {
                return;
            }
        }
        panic!("the server does not start again");
    }

    fn signal(&self, signal: &str, pid: &str) {
        let sent = Command::new("kill")
            .args([signal, pid])
            .stderr(Stdio::null())
            .status();
        sent.unwrap();
    }

    /// The postmaster, and its children.
    fn processes(&self) -> Vec<String> {
        let file = fs::read_to_string(self.db().join("postmaster.pid")).unwrap();
        let postmaster = file.lines().next().unwrap().to_owned();
        let path = format!("/proc/{postmaster}/task/{postmaster}/children");
        let children = fs::read_to_string(path).unwrap_or_default();
        let children = children.split_whitespace().map(str::to_owned);
        [postmaster].into_iter().chain(children).collect()
    }

    /// Kills all processes of the server at once.
    pub fn kill(&self) {
        for pid in self.processes() {
            self.signal("-KILL", &pid);
        }
    }

    /// Stops all processes of the server: connections stay open, and nothing answers.
    pub fn suspend(&self) {
        self.processes()
            .iter()
            .for_each(|pid| self.signal("-STOP", pid));
    }

    pub fn resume(&self) {
        self.processes()
            .iter()
            .for_each(|pid| self.signal("-CONT", pid));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self
            .command("pg_ctl")
            .args(["-m", "immediate", "stop"])
            .status();
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.trim_ascii() == b"0"
}

/// How often tests of crashes kill something.
pub fn rounds() -> usize {
    let rounds = env::var("GARDEFOU_POSTGRES_ROUNDS").ok();
    rounds.map_or(12, |rounds| rounds.parse().unwrap())
}
