//! R-NET-1: what a service can reach, looked at from inside its container.

use berth_tests::{
    berth::shipped_image,
    docker::INSTANCE,
    names,
    prelude::*,
    process::free_ports,
    verbs::{self, image, swift},
};
use bollard::{
    models::{ContainerCreateBody, EndpointSettings, NetworkCreateRequest, NetworkingConfig},
    query_parameters::CreateContainerOptionsBuilder,
};
use std::{
    collections::HashMap,
    env,
    net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
};

/// A live service, seen from inside.
struct Inside<'a> {
    berth: &'a Berth,
    host: String,
    /// Its address in the network of its environment.
    address: IpAddr,
    /// The address of the machine in that network.
    gateway: IpAddr,
}

impl<'a> Inside<'a> {
    /// Ships the test program as this service; it answers its own path.
    async fn ship(berth: &'a Berth, owner: &Client, service: &str) -> Result<Self> {
        let service = path(service);
        let view = owner.create_service(&service, image(&shipped_image()), swift()).await?;
        owner.ship_version(&service, &service.to_string()).await?;
        let host = verbs::host(&view)?;
        let label = format!("berth.service={}", view.id);
        let docker = Docker::connect().await?;
        let containers = docker.containers(&label).await?;
        let networks = containers.first().and_then(|c| c.network_settings.as_ref()?.networks.clone());
        let (_, end) = networks.unwrap_or_default().into_iter().next().context("it is in a network")?;
        let address = |text: Option<String>| text.unwrap_or_default().parse().context("an address");
        Ok(Self { berth, host, address: address(end.ip_address)?, gateway: address(end.gateway)? })
    }

    /// What its program gets for `path`.
    async fn asks(&self, path: &str) -> Result<(u16, String)> {
        let response = verbs::visit(self.berth.http_port, &self.host, path).await?;
        Ok((response.status, response.text()))
    }

    /// What the service of that name answers it.
    async fn fetches(&self, name: &str) -> Result<String> {
        Ok(self.asks(&format!("/fetch?from={name}:8080")).await?.1)
    }

    /// Whether it can open a connection there, and what it is told when it cannot.
    async fn connects(&self, to: impl Into<SocketAddr>) -> Result<(bool, String)> {
        let (status, told) = self.asks(&format!("/connect?to={}", to.into())).await?;
        ensure!(matches!(status, 200 | 500), "it answered {status}: {told}");
        Ok((told == "connected", told))
    }

    async fn cannot_connect(&self, what: &str, to: impl Into<SocketAddr>) -> Result<()> {
        let to = to.into();
        let (connected, _) = self.connects(to).await?;
        ensure!(!connected, "{} can open a connection to {what} at {to}", self.host);
        Ok(())
    }
}

/// Done-when 8: two projects with services of the same name do not see each other.
#[tokio::test]
async fn r_net_1_a_name_leads_to_the_service_of_ones_own_environment() -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    for service in ["shop/production/db", "blog/production/db"] {
        Inside::ship(&berth, &owner, service).await?;
    }
    for project in ["shop", "blog"] {
        let web = Inside::ship(&berth, &owner, &format!("{project}/production/web")).await?;
        let answered = web.fetches("db").await?;
        ensure!(answered == format!("{project}/production/db"), "db of {project} answered {answered:?}");
        let answered = web.fetches("web").await?;
        ensure!(answered == format!("{project}/production/web"), "web of {project} answered {answered:?}");
    }
    Ok(())
}

/// Done-when 8: nor can a service connect to another environment by its address.
#[tokio::test]
async fn r_net_1_a_service_connects_to_no_other_environment() -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    let web = Inside::ship(&berth, &owner, "shop/production/web").await?;
    let db = Inside::ship(&berth, &owner, "shop/production/db").await?;
    let foreign = Inside::ship(&berth, &owner, "blog/production/db").await?;
    owner.post("/projects/shop/environments", json!({ "name": "staging" })).await?.done()?;
    let staging = Inside::ship(&berth, &owner, "shop/staging/db").await?;

    let (connected, told) = web.connects((db.address, 8080)).await?;
    ensure!(connected, "its own environment is out of reach: {told}");
    for (what, other) in [("another project", &foreign), ("another environment", &staging)] {
        // The machine reaches it there, so it listens.
        tokio::net::TcpStream::connect((other.address, 8080)).await?;
        web.cannot_connect(what, (other.address, 8080)).await?;
    }
    Ok(())
}

