//! Pulls from a registry that asks for a password, and builds on what is there.

#[path = "lab/lab.rs"]
mod lab;
#[path = "lab/registry.rs"]
mod registry;

use std::sync::Mutex;

use berth_engine::docker::{BuildRequest, DockerError, RegistryAuth, Runtime, SecretBytes};
use lab::Lab;
use registry::{PASSWORD, Registry, USER};
use tokio_util::sync::CancellationToken;

fn auth(registry: &Registry, password: &str) -> RegistryAuth {
    RegistryAuth { server: registry.host(), username: USER.into(), password: SecretBytes::new(password) }
}

#[tokio::test]
async fn an_image_is_pulled_with_its_password_and_known_by_its_digest() {
    let (lab, registry) = (Lab::open().await, Registry::start().await);
    let told = Mutex::new(Vec::new());
    let image = lab
        .docker
        .pull_image(&registry.reference(), Some(&auth(&registry, PASSWORD)), &|word| {
            told.lock().expect("unpoisoned").push(word.status);
        })
        .await
        .expect("pulled");
    let expected = format!("{}/team/app@{}", registry.host(), registry.manifest);
    assert_eq!(image.repo_digests, [expected.as_str()]);
    assert_eq!((image.exposed_ports.as_slice(), image.user.as_str()), ([9000].as_slice(), "1000"));
    assert!(
        told.lock().expect("unpoisoned").iter().any(|status| status.contains("Pull complete")),
        "{told:?}"
    );
    // The same by its digest, and as it is when nothing has changed.
    let again =
        lab.docker.pull_image(&expected, Some(&auth(&registry, PASSWORD)), &|_| ()).await.expect("there");
    assert_eq!(again.id, image.id);
    lab.docker.remove_image(&registry.reference()).await.expect("untagged");
    lab.docker.remove_image(&expected).await.expect("removed");
}

#[tokio::test]
async fn a_refused_pull_says_so_and_shows_no_password() {
    let (lab, registry) = (Lab::open().await, Registry::start().await);
    for auth in [None, Some(auth(&registry, "canary-wrong"))] {
        let error =
            lab.docker.pull_image(&registry.reference(), auth.as_ref(), &|_| ()).await.expect_err("refused");
        assert!(matches!(error, DockerError::Pull { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(&registry.reference()) && text.contains("credentials"), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
    let missing = format!("{}/team/app:2", registry.host());
    let error =
        lab.docker.pull_image(&missing, Some(&auth(&registry, PASSWORD)), &|_| ()).await.expect_err("none");
    assert!(error.to_string().contains("Check the name and the tag"), "{error}");
}

#[tokio::test]
async fn a_private_base_image_is_pulled_by_the_build() {
    let (lab, registry) = (Lab::open().await, Registry::start().await);
    let checkout = tempfile::tempdir().expect("a folder");
    let dockerfile = format!("FROM {}\nCOPY Dockerfile /built\n", registry.reference());
    std::fs::write(checkout.path().join("Dockerfile"), dockerfile).expect("a Dockerfile");
    let request = BuildRequest {
        root: checkout.path().to_owned(),
        tag: format!("berth-{}-private:1", lab.instance),
        labels: lab.labels(),
        ..Default::default()
    };
    let cancel = CancellationToken::new();
    let error =
        lab.docker.build_image(&request, &|_| (), &cancel).await.expect_err("no password").to_string();
    assert!(error.contains("team/app"), "{error}");
    let request = BuildRequest { registries: vec![auth(&registry, PASSWORD)], ..request };
    lab.docker.build_image(&request, &|_| (), &cancel).await.expect("built");
    let image = lab.docker.inspect_image(&request.tag).await.expect("asked").expect("there");
    assert_eq!(image.exposed_ports, [9000]);
}
