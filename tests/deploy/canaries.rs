//! R-LOG-1: secrets of every kind are kept, used, printed by builds and programs, and are found nowhere: in no log, stored or
//! streamed, no history of an image, no list of processes, no answer, no event, and no file or column in clear.
//!
//! Build arguments are none of them: they are part of an image's history by their nature, which the form says.

mod search;

use crate::{fixture::Shipped, git::dockerfile};
use berth_domain::access::AccessView;
use berth_tests::{
    berth::{PASSWORD, shipped_image},
    git::GitServer,
    hosts::{CodeHost, TOKEN},
    prelude::*,
    process::{command, run},
    registry::{self, ImageRegistry},
    sse::Events,
    sshd::Sshd,
    verbs::{self, BUILD, git, swift},
    webhook::{Delivery, Host},
};
use search::Canaries;

const VARIABLE: &str = "canary-variable-7d79/+ =?";
const CREDENTIAL: &str = "canary-credential-0e8b/+=";
const FOR_BUILDS: &str = "canary-for-builds-51aa/+=";
const CONTENT: &str = "canary-content-c0de/+=";
const DNS_TOKEN: &str = "canary-dns-token-9f31/+=";
const USER: &str = "person";

/// Everything that a test needs to look for secrets.
struct Searched {
    shipped: Shipped,
    host: GitServer,
    sshd: Sshd,
    registry: ImageRegistry,
    /// A host whose repositories are listed with a token.
    listed: CodeHost,
    canaries: Canaries,
}

impl Searched {
    /// Secrets of every kind, kept.
    async fn start(database: Database) -> Result<Self> {
        let (registry, listed) = (ImageRegistry::start().await?, CodeHost::start().await?);
        let (name, own) = listed.allowed();
        let environment = vec![(name, format!("{own},{}", registry.address()))];
        let shipped = Shipped::live_on(Options { database, environment, ..Options::default() }).await?;
        let (owner, web) = (&shipped.owner, &shipped.web);
        let mut canaries = Canaries::new();
        for (kind, value) in [("variable", VARIABLE), ("build secret", FOR_BUILDS), ("password", PASSWORD)] {
            canaries.add(kind, value);
        }
        canaries.add_with_user("credential", USER, CREDENTIAL);
        owner.set_secret(web, "CANARY", VARIABLE).await?;
        owner.set_secret(web, "FOR_BUILDS", FOR_BUILDS).await?;
        shipped.configure(json!({ "build_variables": ["FOR_BUILDS"] })).await?;
        let credential = json!({ "username": USER, "secret": CREDENTIAL });
        owner.put(&format!("{}/credential", verbs::of(web)), credential).await?.done()?;
        let token: Value =
            owner.post("/me/tokens", json!({ "name": "canary", "role": "owner" })).await?.ok()?;
        canaries.add("API token", token["secret"].as_str().context("it is shown once")?);
        canaries.add("session", &owner.session().context("the owner has a session")?);
        let (host, sshd) = (GitServer::private(USER, CREDENTIAL).await?, Sshd::start().await?);
        let mut searched = Self { shipped, host, sshd, registry, listed, canaries };
        searched.keep_what_the_organisation_has().await?;
        searched.hear_of_pushes().await?;
        Ok(searched)
    }

    /// The content of a file, the password of a registry that gets every image, the key to a zone of the DNS, and the token
    /// for a git host.
    async fn keep_what_the_organisation_has(&mut self) -> Result<()> {
        let owner = &self.shipped.owner;
        let file = json!({ "path": "/etc/app/secret.conf", "text": format!("key = {CONTENT}\n") });
        owner.post(&format!("{}/files", verbs::of(&self.shipped.web)), file).await?.done()?;
        let set = json!({
            "address": self.registry.address(), "username": registry::USER, "secret": registry::PASSWORD, "push": true,
        });
        owner.post("/registries", set).await?.done()?;
        let zone = json!({ "host": "cloudflare", "token": DNS_TOKEN });
        owner.put("/zones/example.com", zone).await?.done()?;
        let connection =
            json!({ "kind": "gitea", "url": self.listed.url(), "account": "team", "token": TOKEN });
        owner.post("/connections", connection).await?.done()?;
        self.canaries.add("host's token", TOKEN);
        self.canaries.add("file's content", CONTENT);
        self.canaries.add_with_user("registry's password", registry::USER, registry::PASSWORD);
        self.canaries.add("DNS token", DNS_TOKEN);
        Ok(())
    }

