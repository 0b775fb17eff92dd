//! Builds with the real BuildKit.

#[path = "lab/lab.rs"]
mod lab;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use berth_engine::docker::{BuildLine, BuildLineKind, BuildRequest, DockerError, Runtime, SecretBytes};
use lab::{DEBIAN, Lab};
use tokio_util::sync::CancellationToken;

/// A checkout with a Dockerfile, and what its build said.
struct Bench {
    lab: Lab,
    checkout: tempfile::TempDir,
    lines: Mutex<Vec<BuildLine>>,
}

impl Bench {
    async fn new(dockerfile: &str, files: &[(&str, &str)]) -> Self {
        let checkout = tempfile::tempdir().expect("a folder");
        // BuildKit remembers the builds of earlier runs; nothing of this one must come from them.
        std::fs::write(checkout.path().join("this-run"), rand::random::<u64>().to_string()).expect("a file");
        let base = format!("FROM {DEBIAN}\nCOPY this-run /\n");
        std::fs::write(checkout.path().join("Dockerfile"), base + dockerfile).expect("a Dockerfile");
        for (path, text) in files {
            std::fs::write(checkout.path().join(path), text).expect("a file");
        }
        Self { lab: Lab::open().await, checkout, lines: Mutex::default() }
    }

    fn request(&self) -> BuildRequest {
        BuildRequest {
            root: self.checkout.path().to_owned(),
            tag: format!("berth-{}-built:1", self.lab.instance),
            labels: self.lab.labels(),
            ..Default::default()
        }
    }

    async fn build(&self, request: &BuildRequest) -> Result<String, DockerError> {
        self.build_until(request, &CancellationToken::new()).await
    }

    async fn build_until(
        &self,
        request: &BuildRequest,
        cancel: &CancellationToken,
    ) -> Result<String, DockerError> {
        self.lines.lock().expect("unpoisoned").clear();
        self.lab
            .docker
            .build_image(request, &|line| self.lines.lock().expect("unpoisoned").push(line), cancel)
            .await
    }

    /// Every line as text.
    fn said(&self) -> Vec<String> {
        let lines = self.lines.lock().expect("unpoisoned");
        lines
            .iter()
            .map(|line| match &line.kind {
                BuildLineKind::Output { text, .. } => String::from_utf8_lossy(text).into_owned(),
                other => format!("{} {other:?}", line.name),
            })
            .collect()
    }
}

#[tokio::test]
async fn an_image_is_built_with_arguments_labels_and_a_target() {
    let dockerfile =
        "AS one\nARG WHO\nCOPY . /app\nRUN echo hello $WHO && ls /app\nFROM one AS two\nRUN exit 1\n";
    let bench = Bench::new("", &[("kept", "1"), ("left", "1"), (".dockerignore", "left\n")]).await;
    let whole = format!("FROM {DEBIAN} {dockerfile}");
    std::fs::write(bench.checkout.path().join("Dockerfile"), whole).expect("a Dockerfile");
    let request = BuildRequest {
        args: [("WHO".to_owned(), "\"you\" & $me".to_owned())].into(),
        target: Some("one".into()),
        ..bench.request()
    };
    let id = bench.build(&request).await.expect("built");
    let said = bench.said();
    assert!(said.iter().any(|l| l == "hello \"you\" & $me"), "{said:?}");
    assert!(said.contains(&"kept".to_owned()) && !said.contains(&"left".to_owned()), "{said:?}");
    assert!(said.iter().any(|l| l.contains("Done")), "{said:?}");
    let image = bench.lab.docker.inspect_image(&request.tag).await.expect("asked").expect("there");
    assert_eq!(image.id, id);
    assert!(bench.lab.labels().iter().all(|(k, v)| image.labels.get(k) == Some(v)), "{image:?}");
}

