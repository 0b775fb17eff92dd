//! The real Docker for a test, under a label of the test's own; everything under it goes when the test ends.

use std::time::Duration;

use berth_engine::docker::{Docker, InstanceSpec, Labels, Runtime};

/// Says that an object is of these tests, so that what a killed run left behind is found.
const OF_TESTS: (&str, &str) = ("berth.test", "engine");
/// A test of ours never takes so long: what is older is left over.
const LEFT_OVER: Duration = Duration::from_secs(15 * 60);

/// The image of a program that listens, logs and ends as asked.
#[allow(dead_code)]
pub fn shipped() -> String {
    std::env::var("BERTH_TEST_IMAGE").unwrap_or_else(|_| "berth-test-shipped:latest".into())
}

/// An image with a shell.
#[allow(dead_code)]
pub const DEBIAN: &str = "debian:bookworm-slim";

/// One test's part of Docker.
pub struct Lab {
    /// The engine under test.
    pub docker: Docker,
    /// The test's name of Berth.
    pub instance: String,
}

impl Lab {
    pub async fn open() -> Self {
        let docker = Docker::connect().await.expect("Docker must run for this suite");
        remove_left_over(&docker).await;
        Self { docker, instance: format!("test-{:08x}", rand::random::<u32>()) }
    }

    pub fn labels(&self) -> Labels {
        [("berth.instance", self.instance.as_str()), OF_TESTS]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into()
    }

    pub fn name(&self, what: &str) -> String {
        format!("berth-{}-{what}", self.instance)
    }

    /// A container that runs a shell line inside it.
    #[allow(dead_code)]
    pub fn shell(&self, what: &str, line: &str) -> InstanceSpec {
        let command = ["sh", "-c", line].map(str::to_owned).to_vec(); // the container's: not a shell of ours
        InstanceSpec { image: DEBIAN.into(), command: Some(command), ..self.spec(what) }
    }

    /// A container of the test's program.
    #[allow(dead_code)]
    pub fn spec(&self, what: &str) -> InstanceSpec {
        InstanceSpec {
            name: self.name(what),
            image: shipped(),
            labels: self.labels(),
            restart: berth_engine::docker::Restart::No,
            ..Default::default()
        }
    }

    #[allow(dead_code)]
    pub async fn run(&self, spec: &InstanceSpec) {
        self.docker.create_instance(spec).await.expect("created");
        self.docker.start_instance(&spec.name).await.expect("started");
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let (instance, labels) = (self.instance.clone(), self.labels());
        let cleaning = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let docker = Docker::connect().await.expect("Docker");
                remove_all(&docker, &labels, &instance).await;
            });
        });
        _ = cleaning.join();
    }
}

async fn remove_all(docker: &Docker, labels: &Labels, instance: &str) {
    for container in docker.instances(labels).await.unwrap_or_default() {
        _ = docker.remove_instance(&container.name).await;
    }
    // The proxy has no label of the test's, only the instance's.
    _ = docker.remove_instance(&format!("berth-{instance}-proxy")).await;
    let ours: Labels = [("berth.instance".to_owned(), instance.to_owned())].into();
    for network in docker.networks(&ours).await.unwrap_or_default() {
        _ = docker.remove_network(&network.name).await;
    }
    for volume in docker.volumes(labels).await.unwrap_or_default() {
        _ = docker.remove_volume(&volume.name).await;
    }
    for image in docker.images(labels).await.unwrap_or_default() {
        for tag in &image.repo_tags {
            _ = docker.remove_image(tag).await;
        }
        _ = docker.remove_image(&image.id).await;
    }
}

/// What a killed run left behind, told by its age: another run may be going on.
async fn remove_left_over(docker: &Docker) {
    let tests: Labels = [(OF_TESTS.0.to_owned(), OF_TESTS.1.to_owned())].into();
    let long_ago = chrono::Utc::now() - LEFT_OVER;
    for container in docker.instances(&tests).await.unwrap_or_default() {
        if container.created < long_ago
            && let Some(instance) = container.labels.get("berth.instance")
        {
            remove_all(docker, &tests_of(instance), instance).await;
        }
    }
}

fn tests_of(instance: &str) -> Labels {
    [("berth.instance", instance), OF_TESTS].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
}

/// Waits until something holds, and fails with the last thing seen.
#[allow(dead_code)]
pub async fn eventually<T, E: std::fmt::Debug>(what: &str, mut look: impl AsyncFnMut() -> Result<T, E>) -> T {
    let started = std::time::Instant::now();
    loop {
        match look().await {
            Ok(seen) => return seen,
            Err(seen) if started.elapsed() > Duration::from_secs(20) => panic!("{what}: last seen {seen:?}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
