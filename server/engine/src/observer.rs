//! Looks at what Docker runs and writes down what was seen: the state of a service is an observation, never a wish.

mod judge;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    net::IpAddr,
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use berth_domain::{
    Timestamp,
    ids::ServiceId,
    service::{InstanceView, WEB},
};
use dashmap::{DashMap, DashSet};
use futures::{FutureExt, StreamExt, stream::BoxStream};
use tokio::sync::Notify;
use tracing::warn;

use crate::{
    Engine,
    docker::{InstanceState, InstanceSummary, ObservedInstance, Runtime, RuntimeEvent},
    naming::{is_instance, number_of, process_of, service_of},
    store::deployments::{LiveRelease, Wanted},
};
use judge::{Expected, judge};

/// How often everything is looked at without a signal.
const PERIOD: Duration = Duration::from_secs(15);

/// Events of one moment are looked at together.
const TOGETHER: Duration = Duration::from_millis(50);

/// Services to look at, and what was last seen of each container.
#[derive(Default)]
pub(crate) struct Unseen {
    services: DashSet<ServiceId>,
    /// Those of which nothing that was seen before counts.
    afresh: DashSet<ServiceId>,
    signal: Notify,
    seen: DashMap<String, Looked>,
    /// Microseconds.
    last_look: AtomicU64,
    /// When everything was last looked at, in milliseconds since 1970.
    looked_at: AtomicI64,
}

impl Unseen {
    /// How long the last look at everything took.
    pub fn last_look(&self) -> Duration {
        Duration::from_micros(self.last_look.load(Ordering::Relaxed))
    }

    /// The instances that ran when they were last looked at.
    pub fn running(&self) -> Vec<Running> {
        let running = self.seen.iter().filter(|entry| entry.view.running);
        let running = running.filter_map(|entry| {
            Some(Running {
                service: entry.service?,
                name: entry.view.name.clone(),
                number: entry.view.deployment,
                process: entry.view.process.clone(),
                networks: entry.networks.clone(),
            })
        });
        running.collect()
    }

    /// When everything was last looked at; 1970 before the first time.
    pub fn looked_at(&self) -> Timestamp {
        Timestamp::from_timestamp_millis(self.looked_at.load(Ordering::Relaxed)).unwrap_or_default()
    }
}

impl Engine {
    /// Asks the observer to look at a service soon.
    pub(crate) fn look_at(&self, service: ServiceId) {
        self.parts.unseen.afresh.insert(service);
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
    let mut events = docker.events(&engine.parts.naming.ours()).fuse().boxed();
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
                // A hundred instances that start are a hundred events: one look is enough for them.
                match note_all(engine, &mut events) {
                    Seen::All => look_at_all(engine, docker).await,
                    _ => look_at_some(engine, docker).await,
                }
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

/// Takes in every event that is there already.
fn note_all(engine: &Engine, events: &mut BoxStream<'static, RuntimeEvent>) -> Seen {
    let mut all = false;
    while let Some(Some(event)) = events.next().now_or_never() {
        all |= matches!(note(engine, event), Seen::All);
    }
    if all { Seen::All } else { Seen::Some }
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
                engine.parts.unseen.seen.remove(&name);
                engine.parts.unseen.services.insert(service);
                return Seen::Some;
            }
            Seen::Nothing
        }
        RuntimeEvent::Lost { reason } => {
            warn!(reason, "Docker does not answer");
            Seen::Nothing
        }
        RuntimeEvent::Network { action, .. } if matches!(action.as_str(), "disconnect" | "destroy") => {
            Seen::All
        }
        RuntimeEvent::Network { .. } => Seen::Nothing,
    }
}

async fn look_at_all(engine: &Engine, docker: &dyn Runtime) -> crate::Result<()> {
    let began = Instant::now();
    let instances = docker.instances(&engine.parts.naming.ours()).await?;
    for instance in &instances {
        if let Some(service) = service_of(&instance.labels)
            && instance.state == InstanceState::Running
        {
            engine.collect_logs(&instance.name, service);
        }
    }
    let mut by_service: HashMap<ServiceId, Vec<&InstanceSummary>> = HashMap::new();
    for instance in instances.iter().filter(|i| is_instance(&i.labels)) {
        if let Some(service) = service_of(&instance.labels) {
            by_service.entry(service).or_default().push(instance);
        }
    }
    let names: HashSet<&str> = instances.iter().map(|instance| instance.name.as_str()).collect();
    engine.parts.unseen.seen.retain(|name, _| names.contains(name.as_str()));
    for wanted in engine.parts.store.wanted(None).await? {
        let instances = by_service.remove(&wanted.service).unwrap_or_default();
        look(engine, docker, &wanted, &instances).await?;
    }
    let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    engine.parts.unseen.last_look.store(took, Ordering::Relaxed);
    engine.parts.unseen.looked_at.store(engine.now().timestamp_millis(), Ordering::Relaxed);
    Ok(())
}

async fn look_at_some(engine: &Engine, docker: &dyn Runtime) -> crate::Result<()> {
    let services: BTreeSet<ServiceId> = engine.parts.unseen.services.iter().map(|entry| *entry).collect();
    for service in &services {
        engine.parts.unseen.services.remove(service);
        let afresh = engine.parts.unseen.afresh.remove(service).is_some();
        look_at_one(engine, docker, *service, afresh).await?;
    }
    Ok(())
}