#[tokio::test]
async fn r_bld_3_a_second_build_comes_from_the_cache_and_no_cache_does_not() {
    let bench = Bench::new("COPY file /\nRUN date +%N > /stamp\n", &[("file", "1")]).await;
    let first = bench.build(&bench.request()).await.expect("built");
    std::fs::create_dir(bench.checkout.path().join(".git")).expect("a folder");
    std::fs::write(bench.checkout.path().join(".git/index"), "changes at every checkout").expect("a file");
    assert_eq!(bench.build(&bench.request()).await.expect("built"), first);
    let said = bench.said();
    for step in ["COPY this-run", "COPY file", "RUN date"] {
        assert!(said.iter().any(|l| l.contains(step) && l.ends_with("Cached")), "{step} in {said:?}");
    }
    let again = bench.build(&BuildRequest { no_cache: true, ..bench.request() }).await.expect("built");
    assert_ne!(again, first);
    let said = bench.said();
    assert!(!said.iter().any(|l| l.contains("RUN") && l.ends_with("Cached")), "{said:?}");
}

#[tokio::test]
async fn r_log_1_a_build_secret_is_there_for_its_step_and_in_no_layer() {
    let dockerfile =
        "RUN --mount=type=secret,id=TOKEN sha256sum /run/secrets/TOKEN\nRUN ls /run/secrets 2>&1 || true\n";
    let bench = Bench::new(dockerfile, &[]).await;
    let secret = format!("canary-{}\nwith two lines", rand::random::<u64>());
    let request = BuildRequest {
        secrets: [("TOKEN".to_owned(), SecretBytes::new(secret.clone()))].into(),
        ..bench.request()
    };
    bench.build(&request).await.expect("built");
    use sha2::Digest;
    let sum = hex::encode(sha2::Sha256::digest(&secret));
    let said = bench.said().join("\n");
    assert!(said.contains(&sum), "{said}");
    assert!(!said.contains("canary"), "{said}");
    let without =
        bench.build(&BuildRequest { secrets: Default::default(), no_cache: true, ..bench.request() }).await;
    let text = format!("{:?} {}", without, bench.said().join("\n"));
    assert!(!text.contains(&sum), "{text}");
}

#[tokio::test]
async fn a_failed_build_names_its_step_and_last_lines() {
    let bench = Bench::new("RUN echo before && echo broken >&2 && exit 42\n", &[]).await;
    let error = bench.build(&bench.request()).await.expect_err("fails");
    let DockerError::Build(failure) = &error else { panic!("{error:?}") };
    assert!(failure.step.as_deref().is_some_and(|step| step.contains("RUN echo before")), "{failure:?}");
    assert!(failure.last_lines.contains(&"broken".to_owned()), "{failure:?}");
    assert!(error.to_string().contains("42"), "{error}");
    assert!(bench.said().iter().any(|l| l.contains("Failed")), "{:?}", bench.said());
}

#[tokio::test]
async fn a_dockerfile_that_is_none_is_said_so() {
    let bench = Bench::new("RUNN x\n", &[]).await;
    let error = bench.build(&bench.request()).await.expect_err("fails").to_string();
    assert!(error.to_lowercase().contains("unknown instruction: runn"), "{error}");
    let missing = BuildRequest { dockerfile: "Other".into(), ..bench.request() };
    let error = bench.build(&missing).await.expect_err("fails").to_string();
    assert!(error.contains("Other"), "{error}");
}

#[tokio::test]
async fn r_q_3_a_cancelled_build_stops_within_seconds() {
    let bench = Bench::new("RUN echo it-runs && sleep 31557\n", &[]).await;
    let cancel = CancellationToken::new();
    let mut request = bench.request();
    request.no_cache = true;
    let waiting = bench.build_until(&request, &cancel);
    let calling_off = async {
        let started = Instant::now();
        while !bench.said().contains(&"it-runs".to_owned()) {
            assert!(started.elapsed() < Duration::from_secs(60), "{:?}", bench.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        cancel.cancel();
        Instant::now()
    };
    let (ended, called_off) = tokio::join!(waiting, calling_off);
    assert!(matches!(ended, Err(DockerError::Cancelled(_))), "{ended:?}");
    assert!(called_off.elapsed() < Duration::from_secs(5), "{:?}", called_off.elapsed());
    let started = Instant::now();
    while sleeping() {
        assert!(started.elapsed() < Duration::from_secs(5), "the step still runs");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether the step's own `sleep 31557` still runs on this machine.
fn sleeping() -> bool {
    let commands = std::fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|e| std::fs::read(e.ok()?.path().join("cmdline")).ok());
    commands.into_iter().any(|command| command == b"sleep\x0031557\x00")
}
