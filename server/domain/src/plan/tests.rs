use super::*;
use crate::service::CanaryStep;
use proptest::prelude::{
    Just, Strategy as Values, any, prop, prop_assert, prop_assert_eq, prop_compose, prop_oneof, proptest,
};

fn desired(names: &[&str], strategy: Strategy) -> Desired {
    Desired {
        instances: names.iter().map(|name| wanted(name)).collect(),
        volumes: vec!["data".into()],
        network: "net".into(),
        strategy,
        exclusive: None,
        release_command: None,
        after_command: None,
    }
}

/// Names that begin with `w` are workers.
fn wanted(name: &str) -> DesiredInstance {
    DesiredInstance { name: name.to_owned(), routed: !name.starts_with('w') }
}

fn running(name: &str) -> ObservedInstance {
    ObservedInstance { name: name.into(), running: true, joined: true, healthy: true, same_release: false }
}

/// A world in which these serve.
fn serving(names: &[&str]) -> Observed {
    Observed {
        instances: names.iter().map(|name| running(name)).collect(),
        volumes: vec!["data".into()],
        network: true,
        split: Split {
            old: names.iter().filter(|n| !n.starts_with('w')).map(|n| (*n).into()).collect(),
            ..Split::default()
        },
        ..Observed::default()
    }
}

fn canary(percents: &[u8]) -> Strategy {
    let steps = percents.iter().map(|&percent| CanaryStep { percent, hold_s: Some(1) }).collect();
    Strategy::Canary { steps, max_error_percent: 5, max_latency_ms: None }
}

fn words(plan: &Plan) -> Vec<String> {
    plan.by_phase().map(|(phase, step)| format!("{phase}: {}", step.describe())).collect()
}

/// Does what a step says to the world.
fn apply(world: &mut Observed, desired: &Desired, step: &Step) {
    match step {
        Step::CreateNetwork { .. } => world.network = true,
        Step::CreateVolume { volume } => world.volumes.push(volume.clone()),
        Step::RunCommand { container, .. } => world.commands_done.push(container.clone()),
        Step::StartInstance { instance } => {
            let same_release = desired.instances.iter().any(|i| i.name == *instance);
            world.instances.retain(|i| i.name != *instance);
            world.instances.push(ObservedInstance { healthy: false, same_release, ..running(instance) });
        }
        Step::JoinNetwork { instance } => {
            world.instances.iter_mut().filter(|i| i.name == *instance).for_each(|i| i.joined = true);
        }
        Step::AwaitHealthy { instance } => {
            world.instances.iter_mut().filter(|i| i.name == *instance).for_each(|i| i.healthy = i.running);
        }
        Step::RouteTo { split } => {
            world.split = split.clone();
            world.live = split.old.is_empty();
            world.held = false;
        }
        Step::LetWait => {
            world.split = Split::default();
            world.live = false;
            world.held = true;
        }
        Step::Hold { .. } | Step::Drain { .. } => {}
        Step::StopInstance { instance } => {
            world.instances.iter_mut().filter(|i| i.name == *instance).for_each(|i| i.running = false);
        }
        Step::RemoveInstance { instance } => world.instances.retain(|i| i.name != *instance),
    }
}

/// How many instances answer requests.
fn answering(world: &Observed) -> usize {
    let serves = |i: &&ObservedInstance| {
        i.running && i.healthy && world.split.new.iter().chain(&world.split.old).any(|name| *name == i.name)
    };
    world.instances.iter().filter(serves).count()
}

fn strategies() -> impl Values<Value = Strategy> {
    prop_oneof![
        (1u16..4).prop_map(|surge| Strategy::Rolling { surge }),
        Just(Strategy::BlueGreen),
        Just(canary(&[10, 50])),
    ]
}

prop_compose! {
    /// A world in which some instances run, some serve, and some of the new release are there already.
    fn worlds()(
        seen in prop::collection::btree_map("[a-f]|w[0-9]", any::<(bool, bool, bool)>(), 0..6),
        network: bool,
        volume: bool,
    ) -> Observed {
        let instances: Vec<_> = seen.iter().map(|(name, (running, healthy, _))| ObservedInstance {
            name: name.clone(), running: *running, joined: true, healthy: *healthy && *running, same_release: false,
        }).collect();
        let serves = |(name, (running, healthy, serves)): (&String, &(bool, bool, bool))| {
            (*running && *healthy && *serves && !name.starts_with('w')).then(|| name.clone())
        };
        let old: Vec<_> = seen.iter().filter_map(serves).collect();
        let volumes = if volume { vec!["data".to_owned()] } else { vec![] };
        Observed { instances, volumes, network, split: Split { old, ..Split::default() }, ..Observed::default() }
    }
}

