//! Probes what is live, for ever (R-HC-3). What an instance answers is shown; that it became unhealthy, or healthy again, is
//! an event. Its traffic is not taken away: one that answers badly may be better than none.

mod record;

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    time::Duration,
};

use berth_domain::{
    event::EventKind,
    ids::{OrganisationId, ServiceId},
    service::{InstanceView, ProbeView, WEB},
};
use dashmap::DashMap;
use futures::{StreamExt, stream};
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use crate::{
    Engine, Result,
    observer::Running,
    probe::{ProbeSpec, ask_once},
    store::deployments::Wanted,
};
use record::{News, Record};

/// How often an instance is probed; see [`APART`] for many of them.
const PERIOD: Duration = Duration::from_secs(10);

/// How far apart probes begin at least: with more than 200 instances each is probed less often.
const APART: Duration = Duration::from_millis(50);

/// How many probes are under way at the most.
const AT_ONCE: usize = 32;

/// How long a probe takes at the most, so that those that get no answer do not hold up the others.
const LONGEST: Duration = Duration::from_secs(5);

/// The last probe of each instance, by the name of its container.
#[derive(Default)]
pub(crate) struct Probes(DashMap<String, Record>);

impl Probes {
    /// What is wrong with an instance that does not answer as it should.
    pub fn complaint(&self, instance: &str) -> Option<String> {
        self.0.get(instance).filter(|record| !record.view.healthy).and_then(|record| record.why.clone())
    }

    /// Adds the last probes to what is shown of instances.
    pub fn show(&self, instances: &mut [InstanceView]) {
        for instance in instances.iter_mut().filter(|instance| instance.running) {
            instance.probe = self.view(&instance.name);
        }
    }

    fn view(&self, instance: &str) -> Option<ProbeView> {
        self.0.get(instance).map(|record| record.view.clone())
    }
}

/// An instance that answers requests.
struct Target {
    organisation: OrganisationId,
    service: ServiceId,
    number: u64,
    name: String,
    network: String,
    address: IpAddr,
    spec: ProbeSpec,
}

/// Probes every instance that gets requests, each once in [`PERIOD`], spread over it.
pub(crate) async fn run(engine: Engine) {
    loop {
        let started = Instant::now();
        match targets(&engine).await {
            Ok(targets) => round(&engine, started, targets).await,
            Err(error) => warn!(%error, "could not find out what to probe"),
        }
        sleep_until(started + PERIOD).await;
    }
}

async fn round(engine: &Engine, started: Instant, targets: Vec<Target>) {
    let there: HashSet<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    engine.parts.probes.0.retain(|name, _| there.contains(name.as_str()));
    let between = (PERIOD / u32::try_from(targets.len().max(1)).unwrap_or(u32::MAX)).max(APART);
    let probes = targets.into_iter().zip(0..).map(|(target, index)| async move {
        sleep_until(started + between * index).await;
        probe(engine, target).await;
    });
    stream::iter(probes).buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// The instances of what is live, as the observer saw them: Docker tells it of each change, and is not asked again.
async fn targets(engine: &Engine) -> Result<Vec<Target>> {
    let wanted = engine.parts.store.wanted(None).await?;
    let mut by_service: HashMap<ServiceId, Vec<Running>> = HashMap::new();
    for instance in engine.parts.unseen.running().into_iter().filter(|instance| instance.process == WEB) {
        by_service.entry(instance.service).or_default().push(instance);
    }
    let of = |wanted: Wanted| {
        let instances = by_service.remove(&wanted.service).unwrap_or_default();
        targets_of(engine, &wanted, instances)
    };
    Ok(wanted.into_iter().flat_map(of).collect())
}

fn targets_of(engine: &Engine, wanted: &Wanted, instances: Vec<Running>) -> Vec<Target> {
    let Some(live) = wanted.live.as_ref().filter(|live| live.settings.routed && !wanted.stopped) else {
        return Vec::new();
    };
    let Some(port) = live.port else { return Vec::new() };
    let mut spec = ProbeSpec::of(&live.settings.probe, port);
    spec.timeout = spec.timeout.min(LONGEST);
    let network = engine.parts.naming.network(wanted.environment);
    let target = |instance: Running| {
        let is_live = instance.number == Some(live.number);
        Some(Target {
            organisation: wanted.organisation,
            service: wanted.service,
            number: live.number,
            address: instance.networks.get(&network).copied().flatten().filter(|_| is_live)?,
            name: instance.name,
            network: network.clone(),
            spec: spec.clone(),
        })
    };
    instances.into_iter().filter_map(target).collect()
}

async fn probe(engine: &Engine, mut target: Target) {
    let mut attempt = ask_once(target.address, &target.spec).await;
    if !attempt.is_good() {
        // Docker may have ended it, or started it anew at another address, since it was listed.
        match present_address(engine, &target).await {
            Some(address) if address == target.address => {}
            Some(address) => {
                target.address = address;
                attempt = ask_once(address, &target.spec).await;
            }
            None => return,
        }
    }
    let at = engine.now();
    let news = {
        let records = &engine.parts.probes.0;
        let mut record = records.entry(target.name.clone()).or_insert_with(|| Record::of_a_live_one(at));
        record.note(&attempt, at)
    };
    if let Some(news) = news {
        tell(engine, &target, news).await;
    }
}

async fn present_address(engine: &Engine, target: &Target) -> Option<IpAddr> {
    let docker = engine.docker().await.ok()?;
    let instance = docker.inspect_instance(&target.name).await.ok().flatten()?;
    instance.addresses.get(&target.network).copied().filter(|_| instance.running)
}

/// Makes news an event, and lets the observer judge the service anew.
async fn tell(engine: &Engine, target: &Target, news: News) {
    let (kind, told) = match news {
        News::Unhealthy(why) => (EventKind::InstanceUnhealthy, format!("does not answer its probe: {why}.")),
        News::Healthy => (EventKind::InstanceHealthy, "answers its probe again.".to_owned()),
    };
    let message = format!("{} {told}", target.name);
    let store = &engine.parts.store;
    let of = (target.organisation, target.service);
    if let Err(error) = store.record_of(of, target.number, kind, message).await {
        warn!(%error, "could not write down what a probe saw");
    }
    engine.look_at(target.service);
}
