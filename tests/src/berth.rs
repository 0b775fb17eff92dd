//! A real Berth of a test's own: its program, data folder, database, ports and name in Docker.

use crate::{
    client::{Answer, Client},
    docker::{self, Docker},
    names,
    process::{self, command, free_ports, run, spawn, tail},
    wait::eventually,
};
use anyhow::{Context, Result, ensure};
use berth_domain::permission::Role;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;
use std::{
    env,
    path::{Path, PathBuf},
    process::{Child, Command},
};

/// The owner that every test signs in as.
pub const OWNER: &str = "owner@example.com";
/// The owner of another organisation.
pub const STRANGER: &str = "stranger@example.org";
/// The owner's password.
pub const PASSWORD: &str = "correct horse battery";

/// Where Berth keeps its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    /// A fresh database on the server of `BERTH_TEST_DATABASE_URL`.
    Postgres,
}

/// What a Berth is started with.
#[derive(Debug, Clone)]
pub struct Options {
    pub database: Database,
    /// Without it the program runs as on a machine whose Docker is down.
    pub docker: bool,
    /// Whether the panel listens on every address of the machine instead of its loopback.
    pub everywhere: bool,
    /// Whether it answers over HTTPS and orders certificates where the environment says.
    pub https: bool,
    /// The proxy's public port where a test knows it before the start.
    pub http_port: Option<u16>,
    /// More environment variables.
    pub environment: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            database: Database::Sqlite,
            docker: true,
            everywhere: false,
            https: false,
            http_port: None,
            environment: Vec::new(),
        }
    }
}

/// A running Berth. Dropping it stops it and removes everything that carries its name.
pub struct Berth {
    pub instance: String,
    pub port: u16,
    /// The proxy's public port.
    pub http_port: u16,
    /// The proxy's public HTTPS port; it is only open with [`Options::https`].
    pub https_port: u16,
    pub proxy_api_port: u16,
    options: Options,
    folder: tempfile::TempDir,
    database: Option<PostgresDatabase>,
    child: Option<Child>,
}

impl Berth {
    /// Starts one and waits until its sign-in page answers.
    pub async fn start(options: Options) -> Result<Self> {
        if options.docker {
            Docker::connect().await?.sweep_left_overs().await?;
        }
        let [port, http_port, https_port, proxy_api_port] = free_ports()?;
        let http_port = options.http_port.unwrap_or(http_port);
        let database = match options.database {
            Database::Sqlite => None,
            Database::Postgres => Some(PostgresDatabase::create()?),
        };
        let folder = tempfile::Builder::new().prefix("berth-test-").tempdir()?;
        let instance = names::instance();
        let ports = (port, http_port, https_port, proxy_api_port);
        let mut berth = Self::stopped(instance, ports, options, folder, database);
        berth.launch()?;
        berth.is_ready().await?;
        Ok(berth)
    }

    fn stopped(
        instance: String,
        (port, http_port, https_port, proxy_api_port): (u16, u16, u16, u16),
        options: Options,
        folder: tempfile::TempDir,
        database: Option<PostgresDatabase>,
    ) -> Self {
        Self { instance, port, http_port, https_port, proxy_api_port, options, folder, database, child: None }
    }

    /// One whose Docker is down: all that it takes for the verbs that only touch the store.
    pub async fn without_docker(database: Database) -> Result<Self> {
        Self::start(Options { database, docker: false, ..Options::default() }).await
    }

    /// One with real Docker and Traefik.
    pub async fn with_docker() -> Result<Self> {
        let berth = Self::start(Options::default()).await?;
        berth.proxy_is_up().await?;
        Ok(berth)
    }

    /// Sets an environment variable for the next start; `None` takes it away.
    pub fn set(&mut self, key: &str, value: Option<&str>) {
        self.options.environment.retain(|(known, _)| known != key);
        self.options.environment.extend(value.map(|value| (key.to_owned(), value.to_owned())));
    }

    /// Starts the program on what is there.
    pub fn launch(&mut self) -> Result<()> {
        ensure!(self.child.is_none(), "this Berth already runs");
        let mut command = self.command();
        command.arg("serve");
        self.child = Some(spawn(command, &self.log_file())?);
        Ok(())
    }

