//! The Docker adapter against a real Docker Engine.

#[path = "lab/lab.rs"]
mod lab;

use std::time::{Duration, Instant};

use berth_engine::docker::{
    Docker, DockerError, InstanceSpec, InstanceState, LogStreamKind, Mount, Restart, Runtime, RuntimeEvent,
    image_reference,
};
use futures::StreamExt;
use lab::{Lab, eventually};

#[tokio::test]
async fn the_api_version_is_agreed_on() {
    let lab = Lab::open().await;
    let version = lab.docker.version().await.expect("a version");
    assert!(version.api.starts_with("1."), "{version:?}");
    assert!(version.platform.starts_with("linux/"), "{version:?}");
}

#[tokio::test]
async fn nobody_at_the_socket_is_said_so() {
    let error = Docker::connect_to("unix:///nonexistent.sock").await.err().expect("nobody there");
    assert!(error.is_transient() && error.to_string().contains("/nonexistent.sock"), "{error}");
}

#[tokio::test]
async fn networks_and_volumes_are_made_once_and_removed_once() {
    let lab = Lab::open().await;
    let (network, volume) = (lab.name("net"), lab.name("vol"));
    let labels = lab.labels();
    let (one, two) = tokio::join!(
        lab.docker.ensure_network(&network, &labels),
        lab.docker.ensure_network(&network, &labels)
    );
    assert_eq!(one.expect("made"), two.expect("there"));
    let foreign = [("berth.instance".to_owned(), "another".to_owned())].into();
    assert!(matches!(lab.docker.ensure_network(&network, &foreign).await, Err(DockerError::Conflict { .. })));
    lab.docker.ensure_volume(&volume, &lab.labels()).await.expect("made");
    lab.docker.ensure_volume(&volume, &lab.labels()).await.expect("there");
    assert_eq!(lab.docker.networks(&lab.labels()).await.expect("listed").len(), 1);
    assert_eq!(lab.docker.volumes(&lab.labels()).await.expect("listed").len(), 1);
    for _ in 0..2 {
        lab.docker.remove_network(&network).await.expect("gone");
        lab.docker.remove_volume(&volume).await.expect("gone");
    }
}

#[tokio::test]
async fn an_instance_is_created_started_seen_stopped_and_removed() {
    let lab = Lab::open().await;
    let network = lab.name("net");
    lab.docker.ensure_network(&network, &lab.labels()).await.expect("network");
    let spec = InstanceSpec {
        network: Some(network.clone()),
        aliases: vec!["web".into()],
        memory: Some(64 << 20),
        nano_cpus: Some(500_000_000),
        pids_limit: Some(100),
        ..lab.spec("web")
    };
    let id = lab.docker.create_instance(&spec).await.expect("created");
    assert_eq!(lab.docker.create_instance(&spec).await.expect("there"), id);
    let other =
        InstanceSpec { labels: [("berth.instance".to_owned(), "x".to_owned())].into(), ..spec.clone() };
    assert!(matches!(lab.docker.create_instance(&other).await, Err(DockerError::Conflict { .. })));
    let seen = lab.docker.inspect_instance(&spec.name).await.expect("asked").expect("there");
    assert_eq!((seen.state, seen.running, seen.exit_code), (InstanceState::Created, false, None));

    lab.docker.start_instance(&spec.name).await.expect("started");
    lab.docker.start_instance(&spec.name).await.expect("runs already");
    let seen = lab.docker.inspect_instance(&spec.name).await.expect("asked").expect("there");
    assert!(seen.running && seen.addresses.contains_key(&network), "{seen:?}");
    let image = lab.docker.inspect_image(&lab::shipped()).await.expect("asked").expect("there");
    assert_eq!(seen.image_id, image.id);
    assert_eq!(image.exposed_ports, [8080]);
    assert_eq!(lab.docker.instances(&lab.labels()).await.expect("listed").len(), 1);

    lab.docker.stop_instance(&spec.name, Duration::from_secs(5)).await.expect("stopped");
    lab.docker.stop_instance(&spec.name, Duration::from_secs(5)).await.expect("stopped already");
    let seen = lab.docker.inspect_instance(&spec.name).await.expect("asked").expect("there");
    assert!(!seen.running && seen.exit_code.is_some() && seen.finished_at.is_some(), "{seen:?}");
    for _ in 0..2 {
        lab.docker.remove_instance(&spec.name).await.expect("gone");
    }
    assert_eq!(lab.docker.inspect_instance(&spec.name).await.expect("asked"), None);
    lab.docker.stop_instance(&spec.name, Duration::from_secs(1)).await.expect("absent is stopped");
}

