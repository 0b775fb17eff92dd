//! R-LOG-1: secrets of every kind are kept, used, printed by builds and programs, and are found nowhere: in no log, stored or
//! streamed, no history of an image, no list of processes, no answer, no event, and no file or column in clear.

use crate::{fixture::Shipped, git::dockerfile, secrets::nothing_on_disk_holds};
use base64::Engine as _;
use berth_tests::{
    berth::PASSWORD,
    git::GitServer,
    prelude::*,
    process::{command, run},
    sse::Events,
    sshd::Sshd,
    verbs::{self, BUILD, git, swift},
};

const VARIABLE: &str = "canary-variable-7d79/+ =?";
const CREDENTIAL: &str = "canary-credential-0e8b/+=";
const USER: &str = "person";

/// What must be found nowhere, by the name of its kind.
struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    fn add(&mut self, kind: &'static str, value: &str) {
        let base64 = base64::prelude::BASE64_STANDARD.encode(value);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
        let in_url: String = value
            .bytes()
            .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect();
        self.0.extend([value.to_owned(), base64, in_url].map(|shape| (kind, shape)));
    }

    fn not_in(&self, place: &str, text: &str) -> Result<()> {
        for (kind, shape) in &self.0 {
            ensure!(!text.contains(shape.as_str()), "{place} holds the {kind} as {shape:?}:\n{text}");
        }
        Ok(())
    }

    /// Looks at the arguments of every process of the machine, for ever.
    async fn watch_processes(&self) -> Result<()> {
        let mut often = tokio::time::interval(Duration::from_millis(20));
        loop {
            often.tick().await;
            for process in std::fs::read_dir("/proc")?.flatten() {
                // One that has just ended has no arguments any more.
                let Ok(arguments) = std::fs::read(process.path().join("cmdline")) else { continue };
                let text = String::from_utf8_lossy(&arguments);
                self.not_in(&format!("the command line of {}", process.path().display()), &text)?;
            }
        }
    }
}

/// Everything that a test needs to look for secrets.
struct Searched {
    shipped: Shipped,
    host: GitServer,
    sshd: Sshd,
    canaries: Canaries,
}

impl Searched {
    /// Secrets of every kind, kept.
    async fn start() -> Result<Self> {
        let shipped = Shipped::live().await?;
        let (owner, web) = (&shipped.owner, &shipped.web);
        let mut canaries = Canaries(Vec::new());
        for (kind, value) in [("variable", VARIABLE), ("credential", CREDENTIAL), ("password", PASSWORD)] {
            canaries.add(kind, value);
        }
        owner.set_secret(web, "CANARY", VARIABLE).await?;
        let credential = json!({ "username": USER, "secret": CREDENTIAL });
        owner.put(&format!("{}/credential", verbs::of(web)), credential).await?.done()?;
        let hook = owner.webhook(web).await?;
        canaries.add("webhook secret", &hook.secret);
        let token: Value =
            owner.post("/me/tokens", json!({ "name": "canary", "role": "owner" })).await?.ok()?;
        canaries.add("API token", token["secret"].as_str().context("it is shown once")?);
        canaries.add("session", &owner.session().context("the owner has a session")?);
        let (host, sshd) = (GitServer::private(USER, CREDENTIAL).await?, Sshd::start().await?);
        Ok(Self { shipped, host, sshd, canaries })
    }

    /// Builds that print what they should not know, one that gets live and one that fails; what is streamed meanwhile.
    async fn builds(&self) -> Result<()> {
        let (owner, web) = (&self.shipped.owner, &self.shipped.web);
        let repository = self.host.repository("site")?;
        let build = |last: &str| {
            let steps = format!("COPY leak only /\nRUN cat /leak /only && base64 -w0 /only && {last}\n");
            format!(
                "FROM debian:bookworm-slim AS a\n{steps}{}COPY --from=a /etc/debian_version /v\n",
                dockerfile("two")
            )
        };
        let leak = format!("{VARIABLE}\n{CREDENTIAL}\n");
        let files = |last: &str| {
            [("Dockerfile", build(last)), ("leak", leak.clone()), ("only", CREDENTIAL.to_owned())]
        };
        owner.patch(&verbs::of(web), json!({ "source": git(&repository.url) })).await?.done()?;
        for (last, status) in [("true", Status::Live), ("false", Status::Failed)] {
            let files = files(last);
            let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
            repository.commit(last, &files)?;
            let number = owner.deploy(web).await?.number;
            let stream = format!("{}/deployments/{number}/log/stream", verbs::of(web));
            let mut stream = Events::open(owner, &stream, None).await?;
            let mut streamed = String::new();
            while let Some(event) = stream.next().await?.filter(|event| event.event != "end") {
                streamed.push_str(&event.data);
            }
            self.canaries.not_in("the streamed log of a build", &streamed)?;
            ensure!(streamed.contains("base64 -w0"), "the build ran: {streamed}");
            let ended = owner.settled(web, number, BUILD).await?;
            ensure!(ended.status == status, "it is {}: {:?}", ended.status, ended.reason);
            self.canaries.not_in("the deployment", &serde_json::to_string(&ended)?)?;
        }
        Ok(())
    }

