//! Which commit a preview may run.

use crate::{Actor, Engine, Result, store::Scope};
use berth_domain::{
    deployment::DeployRequest,
    ids::ServiceId,
    problem::{Problem, ProblemKind},
};

impl Engine {
    /// R-SEC-11: whoever asks for a deployment of a preview gets the commit of its pull request, and of a fork's only the
    /// one that a member approved. Other services get what was asked for.
    pub(crate) async fn pinned(
        &self,
        actor: &Actor,
        service: ServiceId,
        request: DeployRequest,
    ) -> Result<DeployRequest> {
        let rows = self.store().scoped(Scope(actor.organisation));
        let Some(row) = rows.service_by_id(service).await? else { return Ok(request) };
        let preview = rows.preview_in(row.environment).await?;
        let Some(preview) = preview.filter(|preview| preview.child == Some(service) && !request.restart)
        else {
            return Ok(request);
        };
        let commit = match (preview.foreign, preview.approved_commit) {
            (false, _) => request.commit.unwrap_or(preview.commit),
            (true, Some(approved)) if request.commit.as_ref().is_none_or(|asked| *asked == approved) => {
                approved
            }
            (true, _) => {
                let message = format!("That commit of pull request {} is not approved.", preview.number);
                let hint = "Approve it on the page of the service's previews.";
                return Err(Problem::new(ProblemKind::Conflict, message).with_hint(hint).into());
            }
        };
        Ok(DeployRequest { commit: Some(commit), ..request })
    }
}