#[tokio::test]
async fn r_env_1_the_environment_arrives_byte_for_byte() {
    let lab = Lab::open().await;
    let value = "a b\n\t\"$HOME\" `id` $(id) \\ 'q' ${x} {{y}} \u{1F980} %s";
    let line = "printf '%s' \"$ODD\" | base64 -w0";
    let spec = InstanceSpec { env: vec![("ODD".into(), value.into())], ..lab.shell("env", line) };
    lab.run(&spec).await;
    assert_eq!(lab.docker.wait_exit(&spec.name).await.expect("ended").code, 0);
    let printed = lab.docker.last_lines(&spec.name, 10).await.expect("a log");
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(&printed[0].text).expect("base64");
    assert_eq!(String::from_utf8(bytes).expect("UTF-8"), value);
}

#[tokio::test]
async fn an_instance_has_few_powers() {
    let lab = Lab::open().await;
    let line = "grep -E 'CapBnd|NoNewPrivs' /proc/self/status; touch /x && echo wrote; echo y > /data/y && echo kept; ls /nope";
    let spec = InstanceSpec {
        read_only: true,
        mounts: vec![Mount::Tmpfs { target: "/data".into(), size: 1 << 20 }],
        ..lab.shell("powers", line)
    };
    lab.run(&spec).await;
    assert_ne!(lab.docker.wait_exit(&spec.name).await.expect("ended").code, 0);
    let lines = lab.docker.last_lines(&spec.name, 50).await.expect("a log");
    let text: Vec<String> = lines.iter().map(|l| l.lossy()).collect();
    assert!(text.iter().any(|l| l.contains("NoNewPrivs:\t1")), "{text:?}");
    let bounding = text.iter().find_map(|l| l.strip_prefix("CapBnd:\t")).expect("capabilities");
    let bits = u64::from_str_radix(bounding, 16).expect("hexadecimal");
    assert_eq!(bits & (1 << 13), 0, "NET_RAW in {bounding}");
    assert!(!text.contains(&"wrote".to_owned()) && text.contains(&"kept".to_owned()), "{text:?}");
    assert!(lines.iter().any(|l| l.stream == LogStreamKind::Stderr), "{text:?}");
}

#[tokio::test]
async fn an_exit_is_told_with_its_code_and_want_of_memory() {
    let lab = Lab::open().await;
    let spec = lab.shell("code", "exit 7");
    lab.run(&spec).await;
    let exit = lab.docker.wait_exit(&spec.name).await.expect("ended");
    assert_eq!((exit.code, exit.oom_killed), (7, false));
    let line = "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo ${#x}";
    let spec = InstanceSpec { memory: Some(24 << 20), ..lab.shell("oom", line) };
    lab.run(&spec).await;
    lab.docker.wait_exit(&spec.name).await.expect("ended");
    let seen = lab.docker.inspect_instance(&spec.name).await.expect("asked").expect("there");
    assert!(seen.oom_killed, "{seen:?}");
}

#[tokio::test]
async fn logs_are_followed_in_whole_lines_and_resumed_without_gap_or_double() {
    let lab = Lab::open().await;
    let long = "head -c 40000 /dev/zero | tr '\\0' a; echo";
    let spec = lab.shell("log", &format!("echo one; echo two >&2; {long}; sleep 0.3; printf last"));
    lab.run(&spec).await;
    let lines: Vec<_> =
        lab.docker.follow_logs(&spec.name, None, None).map(|l| l.expect("a line")).collect().await;
    let mut lengths: Vec<_> = lines.iter().map(|l| l.text.len()).collect();
    lengths.sort_unstable();
    assert_eq!(lengths, [3, 3, 4, 40_000]);
    assert!(lines.iter().all(|l| l.at > 1_600_000_000_000_000_000));
    let last = lines.iter().map(|l| l.at).max().expect("lines");
    let before_last = lines.iter().map(|l| l.at).filter(|at| *at < last).max().expect("lines");
    let resumed: Vec<_> = lab.docker.follow_logs(&spec.name, Some(before_last), None).collect().await;
    assert_eq!(resumed.len(), 1);
    assert_eq!(lab.docker.last_lines(&spec.name, 2).await.expect("lines").len(), 2);
    let nobody: Vec<_> = lab.docker.follow_logs("berth-nobody", None, None).collect().await;
    assert!(matches!(nobody[..], [Err(DockerError::NotFound { .. })]), "{nobody:?}");
}