    /// A program that prints its variable; what is streamed of it.
    async fn prints(&self) -> Result<()> {
        let stream = format!("{}/logs/stream", verbs::of(&self.shipped.web));
        let mut stream = Events::open(&self.shipped.owner, &stream, None).await?;
        let said = "canary-variable-7d79%2F%2B%20%3D%3F";
        self.shipped.body(&format!("/log?text=before-{said}-after")).await?;
        let line = stream.find(Duration::from_secs(20), |event| event.data.contains("-after")).await?;
        ensure!(line.data.contains("before-"), "{line:?}");
        self.canaries.not_in("the streamed log", &line.data)
    }

    /// A service whose repository is opened with a private key of somebody's own.
    async fn with_key(&mut self) -> Result<()> {
        let (owner, keyed) = (&self.shipped.owner, path("shop/production/keyed"));
        let key = self.shipped.berth.scratch().join("key");
        let mut keygen = command("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key);
        run(keygen)?;
        self.sshd.allow(&std::fs::read_to_string(key.with_extension("pub"))?)?;
        let private = std::fs::read_to_string(&key)?;
        for line in private.lines().filter(|line| !line.starts_with('-')).skip(1) {
            self.canaries.add("private key", line);
        }
        let repository = self.host.repository("keyed")?;
        repository.commit("One", &[("Dockerfile", &dockerfile("one"))])?;
        owner.create_service(&keyed, git(&self.sshd.url(repository.folder())), swift()).await?;
        let credential = json!({ "secret": private });
        owner.put(&format!("{}/credential", verbs::of(&keyed)), credential).await?.done()?;
        let queued = owner.deploy(&keyed).await?;
        owner.live(&keyed, queued.number, BUILD).await.map(|_| ())
    }

    /// Every answer to a GET, of every role.
    async fn answers(&self) -> Result<()> {
        let owner = &self.shipped.owner;
        let document: Value = owner.get("/openapi.json").await?.ok()?;
        let paths = document["paths"].as_object().context("paths")?;
        let mut asked = 0;
        for role in ["viewer", "deployer", "developer", "admin", "owner"] {
            let made: Value = owner.post("/me/tokens", json!({ "name": role, "role": role })).await?.ok()?;
            let client = owner.with_token(made["secret"].as_str().context("a token")?)?;
            let gets =
                paths.iter().filter(|(path, item)| item["get"].is_object() && !path.ends_with("/stream"));
            for (path, _) in gets {
                for service in ["web", "keyed"] {
                    let at = filled(path, service);
                    let answer = client.get(&at).await?;
                    self.canaries.not_in(&format!("GET {at} as {role}"), &answer.text)?;
                    asked += u32::from(answer.status.is_success());
                }
            }
        }
        ensure!(asked > 100, "only {asked} answers");
        for page in
            ["", "/settings", "/variables", "/logs", "/deployments", "/deployments/2", "/deployments/3"]
        {
            let at = format!("/projects/{}{page}", self.shipped.web);
            let answer = Answer::of(owner.request(Method::GET, &at)).await?;
            ensure!(answer.status.as_u16() < 500, "{at} answered {}", answer.status);
            self.canaries.not_in(&format!("the page {at}"), &answer.text)?;
        }
        Ok(())
    }

    async fn images(&self) -> Result<()> {
        let docker = Docker::connect().await?;
        for instance in docker.instances(&self.shipped.berth.instance).await? {
            let history = docker.api.image_history(instance.image.as_deref().unwrap_or_default()).await?;
            self.canaries.not_in("the history of an image", &serde_json::to_string(&history)?)?;
        }
        Ok(())
    }
}

/// A path of the document with things that are there.
fn filled(path: &str, service: &str) -> String {
    path.replace("{project}", "shop")
        .replace("{environment}", "production")
        .replace("{service}", service)
        .replace("{key}", "CANARY")
        .replace("{number}", if service == "web" { "3" } else { "1" })
        .replace("{name}", "data")
        .replace("{file}", &uuid::Uuid::nil().to_string())
        .replace("{delivery}", &uuid::Uuid::nil().to_string())
        .replace("{id}", &uuid::Uuid::nil().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn r_log_1_canary_secrets_of_every_kind_are_found_nowhere() -> Result<()> {
    let mut searched = Searched::start().await?;
    searched.with_key().await?;
    let used = async {
        searched.builds().await?;
        searched.prints().await?;
        let again = searched.shipped.owner.deploy(&path("shop/production/keyed")).await?;
        searched.shipped.owner.live(&path("shop/production/keyed"), again.number, BUILD).await?;
        searched.answers().await?;
        searched.images().await
    };
    tokio::select! {
        used = used => used?,
        seen = searched.canaries.watch_processes() => seen?,
    }
    let shapes: Vec<&str> = searched.canaries.0.iter().map(|(_, shape)| shape.as_str()).collect();
    nothing_on_disk_holds(&searched.shipped, &shapes)
}