/// Done-when 8: a service can open no connection to the panel or to its store, at none of the machine's addresses.
#[tokio::test]
async fn r_net_1_a_service_connects_to_no_panel_and_no_store() -> Result<()> {
    let options = Options { database: Database::Postgres, everywhere: true, ..Options::default() };
    let berth = Berth::start(options).await?;
    berth.proxy_is_up().await?;
    let owner = berth.owner().await?;
    let web = Inside::ship(&berth, &owner, "shop/production/web").await?;
    let [anything] = free_ports()?;
    let listener = TcpListener::bind(("0.0.0.0", anything))?;
    let store = env::var("BERTH_TEST_DATABASE_URL").context("tests/run starts PostgreSQL")?;
    let store: reqwest::Url = store.parse()?;

    for address in [web.gateway, machine()?] {
        // Without this the test could not fail: another program of the machine is in reach.
        let (connected, told) = web.connects((address, anything)).await?;
        ensure!(connected, "nothing of the machine is in reach at {address}: {told}");
        web.cannot_connect("the panel", (address, berth.port)).await?;
        web.cannot_connect("the store", (address, store.port().unwrap_or(5432))).await?;
        web.cannot_connect("the proxy's API", (address, berth.proxy_api_port)).await?;
    }
    drop(listener);
    let itself = tokio::net::TcpStream::connect((machine()?, berth.port)).await;
    itself.context("the machine itself reaches the panel")?;
    somebody_elses_network_reaches_the_panel(&berth).await
}

/// The machine's address on the way out.
fn machine() -> Result<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    // Nothing is sent: this only chooses the way.
    socket.connect("192.0.2.1:9")?;
    Ok(socket.local_addr()?.ip())
}

/// The panel is kept from the networks of services, not hidden altogether: a container in a network that is none of
/// Berth's, such as a person's own proxy, reaches it.
async fn somebody_elses_network_reaches_the_panel(berth: &Berth) -> Result<()> {
    let (docker, name) = (Docker::connect().await?, names::instance());
    let outcome = foreign_container(&docker, &name, berth.port).await;
    let _ = docker.api.remove_container(&name, Some(forced())).await;
    let _ = docker.api.remove_network(&name).await;
    outcome
}

fn forced() -> bollard::query_parameters::RemoveContainerOptions {
    bollard::query_parameters::RemoveContainerOptionsBuilder::new().force(true).build()
}

async fn foreign_container(docker: &Docker, name: &str, panel: u16) -> Result<()> {
    let network = NetworkCreateRequest { name: name.to_owned(), ..NetworkCreateRequest::default() };
    docker.api.create_network(network).await?;
    let endpoints = HashMap::from([(name.to_owned(), EndpointSettings::default())]);
    let body = ContainerCreateBody {
        image: Some(shipped_image()),
        networking_config: Some(NetworkingConfig { endpoints_config: Some(endpoints) }),
        // A later run takes it away after a crash. The network cannot have the label: that would make it one of Berth's.
        labels: Some(HashMap::from([(INSTANCE.to_owned(), name.to_owned())])),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptionsBuilder::new().name(name).build();
    docker.api.create_container(Some(options), body).await?;
    docker.api.start_container(name, None).await?;
    let seen = docker.api.inspect_container(name, None).await?;
    let ends = seen.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let end = ends.get(name).context("it is in its network")?;
    let address: IpAddr = end.ip_address.clone().unwrap_or_default().parse()?;
    let gateway = end.gateway.clone().unwrap_or_default();
    eventually("a container of somebody else reaches the panel", || async {
        let at = SocketAddr::from((address, 8080));
        let asked = format!("/connect?to={gateway}:{panel}");
        let response = berth_tests::http::get(at, "foreign", &asked).await?;
        ensure!(response.text() == "connected", "it is told {}", response.text());
        Ok(())
    })
    .await
}