#[tokio::test]
async fn events_tell_of_our_containers_only() {
    let lab = Lab::open().await;
    let mut events = lab.docker.events(&lab.labels());
    assert_eq!(events.next().await, Some(RuntimeEvent::Connected));
    // Docker registers the listener after it has answered; a first event shows that it has.
    let network = lab.name("net");
    lab.docker.ensure_network(&network, &lab.labels()).await.expect("network");
    let spec = lab.shell("dies", "exit 3");
    lab.run(&spec).await;
    let told = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            match events.next().await {
                Some(RuntimeEvent::Container { name, action, attributes, .. }) if action == "die" => {
                    break (name, attributes.get("exitCode").cloned());
                }
                Some(_) => {}
                None => panic!("the stream ended"),
            }
        }
    })
    .await
    .expect("told in time");
    assert_eq!(told, (spec.name.clone(), Some("3".into())));
}

/// A way to Docker's socket that can be cut.
struct Wire {
    path: std::path::PathBuf,
    task: tokio::task::JoinHandle<()>,
}

impl Wire {
    #[allow(clippy::disallowed_methods)]
    fn open(path: std::path::PathBuf) -> Self {
        _ = std::fs::remove_file(&path);
        let listener = tokio::net::UnixListener::bind(&path).expect("a socket");
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                open.spawn(async move {
                    let mut far =
                        tokio::net::UnixStream::connect("/var/run/docker.sock").await.expect("Docker");
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Self { path, task }
    }

    async fn cut(self) -> std::path::PathBuf {
        self.task.abort();
        _ = self.task.await;
        self.path
    }
}

#[tokio::test]
async fn a_docker_that_goes_away_is_said_to_and_listened_to_again_when_it_returns() {
    let (lab, folder) = (Lab::open().await, tempfile::tempdir().expect("a folder"));
    let wire = Wire::open(folder.path().join("docker.sock"));
    let docker = Docker::connect_to(&format!("unix://{}", wire.path.display())).await.expect("connected");
    let mut events = docker.events(&lab.labels());
    assert_eq!(events.next().await, Some(RuntimeEvent::Connected));
    let path = wire.cut().await;
    assert!(matches!(events.next().await, Some(RuntimeEvent::Lost { .. })));
    let error = docker.version().await.expect_err("nobody there");
    assert!(error.is_transient(), "{error}");
    let again = events.next();
    let wire = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        Wire::open(path)
    };
    let (event, _wire) = tokio::join!(again, wire);
    assert_eq!(event, Some(RuntimeEvent::Connected));
    docker.version().await.expect("there again");
}

#[tokio::test]
async fn the_ports_of_a_program_are_seen_without_a_tool_in_its_image() {
    let lab = Lab::open().await;
    let network = lab.name("net");
    lab.docker.ensure_network(&network, &lab.labels()).await.expect("network");
    let spec = InstanceSpec {
        network: Some(network),
        env: vec![("PORT".into(), "4321".into())],
        ..lab.spec("ports")
    };
    lab.run(&spec).await;
    eventually("the port is seen", async || {
        let ports = lab.docker.listening_ports(&spec.name).await.expect("asked").unwrap_or_default();
        if ports.iter().map(|p| (p.port, p.loopback_only)).eq([(4321, false)]) { Ok(()) } else { Err(ports) }
    })
    .await;
}

#[tokio::test]
async fn what_a_container_uses_is_measured() {
    let lab = Lab::open().await;
    let spec = InstanceSpec { memory: Some(64 << 20), ..lab.shell("busy", "while :; do :; done") };
    lab.run(&spec).await;
    let stats = lab.docker.stats(&spec.name).await.expect("measured");
    assert!(stats.cpu_percent > 10.0, "{stats:?}");
    assert!(stats.memory > 0 && stats.memory < 64 << 20 && stats.memory_limit == 64 << 20, "{stats:?}");
    let written = lab.shell("writes", "head -c 3000000 /dev/urandom > /x");
    lab.run(&written).await;
    lab.docker.wait_exit(&written.name).await.expect("ended");
    let usage = lab.docker.disk_usage(&lab.labels(), &lab.instance).await.expect("measured");
    let mut named = usage.instances.iter().filter(|one| one.name == written.name);
    assert!(named.next().is_some_and(|one| one.size >= 3_000_000), "{usage:?}");
    assert!(!usage.root.is_empty(), "{usage:?}");
}

#[tokio::test]
async fn a_container_that_restarts_is_seen_to() {
    let lab = Lab::open().await;
    let spec = InstanceSpec { restart: Restart::OnFailure(2), ..lab.shell("again", "exit 1") };
    lab.run(&spec).await;
    eventually("it was restarted", async || {
        let seen = lab.docker.inspect_instance(&spec.name).await.expect("asked").expect("there");
        if seen.restart_count == 2 && seen.state == InstanceState::Exited { Ok(()) } else { Err(seen) }
    })
    .await;
}

#[tokio::test]
async fn a_stop_takes_no_longer_than_its_grace() {
    let lab = Lab::open().await;
    let spec = InstanceSpec { env: vec![("TERM_MODE".into(), "ignore".into())], ..lab.spec("stubborn") };
    lab.run(&spec).await;
    let started = Instant::now();
    lab.docker.stop_instance(&spec.name, Duration::from_secs(1)).await.expect("stopped");
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    let seen = lab.docker.inspect_instance(&spec.name).await.expect("asked").expect("there");
    assert_eq!(seen.exit_code, Some(137));
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let lab = Lab::open().await;
    let spec = InstanceSpec { image: "berth-no-such-image:1".into(), ..lab.spec("none") };
    let error = lab.docker.create_instance(&spec).await.expect_err("no image").to_string();
    assert!(error.contains("image `berth-no-such-image:1`"), "{error}");
    let spec = InstanceSpec { network: Some("berth-no-such-net".into()), ..lab.spec("none") };
    let error = match lab.docker.create_instance(&spec).await {
        Err(error) => error,
        // Docker looks for the network only at the start.
        Ok(_) => lab.docker.start_instance(&spec.name).await.expect_err("no network"),
    };
    assert!(error.to_string().contains("berth-no-such-net"), "{error}");
    let spec = InstanceSpec {
        command: Some(vec!["/no/such/program".into()]),
        entrypoint: Some(vec![]),
        ..lab.spec("cmd")
    };
    lab.docker.create_instance(&spec).await.expect("created");
    let error = lab.docker.start_instance(&spec.name).await.expect_err("no program").to_string();
    assert!(error.contains("/no/such/program"), "{error}");
    assert_eq!(lab.docker.inspect_image("berth-no-such-image").await.expect("asked"), None);
    let pulled =
        lab.docker.pull_image("127.0.0.1:1/nothing/here", None, &|_| ()).await.expect_err("nobody there");
    assert!(pulled.to_string().contains("127.0.0.1:1/nothing/here"), "{pulled}");
}

#[tokio::test]
async fn images_are_tagged_and_untagged() {
    let lab = Lab::open().await;
    let tag = format!("berth-{}-tag:kept", lab.instance);
    lab.docker.tag_image(&lab::shipped(), &tag).await.expect("tagged");
    let image = lab.docker.inspect_image(&tag).await.expect("asked").expect("there");
    assert!(image.repo_tags.contains(&tag), "{image:?}");
    for _ in 0..2 {
        lab.docker.remove_image(&tag).await.expect("untagged");
    }
    assert!(lab.docker.inspect_image(&lab::shipped()).await.expect("asked").is_some());
    assert!(image_reference("UPPER").is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_line_of_a_flood_is_lost() {
    const LINES: usize = 50_000;
    let lab = Lab::open().await;
    let spec = lab.shell("flood", &format!("seq 1 {LINES}"));
    lab.docker.create_instance(&spec).await.expect("created");
    let started = Instant::now();
    lab.docker.start_instance(&spec.name).await.expect("started");
    let mut lines = lab.docker.follow_logs(&spec.name, None, None);
    let mut seen = 0;
    while let Some(line) = lines.next().await {
        seen += 1;
        assert_eq!(line.expect("a line").lossy(), seen.to_string());
    }
    println!("{seen} lines in {:?}", started.elapsed());
    assert_eq!(seen, LINES);
}
