//! What a build gets from Berth, and where its image goes: secrets by name, and a registry.

use std::collections::BTreeMap;

use super::{Rollout, halt::Halt};
use crate::docker::SecretBytes;

impl Rollout {
    /// The variables that are marked for builds, as BuildKit secrets; no other one is seen by a build.
    pub(super) async fn build_secrets(&self) -> Result<BTreeMap<String, SecretBytes>, Halt> {
        let wanted = &self.job.settings.build_variables;
        if wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let present = self.engine.present_variables(self.job.organisation, self.job.service).await?;
        let mut secrets = BTreeMap::new();
        for key in wanted {
            let (_, value) = present.iter().find(|(name, _)| name == key).ok_or_else(|| {
                Halt::failed(format!(
                    "The build is to get the variable {key}, and the service has none of that name"
                ))
            })?;
            secrets.insert(key.clone(), SecretBytes::new(value.expose()));
        }
        self.journal.say(&format!("The build gets {} as secrets.", wanted.join(", "))).await;
        Ok(secrets)
    }

    /// Pushes the image that was built to the organisation's registry, when it has one for that. The release then goes by
    /// its name there.
    pub(super) async fn push_release(&mut self) -> Result<(), Halt> {
        let Some((place, auth)) = self.engine.push_to(self.job.organisation).await? else { return Ok(()) };
        let path = &self.job.path;
        let name =
            format!("{place}/{}-{}-{}:{}", path.project, path.environment, path.service, self.job.number);
        let docker = self.engine.docker().await?;
        self.journal.say(&format!("Push {name}")).await;
        docker.tag_image(&self.image_tag(), &name).await?;
        let pushed = docker.push_image(&name, &auth).await;
        // The image is kept by Berth's own tag; this one has served.
        let untagged = docker.remove_image(&name).await;
        let digest = pushed?;
        if let Err(error) = untagged {
            tracing::warn!(%error, "could not take a registry's tag off an image");
        }
        self.journal.say(&format!("Pushed {digest}")).await;
        self.job.image = Some(digest);
        self.engine.parts.store.note_source(&self.job).await.map_err(Halt::store)
    }
}