/// Names of the new release never meet those of the old one: they carry the deployment's number.
fn goals() -> impl Values<Value = Desired> {
    (1usize..5, 0usize..3, strategies(), any::<(bool, bool, bool)>()).prop_map(
        |(web, workers, strategy, (exclusive, before, after))| {
            let names = (0..web).map(|n| format!("x{n}")).chain((0..workers).map(|n| format!("wx{n}")));
            Desired {
                instances: names.map(|name| wanted(&name)).collect(),
                exclusive: exclusive.then_some(Exclusive::Chosen),
                release_command: before.then(|| "before".to_owned()),
                after_command: after.then(|| "after".to_owned()),
                ..desired(&[], strategy)
            }
        },
    )
}

fn is_reached(world: &Observed, desired: &Desired) -> bool {
    let runs = |name: &str| world.instances.iter().any(|i| i.name == name && i.running && i.healthy);
    let routed: Vec<_> = desired.instances.iter().filter(|i| i.routed).map(|i| i.name.clone()).collect();
    desired.instances.iter().all(|i| runs(&i.name))
        && world.instances.iter().all(|i| !i.running || desired.instances.iter().any(|d| d.name == i.name))
        && world.split.same_as(&Split::even(routed, vec![]))
        && world.live
        && world.network
        && desired.volumes.iter().all(|volume| world.volumes.contains(volume))
}

proptest! {
    #[test]
    fn applying_a_plan_reaches_the_desired_world_and_again_is_nothing(observed in worlds(), desired in goals()) {
        let mut world = observed;
        for step in plan(&desired, &world).steps {
            apply(&mut world, &desired, &step);
        }
        prop_assert!(is_reached(&world, &desired), "{world:?}");
        prop_assert_eq!(plan(&desired, &world).steps, vec![]);
    }

    /// R-DEP-1: never fewer answer than before the switch, unless old and new must not meet.
    #[test]
    fn r_dep_1_never_fewer_answer_than_before(observed in worlds(), desired in goals()) {
        let desired = Desired { exclusive: None, ..desired };
        let wanted = desired.instances.iter().filter(|i| i.routed).count();
        let least = answering(&observed).min(wanted);
        let mut world = observed;
        for step in plan(&desired, &world).steps {
            apply(&mut world, &desired, &step);
            prop_assert!(answering(&world) >= least, "after {}", step.describe());
        }
    }

    /// R-Q-1: cut off after any step, what is planned then leads to the same end.
    #[test]
    fn r_q_1_a_plan_that_was_cut_off_anywhere_is_taken_up(observed in worlds(), desired in goals(), cut in 0usize..40) {
        let mut world = observed;
        let whole = plan(&desired, &world);
        for step in whole.steps.iter().take(cut) {
            apply(&mut world, &desired, step);
        }
        for step in plan(&desired, &world).steps {
            apply(&mut world, &desired, &step);
        }
        prop_assert!(is_reached(&world, &desired), "{world:?}");
    }

    /// Whatever a phase leaves is done by the next one: executing phase by phase, each planned anew, reaches the end,
    /// and what served is drained before it stops.
    #[test]
    fn phase_by_phase_reaches_the_same_end(observed in worlds(), desired in goals()) {
        let mut world = observed;
        let served = world.split.old.clone();
        let mut drained: Vec<String> = Vec::new();
        for phase in [Phase::Release, Phase::Start, Phase::Probe, Phase::Switch, Phase::Drain] {
            let planned = plan(&desired, &world);
            let due: Vec<_> = planned.by_phase().filter(|(at, _)| *at <= phase).map(|(_, s)| s.clone()).collect();
            for step in due {
                match &step {
                    Step::Drain { instances } => drained.extend(instances.clone()),
                    Step::StopInstance { instance } if desired.exclusive.is_none() => {
                        prop_assert!(!served.contains(instance) || drained.contains(instance), "{}", instance);
                    }
                    _ => {}
                }
                apply(&mut world, &desired, &step);
            }
        }
        prop_assert!(is_reached(&world, &desired), "{world:?}");
    }
}