    /// The secret of the webhook in each form, and calls that carry it.
    async fn hear_of_pushes(&mut self) -> Result<()> {
        let (owner, nobody) = (&self.shipped.owner, self.shipped.berth.anonymous()?);
        let hook = owner.webhook(&self.shipped.web).await?;
        let (_, token) = hook.registry_url.split_once("token=").context("a token is in its address")?;
        for secret in [hook.secret.as_str(), &hook.signing_token, token] {
            self.canaries.add("webhook secret", secret);
        }
        let push = Delivery::push("elsewhere", &"0".repeat(40), "Nothing", &hook.secret);
        let heard = push.send(&nobody, &hook.url).await?;
        ensure!(heard.status.as_u16() < 500, "{heard:?}");
        self.canaries.not_in("the answer to a push", &heard.text)?;
        let at = hook.registry_url.strip_prefix(owner.base()).context("the panel's address")?;
        let pushed = json!({ "push_data": { "tag": "1" }, "repository": { "repo_name": "team/app" } });
        let called = Answer::of(nobody.request(Method::POST, at).json(&pushed)).await?;
        ensure!(called.status.as_u16() < 500, "{called:?}");
        self.canaries.not_in("the answer to a registry", &called.text)?;
        let wrong = Host::GitLab.call("Push Hook", b"{}".to_vec(), &format!("{}x", hook.secret));
        let refused = wrong.send(&nobody, &hook.url).await?;
        self.canaries.not_in("the answer to a wrong secret", &refused.text)
    }

