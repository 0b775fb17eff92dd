//! The plan of a rollout as a value: made by a pure function, shown, tested, executed and undone by exhaustive matches.

use crate::deployment::Phase;
use serde::{Deserialize, Serialize};

/// What should run after the deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desired {
    /// The containers of the new release, by name.
    pub instances: Vec<String>,
    /// Volumes to have, by their name in Docker.
    pub volumes: Vec<String>,
    /// The network of the environment.
    pub network: String,
    /// Whether any domain leads to the service.
    pub routed: bool,
    /// Old and new must not run at the same time.
    pub exclusive: Option<Exclusive>,
}

/// Why two releases cannot run side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exclusive {
    /// A volume that both would write.
    Volume(String),
}

/// What Docker shows of the service now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    pub instances: Vec<ObservedInstance>,
    pub volumes: Vec<String>,
    pub network: bool,
}

/// A container of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedInstance {
    pub name: String,
    pub running: bool,
    /// It gets traffic now.
    pub serving: bool,
}

/// One idempotent step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    CreateNetwork {
        network: String,
    },
    CreateVolume {
        volume: String,
    },
    StartInstance {
        instance: String,
    },
    AwaitHealthy {
        instance: String,
    },
    /// Point the routes at the new release and see that the proxy does so.
    RouteTo {
        instances: Vec<String>,
    },
    /// Let requests in flight on the old instances finish.
    Drain {
        instances: Vec<String>,
    },
    StopInstance {
        instance: String,
    },
    RemoveInstance {
        instance: String,
    },
}

impl Step {
    /// The phase that this step belongs to.
    pub fn phase(&self) -> Phase {
        match self {
            Self::CreateNetwork { .. } | Self::CreateVolume { .. } | Self::StartInstance { .. } => {
                Phase::Start
            }
            Self::AwaitHealthy { .. } => Phase::Probe,
            Self::RouteTo { .. } => Phase::Switch,
            Self::Drain { .. } | Self::StopInstance { .. } | Self::RemoveInstance { .. } => Phase::Drain,
        }
    }

    /// The step in words, for the log.
    pub fn describe(&self) -> String {
        match self {
            Self::CreateNetwork { network } => format!("Create the network {network}"),
            Self::CreateVolume { volume } => format!("Create the volume {volume}"),
            Self::StartInstance { instance } => format!("Start {instance}"),
            Self::AwaitHealthy { instance } => format!("Wait until {instance} answers"),
            Self::RouteTo { instances } => format!("Route traffic to {}", instances.join(", ")),
            Self::Drain { instances } => format!("Let requests on {} finish", instances.join(", ")),
            Self::StopInstance { instance } => format!("Stop {instance}"),
            Self::RemoveInstance { instance } => format!("Remove {instance}"),
        }
    }
}

/// The steps in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// What a person should know before: a short outage, for instance.
    pub warning: Option<String>,
}

impl Plan {
    /// The steps with the phase that each is executed in. What an exclusive service stops first belongs to its start.
    pub fn by_phase(&self) -> impl Iterator<Item = (Phase, &Step)> {
        let first_start =
            self.steps.iter().position(|step| matches!(step, Step::StartInstance { .. })).unwrap_or(0);
        self.steps.iter().enumerate().map(move |(index, step)| {
            let phase = if index < first_start { Phase::Start } else { step.phase() };
            (phase, step)
        })
    }
}

/// Plans the way from what is to what should be. Pure: the same worlds give the same plan.
pub fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let mut steps = Vec::new();
    if !observed.network {
        steps.push(Step::CreateNetwork { network: desired.network.clone() });
    }
    let missing = desired.volumes.iter().filter(|volume| !observed.volumes.contains(volume));
    steps.extend(missing.map(|volume| Step::CreateVolume { volume: volume.clone() }));

    let is_new = |name: &String| desired.instances.contains(name);
    let old: Vec<_> = observed.instances.iter().filter(|i| !is_new(&i.name)).collect();
    let exclusive = desired.exclusive.as_ref().filter(|_| old.iter().any(|i| i.running));
    if exclusive.is_some() {
        steps.extend(stop(&old));
    }
    for instance in &desired.instances {
        if !observed.instances.iter().any(|i| i.name == *instance && i.running) {
            steps.push(Step::StartInstance { instance: instance.clone() });
        }
        steps.push(Step::AwaitHealthy { instance: instance.clone() });
    }
    if desired.routed {
        steps.push(Step::RouteTo { instances: desired.instances.clone() });
    }
    if exclusive.is_none() {
        let serving: Vec<_> = old.iter().filter(|i| i.running).map(|i| i.name.clone()).collect();
        if !serving.is_empty() {
            steps.push(Step::Drain { instances: serving });
        }
        steps.extend(stop(&old));
    }
    let warning = exclusive.map(|Exclusive::Volume(volume)| {
        format!("The volume {volume} has one writer, so the old release stops before the new one starts: a short outage.")
    });
    Plan { steps, warning }
}

