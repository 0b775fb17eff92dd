//! Deployments of what was made elsewhere: an image by its reference, source as a tarball.

use super::{Acting, reach::service_in};
use crate::{
    Error, Result, docker,
    store::{Subject, deployments::NewDeployment},
};
use berth_domain::{
    builder::BuildPlan,
    deployment::{Cause, DeployRequest, DeploymentView},
    event::EventKind,
    permission::Permission,
    problem::{Problem, ProblemKind},
    registry::place_of,
    service::ServicePath,
    source::{ImageSource, Source},
    upload::UploadQuery,
};
use std::{pin::Pin, time::Duration};
use tokio::io::AsyncRead;

/// How long somebody waits to see what would be built.
const LOOK_WITHIN: Duration = Duration::from_secs(45);

impl Acting {
    /// Makes a reference the image of a service, for a deployment that asked for it. Who may only deploy stays within the
    /// repository that somebody chose for the service: anything else could read its secrets.
    pub(super) async fn take_image(
        &self,
        path: &ServicePath,
        reference: &str,
        request: &DeployRequest,
    ) -> Result<()> {
        if request.commit.is_some() || request.restart {
            return Err(Error::invalid("image", "An image has no commit, and is not the live one again."));
        }
        let wanted = ImageSource { reference: reference.to_owned() };
        wanted.check().map_err(|(_, why)| Error::invalid("image", why))?;
        docker::image_reference(reference).map_err(|error| Error::invalid("image", error))?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let found = service_in(&rows, path).await?;
        rows.hold_service(found.id).await?;
        let service = service_in(&rows, path).await?;
        let Source::Image(present) = &service.source else {
            let why =
                "This service builds its image. Deploy a commit or a tarball, or make its source an image.";
            return Err(Error::invalid("image", why));
        };
        if present.reference == reference {
            return Ok(());
        }
        if place_of(&present.reference) != place_of(reference) {
            self.require(Permission::Configure)?;
        }
        let told = format!("Service {path} was changed: its image is {reference}.");
        let source = Source::Image(wanted);
        rows.change_service(service.id, &path.service, &source, &service.settings).await?;
        write.record(self.tells(EventKind::ServiceChanged, Subject::service(service.id, path), told));
        Ok(write.commit().await?)
    }

    /// What a deployment would build now: the source is fetched and looked at, and nothing is built.
    pub async fn preview_build(&self, path: &ServicePath) -> Result<BuildPlan> {
        self.require(Permission::Deploy)?;
        let service = self.service_row(path).await?;
        if matches!(service.source, Source::Image(_)) {
            return Err(Error::conflict("This service is made of an image, and builds nothing."));
        }
        let job =
            self.engine.store().next_job(service.id).await?.ok_or_else(|| Error::not_found("service"))?;
        let refused = |why: String| Problem::new(ProblemKind::Unavailable, why);
        let planned = tokio::time::timeout(LOOK_WITHIN, self.engine.plan_build(job)).await;
        let planned = planned
            .map_err(|_| refused(format!("The source did not come within {} s.", LOOK_WITHIN.as_secs())))?;
        Ok(planned?.map_err(refused)?)
    }

    /// Takes a tarball in and queues a deployment that builds it as if it were a commit, or loads the image that it is. Who
    /// may only deploy stays within what somebody chose for the service, as in [`Self::take_image`].
    pub async fn deploy_upload(
        &self,
        path: &ServicePath,
        query: UploadQuery,
        body: Pin<&mut (dyn AsyncRead + Send)>,
    ) -> Result<DeploymentView> {
        self.require(Permission::Deploy)?;
        let service = self.service_row(path).await?;
        match (&service.source, query.image) {
            (Source::Image(_), true) => self.require(Permission::Configure)?,
            (Source::Image(_), false) => {
                let why = "This service is made of an image and builds nothing. Deploy an image, or change its source.";
                return Err(Error::conflict(why));
            }
            _ => {}
        }
        self.engine
            .find_room()
            .await
            .map_err(|short| Problem::new(ProblemKind::Unavailable, short.to_string()))?;
        let upload = self.engine.receive_upload(service.id, query.image, body).await?;
        let request =
            DeployRequest { no_cache: query.no_cache, upload: Some(upload), ..DeployRequest::default() };
        let new = NewDeployment {
            id: self.engine.parts.ids.deployment(),
            service: service.id,
            path: path.clone(),
            cause: Cause::Manual,
            request,
            release: None,
            keep_variables: false,
            at: self.engine.now(),
        };
        self.engine.put_in_queue(&self.actor, new).await
    }
}
