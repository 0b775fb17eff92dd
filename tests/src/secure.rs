//! A Berth with a live service, and an authority that gives it certificates.

use crate::{
    acme::{Manners, Pebble},
    berth::shipped_image,
    https::{self, Secured},
    prelude::*,
    process::free_ports,
    verbs::{self, image, swift},
};
use berth_domain::certificate::{CertificateOrigin, CertificateView};

/// How long a certificate may take in a test.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A Berth, its owner, a live service and the authority.
pub struct Secure {
    pub owner: Client,
    pub web: ServicePath,
    pub berth: Berth,
    pub pebble: Pebble,
}

impl Secure {
    /// A live service that answers `one`.
    pub async fn start(manners: Manners) -> Result<Self> {
        Self::start_with(manners, Vec::new()).await
    }

    /// The same with more environment variables.
    pub async fn start_with(manners: Manners, more: Vec<(String, String)>) -> Result<Self> {
        let [http_port] = free_ports()?;
        let pebble = Pebble::start(http_port, manners).await?;
        Self::start_at(http_port, pebble, more).await
    }

    /// The same with a second authority, whose directory the setting `role` names.
    pub async fn start_beside(manners: Manners, other: Manners, role: &str) -> Result<(Self, Pebble)> {
        let [http_port] = free_ports()?;
        let pebble = Pebble::start(http_port, manners).await?;
        let other = pebble.beside(http_port, other).await?;
        let more = vec![(role.to_owned(), other.directory()), pebble.roots_with(&other)?];
        Ok((Self::start_at(http_port, pebble, more).await?, other))
    }

    async fn start_at(http_port: u16, pebble: Pebble, more: Vec<(String, String)>) -> Result<Self> {
        let mut environment = pebble.environment(http_port);
        environment.extend(more);
        let options = Options { https: true, http_port: Some(http_port), environment, ..Options::default() };
        let berth = Berth::start(options).await?;
        berth.proxy_is_up().await?;
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image(&shipped_image()), swift()).await?;
        owner.ship_version(&web, "one").await?;
        Ok(Self { owner, web, berth, pebble })
    }

    /// A page of the panel as the owner sees it.
    pub async fn page(&self, path: &str) -> Result<String> {
        let answer = Answer::of(self.owner.request(Method::GET, path)).await?;
        ensure!(answer.status.is_success(), "{path} answered {}", answer.status);
        Ok(answer.text)
    }

    /// Adds a domain to the service.
    pub async fn add(&self, host: &str) -> Result<()> {
        let at = format!("{}/domains", verbs::of(&self.web));
        self.owner.post(&at, json!({ "host": host })).await?.ok::<Value>().map(drop)
    }

    /// A domain that leads here and is added.
    pub async fn add_here(&self, host: &str) -> Result<()> {
        self.pebble.points_here(host).await?;
        self.add(host).await
    }

    /// What is known of the certificate of a host, by where it comes from.
    pub async fn certificate(&self, host: &str, origin: CertificateOrigin) -> Result<CertificateView> {
        let all: Vec<CertificateView> = self.owner.get("/certificates").await?.ok()?;
        let found =
            all.into_iter().find(|one| one.origin == origin && one.names.iter().any(|name| name == host));
        found.with_context(|| format!("nothing is known of a certificate for {host}"))
    }

    /// The same for one that the authority gives.
    pub async fn ordered(&self, host: &str) -> Result<CertificateView> {
        self.certificate(host, CertificateOrigin::Acme).await
    }

    /// Waits until a host answers over HTTPS as `wanted`, and the authority vouches for it.
    pub async fn answers(&self, host: &str, wanted: &str) -> Result<Secured> {
        let root = self.pebble.root().await?;
        self.answers_by(host, wanted, &root).await
    }

    /// The same with another root.
    pub async fn answers_by(&self, host: &str, wanted: &str, root: &str) -> Result<Secured> {
        eventually_within(PATIENCE, &format!("https://{host} answers {wanted:?}"), || async {
            let said = https::get(self.berth.https_port, host, root).await;
            let said = match said {
                Ok(said) => said,
                Err(error) => bail!("{error:#}; {:?}", self.ordered(host).await.map(|one| one.last_error)),
            };
            ensure!(said.status == 200 && said.body == wanted, "it answered {} {}", said.status, said.body);
            Ok(said)
        })
        .await
    }

    /// Waits until a host's last attempt gave nothing, for a reason with these words.
    pub async fn says(&self, host: &str, words: &str) -> Result<CertificateView> {
        eventually_within(PATIENCE, &format!("{host} says {words:?}"), || async {
            let one = self.ordered(host).await?;
            let why = one.last_error.clone().unwrap_or_default();
            ensure!(why.contains(words), "it says {why:?}");
            Ok(one)
        })
        .await
    }

    /// Asks for an attempt at once.
    pub async fn retry(&self, host: &str) -> Result<()> {
        eventually_within(PATIENCE, &format!("{host} may be tried"), || async {
            let id = self.ordered(host).await?.id.0;
            self.owner.post(&format!("/certificates/{id}/retry"), Value::Null).await?.ok::<Value>().map(drop)
        })
        .await
    }
}
