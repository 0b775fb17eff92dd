use std::io::{Read, Write};
use std::net::Ipv4Addr;

use tokio::net::TcpListener;

use super::*;

/// A target on this machine that may end.
struct Here {
    exit: Option<(Duration, Exit)>,
    listening: Option<Vec<ListeningPort>>,
}

#[async_trait::async_trait]
impl Target for Here {
    async fn address(&self) -> Result<Option<IpAddr>, DockerError> {
        Ok(Some(IpAddr::V4(Ipv4Addr::LOCALHOST)))
    }

    async fn exited(&self) -> Result<Exit, DockerError> {
        match self.exit {
            Some((after, exit)) => {
                tokio::time::sleep(after).await;
                Ok(exit)
            }
            None => std::future::pending().await,
        }
    }

    async fn listening(&self) -> Option<Vec<ListeningPort>> {
        self.listening.clone()
    }
}

const RUNNING: Here = Here { exit: None, listening: None };

fn quick(probe: Probe, port: u16) -> ProbeSpec {
    ProbeSpec {
        probe,
        start_period: Duration::from_millis(200),
        interval: Duration::from_millis(20),
        timeout: Duration::from_millis(500),
        ..ProbeSpec::tcp(port)
    }
}

async fn unused_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Answers every request so; ends with the test.
fn answering(answer: &'static str) -> u16 {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut request) = (stream.expect("a connection"), [0u8; 2048]);
            _ = stream.read(&mut request);
            _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

#[tokio::test]
async fn a_port_that_accepts_is_healthy() {
    let port = answering("");
    let report = await_healthy(&RUNNING, &quick(Probe::Tcp, port)).await.expect("healthy");
    assert_eq!(report.tries, 2);
}

#[tokio::test]
async fn an_http_answer_is_held_against_status_and_body() {
    let port = answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nready");
    let with =
        |body: &str| Probe::Http(HttpProbe { body_contains: Some(body.into()), ..HttpProbe::new("/health") });
    await_healthy(&RUNNING, &quick(with("ready"), port)).await.expect("healthy");
    let failure = await_healthy(&RUNNING, &quick(with("steady"), port)).await.expect_err("not healthy");
    assert!(failure.to_string().contains("does not contain \"steady\""), "{failure}");
    let not_there = answering("HTTP/1.1 503 Not Yet\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let failure = await_healthy(&RUNNING, &quick(Probe::Http(HttpProbe::new("/")), not_there))
        .await
        .expect_err("not healthy");
    assert_eq!(failure.last.as_ref().and_then(|a| a.status), Some(503));
}

#[tokio::test]
async fn an_exit_ends_the_wait_at_once() {
    let exit = Exit { code: 3, oom_killed: false };
    let target = Here { exit: Some((Duration::from_millis(50), exit)), listening: None };
    let spec = ProbeSpec { start_period: Duration::from_secs(90), ..quick(Probe::Tcp, unused_port().await) };
    let failure = await_healthy(&target, &spec).await.expect_err("it ended");
    assert_eq!(failure.reason, Reason::Exited(exit));
    assert!(failure.waited < Duration::from_secs(2), "{:?}", failure.waited);
    assert!(failure.to_string().contains("exit code 3"), "{failure}");
}

#[tokio::test]
async fn the_failure_names_the_port_tried_and_the_ports_seen() {
    let port = unused_port().await;
    let seen = vec![ListeningPort { port: 4000, loopback_only: false }];
    let target = Here { exit: None, listening: Some(seen) };
    let text =
        await_healthy(&target, &quick(Probe::Tcp, port)).await.expect_err("nobody listens").to_string();
    assert!(
        text.contains(&format!("port {port} did not accept")) && text.contains("port 4000 instead"),
        "{text}"
    );
    let loopback = Here { exit: None, listening: Some(vec![ListeningPort { port, loopback_only: true }]) };
    let text = await_healthy(&loopback, &quick(Probe::Tcp, port)).await.expect_err("loopback").to_string();
    assert!(text.contains("only on 127.0.0.1"), "{text}");
}

#[tokio::test]
async fn failures_within_the_start_period_do_not_count() {
    let port = unused_port().await;
    let spec = ProbeSpec { start_period: Duration::from_secs(5), successes: 1, ..quick(Probe::Tcp, port) };
    let late = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("the port");
        loop {
            _ = listener.accept().await;
        }
    };
    tokio::select! {
        report = await_healthy(&RUNNING, &spec) => assert!(report.expect("healthy").tries > 5),
        () = late => unreachable!(),
    }
}
