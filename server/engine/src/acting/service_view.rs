//! A service as its pages show it, and how it stands against what runs.

use super::Acting;
use crate::{
    Result,
    store::{FileRow, ServiceRow, VariableRow},
};
use berth_domain::{
    deployment::DeploymentView,
    release::ReleaseSpec,
    service::{Process, ServiceSettings, ServiceView},
    variable::AgainstRunning,
};
use std::collections::BTreeMap;

impl Acting {
    /// Everything that a service's pages show.
    pub(super) async fn service_view(&self, row: ServiceRow) -> Result<ServiceView> {
        let rows = self.rows();
        let domains = rows.domains(row.id).await?;
        let live_spec = rows.live_spec(row.live_deployment).await?;
        let restart_needed = match &live_spec {
            Some((_, spec)) => {
                needs_restart(spec, &row.settings, &rows.variables(row.id).await?)
                    || files_differ(spec, &rows.files(row.id).await?)
            }
            None => false,
        };
        let live_number = live_spec.map(|(number, _)| number);
        let newest_number = row.next_number.saturating_sub(1);
        let latest = self.deployment_at(&row, Some(newest_number)).await?;
        let live = match &latest {
            Some(latest) if Some(latest.number) == live_number => Some(latest.clone()),
            _ => self.deployment_at(&row, live_number).await?,
        };
        let port = row.port();
        let mut instances = row.instances;
        self.engine.parts.probes.show(&mut instances);
        Ok(ServiceView {
            id: row.id,
            state: row.state,
            state_reason: row.state_reason.clone(),
            port,
            path: row.path,
            source: row.source,
            settings: row.settings,
            domains: domains.into_iter().map(|domain| self.engine.domain_view(domain)).collect(),
            live,
            latest,
            instances,
            observed_at: row.observed_at.map(|at| at.max(self.engine.parts.unseen.looked_at())),
            restart_needed,
            credential_set: row.credential.is_some(),
            maintenance: row.maintenance,
            paused_until: row.paused_until.filter(|until| *until > self.engine.now()),
            polled: self.engine.parts.polls.view(row.id),
            created_at: row.created_at,
        })
    }

    async fn deployment_at(&self, row: &ServiceRow, number: Option<u64>) -> Result<Option<DeploymentView>> {
        let Some(number) = number.filter(|number| *number > 0) else { return Ok(None) };
        match self.rows().deployment(row.id, number).await? {
            Some(found) => Ok(Some(self.engine.deployment_view(&row.path, found).await?)),
            None => Ok(None),
        }
    }
}

/// Whether what runs would be another if it were started now.
pub(super) fn needs_restart(live: &ReleaseSpec, now: &ServiceSettings, variables: &[VariableRow]) -> bool {
    settings_differ(&live.settings, now)
        || compare(&live.variables, variables).values().any(|against| *against != AgainstRunning::Same)
}

/// Whether what runs has other files.
pub(super) fn files_differ(live: &ReleaseSpec, saved: &[FileRow]) -> bool {
    let digest = |file: &FileRow| live.files.get(&file.path) == Some(&file.digest);
    live.files.len() != saved.len() || !saved.iter().all(digest)
}

/// Only what an instance gets at its start: the rest is effective without one.
fn settings_differ(live: &ServiceSettings, now: &ServiceSettings) -> bool {
    live.port != now.port
        || live.routed != now.routed
        || live.command != now.command
        || !same_processes(live, now)
        || live.volumes != now.volumes
        || live.cpu_millis != now.cpu_millis
        || live.memory_mib != now.memory_mib
        || live.isolation != now.isolation
        || live.restart != now.restart
}

/// How many there are of a process takes effect without a restart.
fn same_processes(live: &ServiceSettings, now: &ServiceSettings) -> bool {
    let commands = |settings: &ServiceSettings| {
        let named = |process: &Process| (process.name.clone(), process.command.clone());
        settings.processes.iter().map(named).collect::<Vec<_>>()
    };
    commands(live) == commands(now)
}

/// Each key, saved or running, with how the saved value stands against the running one. `running` has digests.
pub(super) fn compare<'a>(
    running: &'a BTreeMap<String, String>,
    saved: &'a [VariableRow],
) -> BTreeMap<&'a str, AgainstRunning> {
    let mut keys: BTreeMap<&str, AgainstRunning> =
        running.keys().map(|key| (key.as_str(), AgainstRunning::Removed)).collect();
    for variable in saved {
        let against = match running.get(&variable.key) {
            None => AgainstRunning::Added,
            Some(digest) if *digest == variable.digest => AgainstRunning::Same,
            Some(_) => AgainstRunning::Changed,
        };
        keys.insert(&variable.key, against);
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use berth_domain::ids::{ServiceId, VariableId};
    use uuid::Uuid;

    fn saved(key: &str, digest: &str) -> VariableRow {
        VariableRow {
            id: VariableId(Uuid::nil()),
            service: ServiceId(Uuid::nil()),
            key: key.into(),
            secret: true,
            sealed: vec![],
            digest: digest.into(),
            changed_by: "a".into(),
            changed_at: crate::store::now(),
        }
    }

    fn spec(variables: &[(&str, &str)]) -> ReleaseSpec {
        ReleaseSpec {
            image_id: "sha256:a".into(),
            image_name: "web".into(),
            commit: None,
            settings: ServiceSettings::default(),
            port: None,
            domains: vec![],
            published: Vec::new(),
            variables: variables.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            files: Default::default(),
        }
    }

    #[test]
    fn r_env_3_each_difference_to_what_runs_is_named() {
        let running = spec(&[("A", "1"), ("B", "1"), ("D", "1")]);
        let saved = [saved("A", "1"), saved("B", "2"), saved("C", "3")];
        let got: Vec<_> = compare(&running.variables, &saved).into_iter().collect();
        use AgainstRunning::{Added, Changed, Removed, Same};
        assert_eq!(got, [("A", Same), ("B", Changed), ("C", Added), ("D", Removed)]);
    }

    #[test]
    fn r_env_3_only_what_an_instance_is_started_with_asks_for_a_restart() {
        let live = spec(&[("A", "1")]);
        let same = [saved("A", "1")];
        let mut now = ServiceSettings { auto_deploy: false, drain_ms: 1, ..ServiceSettings::default() };
        assert!(!needs_restart(&live, &now, &same));
        assert!(needs_restart(&live, &now, &[]));
        now.memory_mib = Some(64);
        assert!(needs_restart(&live, &now, &same));
    }
}
