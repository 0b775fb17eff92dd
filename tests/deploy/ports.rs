//! R-TRF-1, R-V6-1: services that speak no HTTP, reached at ports of the machine through the real proxy; and visitors who
//! come over IPv6.

use crate::fixture::Shipped;
use berth_tests::{
    berth::shipped_image,
    prelude::*,
    process::free_ports,
    verbs::{self, image, swift},
};
use std::{
    net::{Ipv6Addr, SocketAddr},
    sync::atomic::{AtomicBool, Ordering},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// Where the program echoes.
const ECHO: u16 = 9_000;
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(5);

/// A live service that also echoes, on a Berth with two ports to give away.
struct Echoing {
    shipped: Shipped,
    ports: [u16; 2],
    /// The REST path of its published ports.
    at: String,
}

impl Echoing {
    async fn live() -> Result<Self> {
        let ports: [u16; 2] = free_ports()?;
        let range = format!("{},{}", ports[0], ports[1]);
        let shipped = Shipped::live_where(vec![("BERTH_PORTS".into(), range)]).await?;
        let at = format!("{}/ports", verbs::of(&shipped.web));
        shipped.owner.set_plain(&shipped.web, "ECHO_PORT", &ECHO.to_string()).await?;
        shipped.owner.ship_version(&shipped.web, "two").await?;
        Ok(Self { shipped, ports, at })
    }

    /// Publishes a port and gives its REST path.
    async fn publish(&self, protocol: &str, port: u16) -> Result<String> {
        let request = json!({ "protocol": protocol, "port": port, "target": ECHO });
        let made: Value = self.shipped.owner.post(&self.at, request).await?.ok()?;
        Ok(format!("{}/{}", self.at, made["id"].as_str().context("its id")?))
    }

    /// Waits until the program answers at a port over TCP.
    async fn answers(&self, port: u16, version: &str) -> Result<()> {
        eventually("the program answers over TCP", || async {
            let said = talk(port).await?;
            ensure!(said == version, "{said} answered");
            Ok(())
        })
        .await
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

async fn connect(port: u16) -> Result<BufReader<TcpStream>> {
    Ok(BufReader::new(timeout(ANSWER, TcpStream::connect(local(port))).await??))
}

/// The line with which the program begins; empty when the connection ends without one.
async fn greeting(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    timeout(ANSWER, stream.read_line(&mut line)).await.context("no greeting")??;
    Ok(line.trim_end().to_owned())
}

async fn echoes(stream: &mut BufReader<TcpStream>, text: &[u8]) -> Result<()> {
    stream.write_all(text).await?;
    let mut back = vec![0; text.len()];
    timeout(ANSWER, stream.read_exact(&mut back)).await.context("no echo")??;
    ensure!(back == text, "{back:?} came back");
    Ok(())
}

/// A whole conversation over TCP; who answered.
async fn talk(port: u16) -> Result<String> {
    let mut stream = connect(port).await?;
    let version = greeting(&mut stream).await?;
    echoes(&mut stream, b"\x00no HTTP\xff").await?;
    Ok(version)
}

/// A datagram there and back.
async fn ask_by_datagram(port: u16) -> Result<String> {
    let socket = UdpSocket::bind(local(0)).await?;
    socket.connect(local(port)).await?;
    socket.send(b"ping").await?;
    let mut bytes = [0; 64];
    let count = timeout(Duration::from_secs(1), socket.recv(&mut bytes)).await.context("no datagram")??;
    Ok(String::from_utf8_lossy(&bytes[..count]).into_owned())
}

/// R-TRF-1: a port leads to the program over TCP and UDP without a deployment, and nobody else gets it.
#[tokio::test]
async fn r_trf_1_a_published_port_leads_to_a_program_without_http() -> Result<()> {
    let echoing = Echoing::live().await?;
    let [port, other] = echoing.ports;
    let at = echoing.publish("tcp", port).await?;
    echoing.answers(port, "two").await?;
    echoing.publish("udp", port).await?;
    eventually("the program answers over UDP", || async {
        let said = ask_by_datagram(port).await?;
        ensure!(said == "two ping", "{said}");
        Ok(())
    })
    .await?;

    let owner = &echoing.shipped.owner;
    let second = path("shop/production/second");
    owner.create_service(&second, image(&shipped_image()), swift()).await?;
    let wanted = |port: u16| json!({ "protocol": "tcp", "port": port, "target": ECHO });
    let theirs = format!("{}/ports", verbs::of(&second));
    let problem = owner.post(&theirs, wanted(port)).await?.refused(409)?;
    ensure!(problem.field.as_deref() == Some("port"), "{problem:?}");
    ensure!(problem.message.contains("shop/production/web"), "{problem:?}");
    let outside = echoing.shipped.berth.http_port;
    owner.post(&theirs, wanted(outside)).await?.refuses_field("port")?;
    owner.post(&theirs, wanted(other)).await?.done()?;
    let seen: Value = owner.get(&format!("{}/proxy", verbs::of(&echoing.shipped.web))).await?.ok()?;
    let points = seen["routers"].to_string();
    ensure!(points.contains(&format!("tcp-{port}")) && points.contains(&format!("udp-{port}")), "{seen}");

    owner.delete(&at, Value::Null).await?.done()?;
    eventually("the port leads nowhere", || async {
        let mut stream = connect(port).await?;
        let said = greeting(&mut stream).await?;
        ensure!(said.is_empty(), "{said} answered");
        Ok(())
    })
    .await
}

/// R-TRF-1: a rollout moves the connections of a port as it moves requests.
#[tokio::test]
async fn r_trf_1_a_rollout_loses_no_connection_of_a_published_port() -> Result<()> {
    let echoing = Echoing::live().await?;
    let port = echoing.ports[0];
    echoing.publish("tcp", port).await?;
    echoing.answers(port, "two").await?;
    let shipped = &echoing.shipped;
    let mut held = connect(port).await?;
    ensure!(greeting(&mut held).await? == "two");

    let live = AtomicBool::new(false);
    let ship = async {
        let done = shipped.owner.ship_version(&shipped.web, "three").await;
        live.store(true, Ordering::SeqCst);
        done
    };
    let visit = async {
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        let mut said = Vec::new();
        while !live.load(Ordering::SeqCst) {
            pace.tick().await;
            said.push(talk(port).await.with_context(|| format!("after {} conversations", said.len()))?);
        }
        anyhow::Ok(said)
    };
    let (done, said) = tokio::join!(ship, visit);
    done?;
    let said = said?;
    let newer = said.iter().position(|version| version == "three").unwrap_or(said.len());
    ensure!(said[..newer].iter().all(|version| version == "two") && newer > 0, "{said:?}");
    ensure!(said[newer..].iter().all(|version| version == "three"), "it went back and forth: {said:?}");
    echoing.answers(port, "three").await?;
    // What was open stays with the instance that it began with, and ends with it.
    shipped.only_runs(1).await?;
    let mut rest = String::new();
    let ended = timeout(ANSWER, held.read_to_string(&mut rest)).await.context("it is still open")?;
    ensure!(ended.is_err() || rest.is_empty(), "{rest}");
    Ok(())
}

/// R-TRF-1: in maintenance who connects is sent away, and a rollback brings a port back that was closed since.
#[tokio::test]
async fn r_trf_1_ports_follow_maintenance_and_rollbacks() -> Result<()> {
    let echoing = Echoing::live().await?;
    let (port, shipped) = (echoing.ports[0], &echoing.shipped);
    let at = echoing.publish("tcp", port).await?;
    echoing.answers(port, "two").await?;
    let maintenance = format!("{}/maintenance", verbs::of(&shipped.web));
    shipped.owner.put(&maintenance, json!({ "message": "Back soon." })).await?.done()?;
    eventually("who connects is sent away", || async {
        let mut stream = connect(port).await?;
        let said = greeting(&mut stream).await?;
        ensure!(said.is_empty(), "{said} answered");
        Ok(())
    })
    .await?;
    shipped.owner.delete(&maintenance, Value::Null).await?.done()?;
    echoing.answers(port, "two").await?;

    let kept = shipped.owner.ship_version(&shipped.web, "three").await?;
    shipped.owner.delete(&at, Value::Null).await?.done()?;
    shipped.owner.ship_version(&shipped.web, "four").await?;
    shipped.owner.roll_back(&shipped.web, kept.number).await?;
    echoing.answers(port, "three").await
}

/// R-TRF-1: HTTP comes first: what another program has is left out, and said.
#[tokio::test]
async fn r_trf_1_a_port_that_another_program_has_is_left_out() -> Result<()> {
    let [taken, free]: [u16; 2] = free_ports()?;
    let held = std::net::TcpListener::bind(("0.0.0.0", taken))?;
    let range = format!("{taken},{free}");
    let shipped = Shipped::live_where(vec![("BERTH_PORTS".into(), range)]).await?;
    let at = format!("{}/ports", verbs::of(&shipped.web));
    let wanted = |port: u16| json!({ "protocol": "tcp", "port": port, "target": ECHO });
    let problem = shipped.owner.post(&at, wanted(taken)).await?.refused(409)?;
    ensure!(
        problem.field.as_deref() == Some("port") && problem.message.contains("Another program"),
        "{problem:?}"
    );
    shipped.owner.post(&at, wanted(free)).await?.done()?;
    drop(held);
    Ok(())
}

/// R-V6-1: who comes over IPv6 is answered, and is not taken for the bridge of IPv4.
#[tokio::test]
async fn r_v6_1_visitors_over_ipv6_come_with_an_address_of_ipv6() -> Result<()> {
    let shipped = Shipped::live().await?;
    let seen: Value = shipped.owner.get(&format!("{}/proxy", verbs::of(&shipped.web))).await?.ok()?;
    let ipv6 = &seen["ipv6"];
    if std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        eprintln!("This machine has no IPv6: only what Berth says of that is looked at.");
        ensure!(ipv6["on"] == false && ipv6["words"].to_string().contains("no IPv6"), "{ipv6}");
        return Ok(());
    }
    ensure!(ipv6["on"] == true, "{ipv6}");
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("http://[::1]:{}/headers", shipped.berth.http_port);
    let inside: Value = client.get(url).header("host", &shipped.host).send().await?.json().await?;
    let from = inside["x-forwarded-for"].as_str().context("an address")?.to_owned();
    let address: Ipv6Addr = from.parse().with_context(|| format!("it seems to come from {from}"))?;
    ensure!(address.to_ipv4_mapped().is_none(), "it seems to come from {from}");
    // Over IPv4 nothing is another.
    let over_four = verbs::visit(shipped.berth.http_port, &shipped.host, "/headers").await?;
    let from = serde_json::from_str::<Value>(&over_four.text())?["x-forwarded-for"].clone();
    ensure!(
        from.as_str().is_some_and(|from| from.parse::<std::net::Ipv4Addr>().is_ok()),
        "it seems to come from {from}"
    );
    Ok(())
}
