//! The release: what will run, resolved and written down once.

use berth_domain::release::ReleaseSpec;

use super::{Rollout, halt::Halt};
use crate::{docker::ImageFacts, store::releases::ReleaseRow, vault::Row};

impl Rollout {
    /// Ends with a release on the job. A rollback has one already and keeps it, unless it takes the present variables.
    pub(super) async fn freeze(&mut self) -> Result<(), Halt> {
        if self.job.release.is_some() && !self.job.keep_variables {
            return Ok(());
        }
        let facts = self.image_facts().await?;
        let id = self.engine.parts.ids.release();
        let variables = self.engine.present_variables(self.job.organisation, self.job.service).await?;
        let mut spec = match &self.job.release {
            Some(release) => release.spec.clone(),
            None => self.present_spec(&facts).await?,
        };
        spec.variables = variables
            .iter()
            .map(|(key, value)| (key.clone(), self.engine.digest(self.job.service, value.expose())))
            .collect();
        let sealed = self.engine.seal_variables(&Row::new("releases", id.0, "variables"), &variables)?;
        let release = ReleaseRow {
            id,
            organisation: self.job.organisation,
            service: self.job.service,
            number: self.job.number,
            spec,
            variables: sealed,
            created_at: self.engine.now(),
        };
        self.engine.parts.store.insert_release(&release).await.map_err(Halt::store)?;
        self.journal.say(&format!("Release #{} with {} variables", release.number, variables.len())).await;
        self.job.release = Some(release);
        Ok(())
    }

    async fn image_facts(&self) -> Result<ImageFacts, Halt> {
        let tag = self.image_tag();
        let facts = self.engine.docker().await?.inspect_image(&tag).await?;
        facts.ok_or_else(|| {
            Halt::failed(format!("The image {tag} was removed while it was being deployed. Deploy again"))
        })
    }

    async fn present_spec(&self, facts: &ImageFacts) -> Result<ReleaseSpec, Halt> {
        let domains = self.engine.parts.store.domains_of(self.job.service).await.map_err(Halt::store)?;
        let port = self.job.settings.port.or_else(|| facts.exposed_ports.first().copied());
        Ok(ReleaseSpec {
            image_id: facts.id.clone(),
            image_name: self.job.image.clone().unwrap_or_else(|| self.image_tag()),
            commit: self.job.commit.clone(),
            settings: self.job.settings.clone(),
            port,
            domains,
            published: self.engine.store().ports_of(self.job.service).await.map_err(Halt::store)?,
            variables: Default::default(),
            files: self
                .engine
                .store()
                .files_of(self.job.organisation, self.job.service)
                .await
                .map_err(Halt::store)?,
        })
    }
}
