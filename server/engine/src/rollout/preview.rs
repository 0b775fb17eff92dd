//! What a deployment would do now, before anybody asks for it.

use berth_domain::{
    plan::{PlanPreview, PlannedStep, plan},
    problem::{Problem, ProblemKind},
};

use super::{Rollout, Signals};
use crate::{Engine, Result, store::deployments::Job};

impl Engine {
    /// Plans a deployment with the present settings against what is there.
    pub(crate) async fn preview(&self, job: Job) -> Result<PlanPreview> {
        let rollout = Rollout::resume(self.clone(), job, Signals::default()).await?;
        let observed = rollout.observe().await.map_err(|_| {
            let words = "Docker did not answer, so what a deployment would do is not known.";
            Problem::new(ProblemKind::Unavailable, words)
        })?;
        let plan = plan(&rollout.desired(), &observed);
        let step = |(phase, step): (_, &berth_domain::plan::Step)| PlannedStep {
            phase,
            text: rollout.in_short(&step.describe()),
        };
        Ok(PlanPreview { steps: plan.by_phase().map(step).collect(), warning: plan.warning.clone() })
    }
}