fn stop(old: &[&ObservedInstance]) -> Vec<Step> {
    old.iter().filter(|i| i.running).map(|i| Step::StopInstance { instance: i.name.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn desired(instances: Vec<String>, exclusive: bool) -> Desired {
        Desired {
            instances,
            volumes: vec!["data".into()],
            network: "net".into(),
            routed: true,
            exclusive: exclusive.then(|| Exclusive::Volume("data".into())),
        }
    }

    fn apply(observed: &Observed, plan: &Plan, mut each: impl FnMut(&Observed)) -> Observed {
        let mut world = observed.clone();
        for step in &plan.steps {
            match step {
                Step::CreateNetwork { .. } => world.network = true,
                Step::CreateVolume { volume } => world.volumes.push(volume.clone()),
                Step::StartInstance { instance } => {
                    world.instances.retain(|i| i.name != *instance);
                    world.instances.push(ObservedInstance {
                        name: instance.clone(),
                        running: true,
                        serving: false,
                    });
                }
                Step::AwaitHealthy { .. } | Step::Drain { .. } => {}
                Step::RouteTo { instances } => {
                    for i in &mut world.instances {
                        i.serving = instances.contains(&i.name);
                    }
                }
                Step::StopInstance { instance } => {
                    for i in world.instances.iter_mut().filter(|i| i.name == *instance) {
                        i.running = false;
                    }
                }
                Step::RemoveInstance { instance } => world.instances.retain(|i| i.name != *instance),
            }
            each(&world);
        }
        world
    }

    fn worlds() -> impl Strategy<Value = Observed> {
        let instance = ("[a-d]", any::<bool>(), any::<bool>()).prop_map(|(name, running, serving)| {
            ObservedInstance { name, running, serving: serving && running }
        });
        (prop::collection::vec(instance, 0..4), any::<bool>(), any::<bool>()).prop_map(
            |(mut instances, network, volume)| {
                instances.sort_by(|a, b| a.name.cmp(&b.name));
                instances.dedup_by(|a, b| a.name == b.name);
                Observed { instances, volumes: if volume { vec!["data".into()] } else { vec![] }, network }
            },
        )
    }

    proptest! {
        #[test]
        fn applying_a_plan_reaches_the_desired_world(observed in worlds(), exclusive: bool) {
            let desired = desired(vec!["c".into(), "x".into()], exclusive);
            let after = apply(&observed, &plan(&desired, &observed), |_| {});
            prop_assert!(after.network && after.volumes.contains(&"data".to_owned()));
            for i in &after.instances {
                let wanted = desired.instances.contains(&i.name);
                prop_assert_eq!(i.running, wanted);
                prop_assert!(!wanted || i.serving);
            }
            let again = plan(&desired, &after);
            let settled = again.steps.iter().all(|s| matches!(s, Step::AwaitHealthy { .. } | Step::RouteTo { .. }));
            prop_assert!(settled);
        }

        /// R-DEP-1: nothing that serves is stopped before the traffic has moved, unless the service is exclusive.
        #[test]
        fn r_dep_1_a_serving_instance_stops_only_after_the_switch(observed in worlds()) {
            let desired = desired(vec!["x".into()], false);
            let served = observed.instances.iter().any(|i| i.serving);
            let mut ok = true;
            apply(&observed, &plan(&desired, &observed), |world| {
                ok &= !served || world.instances.iter().any(|i| i.serving && i.running);
            });
            prop_assert!(ok);
        }
    }

    #[test]
    fn an_exclusive_volume_stops_the_old_release_first_and_says_so() {
        let observed = Observed {
            instances: vec![ObservedInstance { name: "old".into(), running: true, serving: true }],
            volumes: vec!["data".into()],
            network: true,
        };
        let plan = plan(&desired(vec!["new".into()], true), &observed);
        let words: Vec<_> = plan.steps.iter().map(Step::describe).collect();
        assert_eq!(words, ["Stop old", "Start new", "Wait until new answers", "Route traffic to new"]);
        assert!(plan.warning.unwrap().contains("data"));
    }
}