    /// The program with this Berth's environment and no argument yet.
    pub fn command(&self) -> Command {
        let mut command = command(program());
        let address = if self.options.everywhere { "0.0.0.0" } else { "127.0.0.1" };
        command
            .env_remove("BERTH_URL")
            .env_remove("BERTH_TOKEN")
            .env("HOME", self.folder.path())
            .env("BERTH_DATA", self.data())
            .env("BERTH_LISTEN", format!("{address}:{}", self.port))
            .env("BERTH_PUBLIC_URL", self.url())
            .env("BERTH_INSTANCE", &self.instance)
            .env("BERTH_HTTP_PORT", self.http_port.to_string())
            .env("BERTH_PROXY_API_PORT", self.proxy_api_port.to_string())
            .env("BERTH_HTTPS_PORT", if self.options.https { self.https_port } else { 0 }.to_string())
            .env("BERTH_ACME_DIRECTORY", "")
            .env("BERTH_DEFAULT_DOMAIN", "localhost");
        if !self.options.docker {
            command.env("DOCKER_HOST", format!("unix://{}/no-docker.sock", self.folder.path().display()));
        }
        match &self.database {
            Some(database) => command.env("DATABASE_URL", &database.url),
            None => command.env_remove("DATABASE_URL"),
        };
        command.envs(self.options.environment.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Runs `berth ARGS...` to its end and gives its output; it has to succeed.
    pub fn cli(&self, arguments: &[&str]) -> Result<String> {
        let mut command = self.command();
        command.args(arguments);
        run(command)
    }

    async fn is_ready(&mut self) -> Result<()> {
        let nobody = self.anonymous()?;
        let log = self.log_file();
        let child = self.child.as_mut();
        let ended = child.map(|child| child.id() as i32);
        eventually("the sign-in page answers", || async {
            if let Some(pid) = ended {
                let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
                ensure!(!state.is_empty() && !state.contains(") Z "), "it ended: {}", tail(&log, 30));
            }
            let answer = Answer::of(nobody.request(reqwest::Method::GET, "/sign-in")).await?;
            ensure!(answer.status.as_u16() < 400, "it answered {}", answer.status);
            Ok(())
        })
        .await
        .with_context(|| format!("the log of Berth:\n{}", tail(&log, 40)))
    }

    /// Waits until Traefik runs and Berth has seen it.
    pub async fn proxy_is_up(&self) -> Result<()> {
        let nobody = self.anonymous()?;
        eventually("Docker and the proxy are healthy", || async {
            let answer = Answer::of(nobody.request(reqwest::Method::GET, "/health")).await?;
            ensure!(answer.status.is_success(), "/health answered {}", answer.text);
            Ok(())
        })
        .await
        .with_context(|| format!("the log of Berth:\n{}", tail(&self.log_file(), 40)))
    }

    /// Ends the program at once, as a power cut would.
    pub fn kill(&mut self) -> Result<()> {
        self.end(Signal::SIGKILL).map(|_| ())
    }

    /// Asks the program to end and gives its exit code.
    pub fn terminate(&mut self) -> Result<Option<i32>> {
        self.end(Signal::SIGTERM)
    }

    fn end(&mut self, signal: Signal) -> Result<Option<i32>> {
        let Some(mut child) = self.child.take() else { return Ok(None) };
        kill(Pid::from_raw(child.id() as i32), signal).context("signal Berth")?;
        Ok(child.wait()?.code())
    }

    /// Starts it again on the same data and waits until it answers.
    pub async fn start_again(&mut self) -> Result<()> {
        self.launch()?;
        self.is_ready().await
    }

    /// The process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// The panel's address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Everything in its PostgreSQL as text; nothing on SQLite, which is a file of the data folder.
    pub fn rows(&self) -> Result<Option<String>> {
        self.database.as_ref().map(PostgresDatabase::rows).transpose()
    }

    /// A folder beside the data for the test's own files.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// What the program printed.
    pub fn log_file(&self) -> PathBuf {
        self.folder.path().join("berth.log")
    }

    /// Somebody who has not signed in.
    pub fn anonymous(&self) -> Result<Client> {
        Client::anonymous(&self.url())
    }

    /// The one-time token of the setup link.
    pub fn setup_token(&self) -> Result<String> {
        let link = std::fs::read_to_string(self.data().join("setup-link")).context("read the setup link")?;
        let (_, token) = link.trim().split_once("token=").context("the setup link has a token")?;
        Ok(token.to_owned())
    }

    /// The owner: claims this Berth when nobody has.
    pub async fn owner(&self) -> Result<Client> {
        let client = self.anonymous()?;
        match self.setup_token() {
            Ok(token) => {
                let claim = json!({ "token": token, "email": OWNER, "password": PASSWORD });
                client.post("/setup", claim).await?.done()?;
                Ok(client)
            }
            Err(_) => self.sign_in(OWNER, PASSWORD).await,
        }
    }

    /// A browser that is signed in.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<Client> {
        let client = self.anonymous()?;
        client.post("/session", json!({ "email": email, "password": password })).await?.done()?;
        Ok(client)
    }

    /// A colleague of the owner with this role, signed in.
    pub async fn member(&self, role: Role) -> Result<Client> {
        let email = format!("{role}@example.com");
        let said = self.cli(&["admin", "add-user", &email, "--role", role.as_str()])?;
        self.sign_in(&email, fresh_password(&said)?).await
    }

    /// The owner of another organisation on the same Berth, signed in.
    pub async fn stranger(&self) -> Result<Client> {
        let said = self.cli(&["admin", "add-organisation", "strangers", "--owner", STRANGER])?;
        self.sign_in(STRANGER, fresh_password(&said)?).await
    }
}

/// The password that a command of `berth admin` shows once.
pub fn fresh_password(said: &str) -> Result<&str> {
    let (_, rest) = said.split_once("password").context("a password is shown")?;
    let (_, rest) = rest.split_once(": ").context("the password is behind a colon")?;
    rest.split_whitespace().next().context("there is a password")
}

impl Drop for Berth {
    fn drop(&mut self) {
        if let Err(error) = self.end(Signal::SIGKILL) {
            eprintln!("{error:#}");
        }
        // The runner shows this only when the test failed.
        let log = tail(&self.log_file(), 2_000);
        let told: Vec<_> = log.lines().filter(|line| !line.contains("\"message\":\"answered\"")).collect();
        eprintln!("--- the end of Berth's log\n{}", told[told.len().saturating_sub(40)..].join("\n"));
        if self.options.docker {
            docker::sweep_blocking(self.instance.clone());
        }
    }
}

/// The program under test.
pub fn program() -> PathBuf {
    if let Some(program) = env::var_os("BERTH_BIN") {
        return program.into();
    }
    // Test programs live in <target>/<profile>/deps.
    let test = env::current_exe().unwrap_or_default();
    test.parent().and_then(Path::parent).map(|profile| profile.join("berth")).unwrap_or_default()
}

/// The image of `tests/images/shipped`.
pub fn shipped_image() -> String {
    env::var("BERTH_TEST_IMAGE").unwrap_or_else(|_| "berth-test-shipped:latest".to_owned())
}

/// A database of its own on the test run's server.
struct PostgresDatabase {
    server: String,
    name: String,
    url: String,
}

impl PostgresDatabase {
    fn create() -> Result<Self> {
        let server = env::var("BERTH_TEST_DATABASE_URL")
            .context("BERTH_TEST_DATABASE_URL names no PostgreSQL: run the suites with tests/run")?;
        let (base, _) = server.rsplit_once('/').context("the database URL has a path")?;
        let name = format!("berth_{}_{}", std::process::id(), names::random());
        let url = format!("{base}/{name}");
        let database = Self { server, name, url };
        database.psql(&format!("CREATE DATABASE {}", database.name))?;
        Ok(database)
    }

    fn psql(&self, statement: &str) -> Result<()> {
        asked(statement, &self.server).map(|_| ())
    }

    /// Every row of every table; of bytes what is ASCII stays readable.
    fn rows(&self) -> Result<String> {
        let tables =
            "SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'public'";
        let mut rows = String::new();
        for table in asked(tables, &self.url)?.lines() {
            rows.push_str(&asked(&format!("SELECT * FROM {table}"), &self.url)?);
        }
        Ok(rows)
    }
}

/// What psql says to a statement, without frills.
fn asked(statement: &str, server: &str) -> Result<String> {
    let mut command = command("psql");
    command.args(["--quiet", "--no-psqlrc", "--no-align", "--tuples-only", "--command", statement, server]);
    command.env("PGOPTIONS", "-c bytea_output=escape");
    process::run(command)
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        if let Err(error) = self.psql(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)) {
            eprintln!("{error:#}");
        }
    }
}