#[test]
fn an_instance_is_replaced_by_starting_beside_and_stopping_last() {
    let plan = plan(&desired(&["new"], Strategy::default()), &serving(&["old"]));
    insta::assert_snapshot!(words(&plan).join("\n"), @r"
    start: Start new
    probe: Wait until new is ready
    switch: Route traffic to new
    drain: Let requests on old finish
    drain: Stop old
    ");
}

#[test]
fn replicas_roll_one_after_the_other() {
    let plan = plan(&desired(&["n1", "n2"], Strategy::Rolling { surge: 1 }), &serving(&["o1", "o2"]));
    insta::assert_snapshot!(words(&plan).join("\n"), @r"
    start: Start n1
    probe: Wait until n1 is ready
    switch: Route 50 % of the traffic to n1 and the rest to o1
    switch: Let requests on o2 finish
    switch: Stop o2
    switch: Start n2
    switch: Wait until n2 is ready
    switch: Route traffic to n1, n2
    drain: Let requests on o1 finish
    drain: Stop o1
    ");
}

#[test]
fn a_canary_grows_and_is_watched() {
    let plan = plan(&desired(&["new"], canary(&[10, 50])), &serving(&["old"]));
    insta::assert_snapshot!(words(&plan).join("\n"), @r"
    start: Start new
    probe: Wait until new is ready
    switch: Route 10 % of the traffic to new and the rest to old
    switch: Watch the answers for 1 s with 10 % of the requests
    switch: Route 50 % of the traffic to new and the rest to old
    switch: Watch the answers for 1 s with 50 % of the requests
    switch: Route traffic to new
    drain: Let requests on old finish
    drain: Stop old
    ");
}

#[test]
fn a_promoted_canary_waits_no_more() {
    let mut world = serving(&["old"]);
    world.instances.push(ObservedInstance { same_release: true, ..running("new") });
    world.split = Split { new: vec!["new".into()], old: vec!["old".into()], percent: 10 };
    world.promoted = true;
    let plan = plan(&desired(&["new"], canary(&[10, 50])), &world);
    assert_eq!(plan.steps[0].describe(), "Route traffic to new");
}

/// R-DEP-1c: every process of the new release is ready before any traffic moves, and the old ones go last.
#[test]
fn r_dep_1c_all_processes_switch_together() {
    let plan = plan(&desired(&["new", "w-new"], Strategy::default()), &serving(&["old", "w-old"]));
    insta::assert_snapshot!(words(&plan).join("\n"), @r"
    start: Start w-new
    start: Start new
    probe: Wait until w-new is ready
    probe: Wait until new is ready
    switch: Route traffic to new
    drain: Let requests on old finish
    drain: Stop old
    drain: Stop w-old
    ");
}

#[test]
fn the_commands_of_a_release_come_before_its_start_and_after_its_switch() {
    let mut goal = desired(&["new"], Strategy::default());
    goal.release_command = Some("before".into());
    goal.after_command = Some("after".into());
    insta::assert_snapshot!(words(&plan(&goal, &serving(&["old"]))).join("\n"), @r"
    release: Run the release command
    start: Start new
    probe: Wait until new is ready
    switch: Route traffic to new
    drain: Let requests on old finish
    drain: Stop old
    drain: Run the command after the switch
    ");
}

#[test]
fn an_exclusive_volume_stops_the_old_release_first_and_says_so() {
    let mut goal = desired(&["new"], Strategy::default());
    goal.exclusive = Some(Exclusive::Volume("data".into()));
    let plan = plan(&goal, &serving(&["old"]));
    insta::assert_snapshot!(words(&plan).join("\n"), @r"
    start: Let requests wait, up to 60 s
    start: Let requests on old finish
    start: Stop old
    start: Start new
    probe: Wait until new is ready
    switch: Route traffic to new
    ");
    assert!(plan.warning.unwrap().contains("data"));
}

#[test]
fn what_stops_first_finishes_its_requests_also_when_the_waiting_began_before() {
    let mut goal = desired(&["new"], Strategy::StopFirst);
    goal.exclusive = Some(Exclusive::Chosen);
    let mut world = serving(&["old"]);
    apply(&mut world, &goal, &Step::LetWait);
    insta::assert_snapshot!(words(&plan(&goal, &world)).join("\n"), @r"
    start: Let requests on old finish
    start: Stop old
    start: Start new
    probe: Wait until new is ready
    switch: Route traffic to new
    ");
}

#[test]
fn what_answers_no_requests_stops_first_without_any_waiting() {
    let mut goal = desired(&["w-new"], Strategy::StopFirst);
    goal.exclusive = Some(Exclusive::Chosen);
    let steps = plan(&goal, &serving(&["w-old"])).steps;
    assert!(!steps.iter().any(|step| matches!(step, Step::LetWait | Step::Drain { .. })), "{steps:?}");
}

#[test]
fn an_instance_that_lost_its_network_gets_it_back() {
    let mut world = serving(&["a"]);
    world.split = Split::even(vec!["a".into()], vec![]);
    world.live = true;
    world.network = false;
    world.instances[0].joined = false;
    insta::assert_snapshot!(words(&plan(&desired(&["a"], Strategy::default()), &world)).join("\n"), @r"
    release: Create the network net
    start: Put a back into its network
    probe: Wait until a is ready
    ");
}

#[test]
fn scaling_down_takes_the_traffic_away_first() {
    let mut world = serving(&["a", "b"]);
    world.split = Split::even(vec!["a".into(), "b".into()], vec![]);
    world.live = true;
    world.instances.iter_mut().for_each(|i| i.same_release = true);
    insta::assert_snapshot!(words(&plan(&desired(&["a"], Strategy::default()), &world)).join("\n"), @r"
    switch: Route traffic to a
    drain: Let requests on b finish
    drain: Stop b
    drain: Remove b
    ");
}
