//! Looks at what Docker runs and writes down what was seen: the state of a service is an observation, never a wish.

use std::{collections::BTreeSet, time::Duration};

use berth_domain::{
    ids::ServiceId,
    service::{InstanceView, ServiceState},
};
use dashmap::DashSet;
use futures::StreamExt;
use tokio::sync::Notify;
use tracing::warn;

use crate::{
    Engine,
    docker::{InstanceState, InstanceSummary, ObservedInstance, Runtime, RuntimeEvent},
    naming::{number_of, service_of},
    store::deployments::Wanted,
};

/// How often everything is looked at without a signal.
const PERIOD: Duration = Duration::from_secs(15);

/// Events of one moment are looked at together.
const TOGETHER: Duration = Duration::from_millis(50);

/// Services to look at.
#[derive(Default)]
pub(crate) struct Unseen {
    services: DashSet<ServiceId>,
    signal: Notify,
}

impl Engine {
    /// Asks the observer to look at a service soon.
    pub(crate) fn look_at(&self, service: ServiceId) {
        self.parts.unseen.services.insert(service);
        self.parts.unseen.signal.notify_one();
    }
}

/// Observes for ever: on Docker's events, on signals, and every [`PERIOD`].
pub(crate) async fn run(engine: Engine) {
    loop {
        if let Ok(docker) = engine.docker().await {
            observe_with(&engine, &*docker).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn observe_with(engine: &Engine, docker: &dyn Runtime) {
    let mut events = docker.events(&engine.parts.naming.ours());
    let mut period = tokio::time::interval(PERIOD);
    loop {
        let seen = tokio::select! {
            event = events.next() => match event {
                Some(event) => note(engine, event),
                None => return,
            },
            () = engine.parts.unseen.signal.notified() => Seen::Some,
            _ = period.tick() => Seen::All,
        };
        let looked = match seen {
            Seen::Nothing => Ok(()),
            Seen::All => look_at_all(engine, docker).await,
            Seen::Some => {
                tokio::time::sleep(TOGETHER).await;
                look_at_some(engine, docker).await
            }
        };
        if let Err(error) = looked {
            warn!(%error, "could not observe what runs");
        }
    }
}

enum Seen {
    Nothing,
    Some,
    All,
}

/// Takes an event of Docker in; a start also means that there is output to follow.
fn note(engine: &Engine, event: RuntimeEvent) -> Seen {
    match event {
        RuntimeEvent::Connected => {
            engine.parts.proxy_signal.notify_one();
            Seen::All
        }
        RuntimeEvent::Container { name, action, attributes, .. } => {
            let Some(service) = service_of(&attributes) else {
                engine.parts.proxy_signal.notify_one();
                return Seen::Nothing;
            };
            if action == "start" {
                engine.collect_logs(&name, service);
            }
            if matches!(action.as_str(), "start" | "die" | "oom" | "destroy" | "pause" | "unpause") {
                engine.parts.unseen.services.insert(service);
                return Seen::Some;
            }
            Seen::Nothing
        }
        RuntimeEvent::Lost { reason } => {
            warn!(reason, "Docker does not answer");
            Seen::Nothing
        }
        RuntimeEvent::Network { .. } => Seen::Nothing,
    }
}

async fn look_at_all(engine: &Engine, docker: &dyn Runtime) -> crate::Result<()> {
    let instances = docker.instances(&engine.parts.naming.ours()).await?;
    for instance in &instances {
        if let Some(service) = service_of(&instance.labels)
            && instance.state == InstanceState::Running
        {
            engine.collect_logs(&instance.name, service);
        }
    }
    for wanted in engine.parts.store.wanted(None).await? {
        look(engine, docker, &wanted, &instances).await?;
    }
    Ok(())
}

async fn look_at_some(engine: &Engine, docker: &dyn Runtime) -> crate::Result<()> {
    let services: BTreeSet<ServiceId> = engine.parts.unseen.services.iter().map(|entry| *entry).collect();
    for service in &services {
        engine.parts.unseen.services.remove(service);
        let instances = docker.instances(&engine.parts.naming.of_service(*service)).await?;
        for wanted in engine.parts.store.wanted(Some(*service)).await? {
            look(engine, docker, &wanted, &instances).await?;
        }
    }
    Ok(())
}

/// Looks at one service and writes down what is new.
async fn look(
    engine: &Engine,
    docker: &dyn Runtime,
    wanted: &Wanted,
    instances: &[InstanceSummary],
) -> crate::Result<()> {
    let mut views = Vec::new();
    let mut live = None;
    for summary in instances.iter().filter(|i| service_of(&i.labels) == Some(wanted.service)) {
        let Some(instance) = docker.inspect_instance(&summary.name).await? else { continue };
        let number = number_of(&instance.labels);
        views.push(view(&instance, number));
        if number.is_some() && number == wanted.live_number {
            live = Some(instance);
        }
    }
    views.sort_by_key(|view| std::cmp::Reverse(view.deployment));
    let (state, reason) = judge(wanted, live.as_ref());
    engine.parts.store.observed(wanted, state, reason, &views, engine.now()).await?;
    Ok(())
}

fn view(instance: &ObservedInstance, deployment: Option<u64>) -> InstanceView {
    InstanceView {
        name: instance.name.clone(),
        deployment,
        running: instance.running,
        state: state_in_words(instance),
        started_at: instance.started_at,
        restarts: u32::try_from(instance.restart_count).unwrap_or(0),
        image: instance.image_id.clone(),
    }
}

fn state_in_words(instance: &ObservedInstance) -> String {
    match (instance.state, instance.exit_code) {
        (InstanceState::Exited | InstanceState::Dead, _) if instance.oom_killed => "out of memory".into(),
        (InstanceState::Exited | InstanceState::Dead, Some(code)) => format!("exited ({code})"),
        (InstanceState::Restarting, Some(code)) => format!("restarting after exit code {code}"),
        (state, _) => format!("{state:?}").to_lowercase(),
    }
}

/// What the service is, judged by what should be and what was seen.
fn judge(wanted: &Wanted, live: Option<&ObservedInstance>) -> (ServiceState, Option<String>) {
    if wanted.stopped {
        return (ServiceState::Stopped, None);
    }
    let Some(number) = wanted.live_number else {
        return match (wanted.deploying, wanted.last_failed) {
            (true, _) => (ServiceState::Deploying, None),
            (false, true) => {
                (ServiceState::Down, Some("The last deployment failed; nothing runs yet.".into()))
            }
            (false, false) => (ServiceState::New, None),
        };
    };
    let down = |why: String| (ServiceState::Down, Some(why));
    match live {
        None => {
            down(format!("The container of release #{number} is gone. Deploy or restart to have it back."))
        }
        Some(instance) if wanted.image_id.as_deref().is_some_and(|id| id != instance.image_id) => {
            down("The container runs another image than its release. Restart to repair it.".into())
        }
        Some(instance) if !instance.running => {
            down(format!("The container of release #{number} does not run: {}.", state_in_words(instance)))
        }
        Some(_) => (ServiceState::Live, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        Wanted {
            organisation: uuid::Uuid::nil().into(),
            service: uuid::Uuid::nil().into(),
            stopped: false,
            live_number: Some(3),
            image_id: Some("sha256:a".into()),
            deploying: false,
            last_failed: false,
        }
    }

    fn instance(running: bool, image: &str) -> ObservedInstance {
        ObservedInstance {
            id: "x".into(),
            name: "x".into(),
            image_id: image.into(),
            state: if running { InstanceState::Running } else { InstanceState::Exited },
            running,
            pid: None,
            exit_code: Some(1),
            oom_killed: false,
            error: None,
            started_at: None,
            finished_at: None,
            restart_count: 0,
            addresses: Default::default(),
            labels: Default::default(),
            health: None,
        }
    }

    #[test]
    fn r_dep_2_live_is_what_was_observed() {
        assert_eq!(judge(&wanted(), Some(&instance(true, "sha256:a"))).0, ServiceState::Live);
        assert_eq!(judge(&wanted(), Some(&instance(true, "sha256:b"))).0, ServiceState::Down);
        assert_eq!(judge(&wanted(), None).0, ServiceState::Down);
        let (state, reason) = judge(&wanted(), Some(&instance(false, "sha256:a")));
        assert_eq!(state, ServiceState::Down);
        assert!(reason.unwrap().contains("exited (1)"));
    }
}