/// Looks at a service at once.
pub(crate) async fn look_now(engine: &Engine, service: ServiceId) -> crate::Result<()> {
    let docker = engine.docker().await?;
    look_at_one(engine, &*docker, service, true).await
}

/// Looks at the instances that changed, or `afresh` at all of them.
async fn look_at_one(
    engine: &Engine,
    docker: &dyn Runtime,
    service: ServiceId,
    afresh: bool,
) -> crate::Result<()> {
    let instances = docker.instances(&engine.parts.naming.of_service(service)).await?;
    let instances: Vec<_> = instances.iter().filter(|i| is_instance(&i.labels)).collect();
    if afresh {
        instances.iter().for_each(|instance| {
            engine.parts.unseen.seen.remove(&instance.name);
        });
    }
    for wanted in engine.parts.store.wanted(Some(service)).await? {
        look(engine, docker, &wanted, &instances).await?;
    }
    Ok(())
}

/// An instance that runs.
pub(crate) struct Running {
    pub service: ServiceId,
    /// The container's name.
    pub name: String,
    pub number: Option<u64>,
    pub process: String,
    pub networks: BTreeMap<String, Option<IpAddr>>,
}

/// A container as it was seen.
#[derive(Debug, Clone)]
struct Looked {
    id: String,
    service: Option<ServiceId>,
    state: InstanceState,
    networks: BTreeMap<String, Option<IpAddr>>,
    /// What is wrong with the answers to its probes.
    complaint: Option<String>,
    view: InstanceView,
}

/// Looks at one service and writes down what is new; what is not as it should be is mended.
async fn look(
    engine: &Engine,
    docker: &dyn Runtime,
    wanted: &Wanted,
    instances: &[&InstanceSummary],
) -> crate::Result<()> {
    let mut seen = Vec::new();
    for summary in instances {
        if let Some(looked) = look_closer(engine, docker, summary).await? {
            let complaint = engine.parts.probes.complaint(&summary.name);
            seen.push(Looked { complaint, ..looked });
        }
    }
    let expected = wanted.live.as_ref().map(|live| expected(engine, wanted, live)).unwrap_or_default();
    let verdict = judge(wanted, &expected, &seen);
    engine.seen_ended(wanted.service, ended(&expected, &seen));
    let mut views: Vec<_> = seen.into_iter().map(|looked| looked.view).collect();
    views.sort_by(|a, b| b.deployment.cmp(&a.deployment).then_with(|| a.name.cmp(&b.name)));
    engine.parts.store.observed(wanted, verdict.state, verdict.reason, &views, engine.now()).await?;
    if verdict.mend {
        engine.mend(wanted.service);
    }
    Ok(())
}

/// What was seen before holds as long as the list shows the same container in the same state: a list of many costs
/// one question, each closer look another one.
async fn look_closer(
    engine: &Engine,
    docker: &dyn Runtime,
    summary: &InstanceSummary,
) -> crate::Result<Option<Looked>> {
    let seen = &engine.parts.unseen.seen;
    let same = |looked: &Looked| {
        looked.id == summary.id && looked.state == summary.state && looked.networks == summary.networks
    };
    if let Some(looked) = seen.get(&summary.name).filter(|looked| same(looked)) {
        return Ok(Some(looked.clone()));
    }
    let Some(instance) = docker.inspect_instance(&summary.name).await? else { return Ok(None) };
    let looked = Looked {
        id: summary.id.clone(),
        service: service_of(&summary.labels),
        state: summary.state,
        networks: summary.networks.clone(),
        complaint: None,
        view: view(&instance),
    };
    seen.insert(summary.name.clone(), looked.clone());
    Ok(Some(looked))
}

/// The containers that should run of the live release.
fn expected(engine: &Engine, wanted: &Wanted, live: &LiveRelease) -> Vec<Expected> {
    let naming = &engine.parts.naming;
    let mut all = Vec::new();
    for member in live.settings.crew(&wanted.settings) {
        for index in 1..=member.replicas {
            all.push(Expected {
                name: naming.container(wanted.service, live.number, &member.process, index),
                short: format!("{} {index}", member.process),
                routed: member.routed,
                network: naming.network(wanted.environment),
            });
        }
    }
    all
}

/// The instances that should answer, when none of them runs.
fn ended(expected: &[Expected], seen: &[Looked]) -> Option<BTreeSet<String>> {
    let runs = |name: &str| seen.iter().any(|looked| looked.view.name == name && looked.view.running);
    let names: BTreeSet<_> = expected.iter().filter(|one| one.routed).map(|one| one.name.clone()).collect();
    (!names.is_empty() && !names.iter().any(|name| runs(name))).then_some(names)
}

fn view(instance: &ObservedInstance) -> InstanceView {
    InstanceView {
        name: instance.name.clone(),
        deployment: number_of(&instance.labels),
        process: process_of(&instance.labels).unwrap_or(WEB).to_owned(),
        running: instance.running,
        state: state_in_words(instance),
        started_at: instance.started_at,
        restarts: u32::try_from(instance.restart_count).unwrap_or(0),
        image: instance.image_id.clone(),
        probe: None,
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
