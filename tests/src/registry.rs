//! A registry of images on the loopback: CNCF's own, with a password.

use crate::{
    docker::{self, Docker},
    process::{command, free_ports, spawn, tail},
    wait::eventually,
};
use anyhow::{Context, Result, ensure};
use bollard::{
    auth::DockerCredentials,
    query_parameters::{PushImageOptionsBuilder, RemoveImageOptions, TagImageOptionsBuilder},
};
use futures::TryStreamExt as _;
use serde_json::Value;
use std::{env, process::Child};

/// Who may.
pub const USER: &str = "person";
/// Its password.
pub const PASSWORD: &str = "canary-registry-password";
/// The same as the registry keeps it: bcrypt.
const HASH: &str = "$2b$05$QYKPP6PzkMlG9hzQXPJDB.JC1oO3OBhsDvI2HxIu7NKu1zmGGVGCu";

/// A running registry; it goes with its images when it is dropped.
pub struct ImageRegistry {
    port: u16,
    folder: tempfile::TempDir,
    child: Child,
}

impl ImageRegistry {
    /// Starts one that asks everybody for the password.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("berth-registry-").tempdir()?;
        let [port] = free_ports()?;
        let at = folder.path().display();
        std::fs::write(folder.path().join("users"), format!("{USER}:{HASH}\n"))?;
        let settings = format!(
            "version: 0.1\nlog: {{ level: warn }}\nhttp: {{ addr: '127.0.0.1:{port}', secret: test }}\n\
             storage: {{ filesystem: {{ rootdirectory: '{at}/images' }} }}\n\
             auth: {{ htpasswd: {{ realm: test, path: '{at}/users' }} }}\n"
        );
        std::fs::write(folder.path().join("settings.yml"), settings)?;
        let program = env::var("BERTH_REGISTRY").context("tests/run sets BERTH_REGISTRY")?;
        let mut start = command(program);
        start.arg("serve").arg(folder.path().join("settings.yml"));
        let log = folder.path().join("log");
        let registry = Self { port, child: spawn(start, &log)?, folder };
        eventually("the registry answers", || async {
            let status = registry.asked("").await?.status();
            ensure!(status.is_success(), "it answered {status}");
            Ok(())
        })
        .await
        .with_context(|| tail(&log, 20))?;
        Ok(registry)
    }

    /// Its address, as images name it.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    async fn asked(&self, path: &str) -> Result<reqwest::Response> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let request = client.get(format!("http://{}/v2/{path}", self.address()));
        Ok(request.basic_auth(USER, Some(PASSWORD)).send().await?)
    }

    /// The tags of a name; none when it has nothing of that name.
    pub async fn tags(&self, name: &str) -> Result<Vec<String>> {
        let answer: Value = self.asked(&format!("{name}/tags/list")).await?.json().await?;
        let tags = answer["tags"].as_array().cloned().unwrap_or_default();
        Ok(tags.iter().filter_map(|tag| tag.as_str().map(str::to_owned)).collect())
    }

    /// Puts an image of this machine in, under a name with a tag, and gives its reference. The machine forgets that name.
    pub async fn put(&self, docker: &Docker, image: &str, name: &str, tag: &str) -> Result<String> {
        let repository = format!("{}/{name}", self.address());
        let named = TagImageOptionsBuilder::new().repo(&repository).tag(tag).build();
        docker.api.tag_image(image, Some(named)).await?;
        let credentials = DockerCredentials {
            username: Some(USER.into()),
            password: Some(PASSWORD.into()),
            ..DockerCredentials::default()
        };
        let options = PushImageOptionsBuilder::new().tag(tag).build();
        let pushed = docker.api.push_image(&repository, Some(options), Some(credentials));
        pushed.try_collect::<Vec<_>>().await?;
        let reference = format!("{repository}:{tag}");
        docker.api.remove_image(&reference, None::<RemoveImageOptions>, None).await?;
        Ok(reference)
    }

    /// What the registry wrote, for messages.
    pub fn log(&self) -> String {
        tail(&self.folder.path().join("log"), 40)
    }
}

impl Drop for ImageRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // What was pulled from here has names that nobody else has.
        docker::forget_blocking(self.address());
    }
}