    /// Builds that print what they should not know, one that gets live and one that fails; what is streamed meanwhile.
    async fn builds(&self) -> Result<()> {
        let (owner, web) = (&self.shipped.owner, &self.shipped.web);
        let repository = self.host.repository("site")?;
        let docker = Docker::connect().await?;
        let name = format!("team/{}", self.shipped.berth.instance);
        let base = self.registry.put(&docker, &shipped_image(), &name, "1").await?;
        let given = "--mount=type=secret,id=FOR_BUILDS cat /run/secrets/FOR_BUILDS && \
                     base64 -w0 /run/secrets/FOR_BUILDS";
        let build = |last: &str| {
            let steps = format!("COPY leak only /\nRUN cat /leak /only && base64 -w0 /only && {last}\n");
            format!(
                "FROM debian:bookworm-slim AS a\nRUN {given}\n{steps}FROM {base}\nENV VERSION=two\n\
                 COPY --from=a /etc/debian_version /v\n"
            )
        };
        // Without what is only in the build's secret: the commit itself is what a person made of it.
        let leak = format!("{VARIABLE}\n{CREDENTIAL}\n");
        owner.patch(&verbs::of(web), json!({ "source": git(&repository.url) })).await?.done()?;
        for (last, status) in [("true", Status::Live), ("false", Status::Failed)] {
            let text = build(last);
            repository.commit(last, &[("Dockerfile", &text), ("leak", &leak), ("only", CREDENTIAL)])?;
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
            ensure!(ended.status == status, "it is {}: {:?}\n{streamed}", ended.status, ended.reason);
            self.canaries.not_in("the deployment", serde_json::to_string(&ended)?)?;
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

    /// Services whose repositories are opened with keys: one of somebody's own, and one that Berth made.
    async fn with_keys(&mut self) -> Result<()> {
        let key = self.shipped.berth.scratch().join("key");
        let mut keygen = command("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key);
        run(keygen)?;
        let mut allowed = std::fs::read_to_string(key.with_extension("pub"))?;
        let private = std::fs::read_to_string(&key)?;
        for line in private.lines().filter(|line| !line.starts_with('-') && line.len() > 16) {
            self.canaries.add("private key", line);
        }
        for name in ["keyed", "given"] {
            let (owner, service) = (&self.shipped.owner, path(&format!("shop/production/{name}")));
            let repository = self.host.repository(name)?;
            repository.commit("One", &[("Dockerfile", &dockerfile("one"))])?;
            owner.create_service(&service, git(&self.sshd.url(repository.folder())), swift()).await?;
            if name == "keyed" {
                let credential = json!({ "secret": private });
                owner.put(&format!("{}/credential", verbs::of(&service)), credential).await?.done()?;
            } else {
                let at = format!("{}/access/deploy-key", verbs::of(&service));
                let made: AccessView = owner.post(&at, Value::Null).await?.ok()?;
                allowed.push_str(&made.public_key.context("the public half is shown")?);
            }
            self.sshd.allow(allowed.trim())?;
            let queued = owner.deploy(&service).await?;
            owner.live(&service, queued.number, BUILD).await?;
        }
        Ok(())
    }

    /// The id of the first thing in a list; none that is there for an empty one.
    async fn first(&self, list: &str) -> Result<String> {
        let all: Value = self.shipped.owner.get(list).await?.ok()?;
        let first = [&all, &all["items"], &all["files"]].into_iter().find_map(|list| list.get(0));
        let id = first.and_then(|first| first["id"].as_str()).map(str::to_owned);
        Ok(id.unwrap_or_else(|| uuid::Uuid::nil().to_string()))
    }

    /// Every answer to a GET, of every role.
    async fn answers(&self) -> Result<()> {
        let owner = &self.shipped.owner;
        let document: Value = owner.get("/openapi.json").await?.ok()?;
        let paths = document["paths"].as_object().context("paths")?;
        let domain = self.first(&format!("{}/domains", verbs::of(&self.shipped.web))).await?;
        let certificate = self.first("/certificates").await?;
        let connection = self.first("/connections").await?;
        let mut asked = 0;
        for role in ["viewer", "deployer", "developer", "admin", "owner"] {
            let made: Value = owner.post("/me/tokens", json!({ "name": role, "role": role })).await?.ok()?;
            let client = owner.with_token(made["secret"].as_str().context("a token")?)?;
            let gets =
                paths.iter().filter(|(path, item)| item["get"].is_object() && !path.ends_with("/stream"));
            for (path, _) in gets {
                for service in ["web", "keyed", "given"] {
                    let at = filled(path, service).replace("{id}", &domain);
                    let at = at.replace("{certificate}", &certificate).replace("{zone}", "example.com");
                    let at = at.replace("{connection}", &connection);
                    ensure!(!at.contains('{'), "what is in {at}?");
                    let answer = client.get(&at).await?;
                    self.canaries.not_in(&format!("GET {at} as {role}"), &answer.text)?;
                    asked += u32::from(answer.status.is_success());
                }
            }
        }
        ensure!(asked > 200, "only {asked} answers");
        Ok(())
    }

    /// Every event, from the first to the last.
    async fn events(&self) -> Result<()> {
        let (mut after, mut seen) = (String::new(), 0);
        loop {
            let page: Value = self.shipped.owner.get(&format!("/events?limit=200{after}")).await?.ok()?;
            self.canaries.not_in("an event", page.to_string())?;
            seen += page["items"].as_array().map_or(0, Vec::len);
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        ensure!(seen > 10, "only {seen} events");
        Ok(())
    }

    async fn pages(&self) -> Result<()> {
        let of_web = [
            "",
            "/settings",
            "/variables",
            "/logs",
            "/files",
            "/domains",
            "/deployments/2",
            "/deployments/3",
        ];
        let web = of_web.map(|page| format!("/projects/{}{page}", self.shipped.web));
        let keyed = "/projects/shop/production/keyed/settings".to_owned();
        let others = ["/account", "/registries", "/certificates", "/disk", "/events"].map(str::to_owned);
        for at in web.into_iter().chain(others).chain([keyed]) {
            let answer = Answer::of(self.shipped.owner.request(Method::GET, &at)).await?;
            ensure!(answer.status.as_u16() < 500, "{at} answered {}", answer.status);
            self.canaries.not_in(&format!("the page {at}"), &answer.text)?;
        }
        Ok(())
    }

    /// Uses every secret, and looks at what is said meanwhile.
    async fn used(&self) -> Result<()> {
        self.builds().await?;
        self.prints().await?;
        for name in ["keyed", "given"] {
            let service = path(&format!("shop/production/{name}"));
            let again = self.shipped.owner.deploy(&service).await?;
            self.shipped.owner.live(&service, again.number, BUILD).await?;
        }
        self.answers().await?;
        self.events().await?;
        self.pages().await
    }
}

/// A path of the document with things that are there.
fn filled(path: &str, service: &str) -> String {
    let none = uuid::Uuid::nil().to_string();
    path.replace("{project}", "shop")
        .replace("{environment}", "production")
        .replace("{service}", service)
        .replace("{key}", "CANARY")
        .replace("{number}", if service == "web" { "3" } else { "1" })
        .replace("{name}", "data")
        .replace("{pull_request}", "1")
        .replace("{file}", &none)
        .replace("{delivery}", &none)
        .replace("{registry}", &none)
}

async fn nothing_is_found(database: Database) -> Result<()> {
    let mut searched = Searched::start(database).await?;
    searched.with_keys().await?;
    let berth = &searched.shipped.berth;
    let program = berth.pid().context("Berth runs")?;
    tokio::select! {
        used = searched.used() => used?,
        seen = searched.canaries.watch_processes(program) => seen?,
    }
    let docker = Docker::connect().await?;
    searched.canaries.not_in_images(&docker, berth).await?;
    searched.canaries.not_in_the_proxys_log(&docker, berth).await?;
    searched.canaries.not_in_database(berth)?;
    searched.canaries.not_on_disk(berth)
}

#[tokio::test(flavor = "multi_thread")]
async fn r_log_1_canary_secrets_of_every_kind_are_found_nowhere_on_sqlite() -> Result<()> {
    nothing_is_found(Database::Sqlite).await
}

#[tokio::test(flavor = "multi_thread")]
async fn r_log_1_canary_secrets_of_every_kind_are_found_nowhere_on_postgres() -> Result<()> {
    nothing_is_found(Database::Postgres).await
}
