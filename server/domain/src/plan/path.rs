//! The way from one world to the other, as it is put together.

use super::{Command, Desired, Observed, ObservedInstance, Split, Step};
use crate::service::CanaryStep;

/// Steps so far, and who serves after them.
pub(super) struct Path<'a> {
    desired: &'a Desired,
    observed: &'a Observed,
    steps: Vec<Step>,
    /// Who gets the traffic after the steps so far.
    split: Split,
    /// Instances that serve now and are to leave.
    leaving: Vec<String>,
    /// What the steps so far have stopped.
    stopped: Vec<String>,
    recorded: bool,
}

impl<'a> Path<'a> {
    /// A way that begins with what must exist before anything runs.
    pub fn new(desired: &'a Desired, observed: &'a Observed) -> Self {
        let mut steps = Vec::new();
        if !observed.network {
            steps.push(Step::CreateNetwork { network: desired.network.clone() });
        }
        let missing = desired.volumes.iter().filter(|volume| !observed.volumes.contains(volume));
        steps.extend(missing.map(|volume| Step::CreateVolume { volume: volume.clone() }));
        let serving = observed.split.old.iter().chain(&observed.split.new);
        let mut leaving: Vec<String> = serving.cloned().collect();
        leaving.retain(|name| {
            !desired.instances.iter().any(|i| i.name == *name)
                && observed.instances.iter().any(|i| i.name == *name && i.running)
        });
        Self {
            desired,
            observed,
            steps,
            split: observed.split.clone(),
            leaving,
            stopped: Vec::new(),
            recorded: observed.live,
        }
    }

    /// Whether an instance runs that is not desired.
    pub fn old_runs(&self) -> bool {
        self.old().any(|instance| instance.running && !instance.same_release)
    }

    /// Whether an instance serves that is not desired.
    pub fn old_serves(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// Everything old ends before anything new begins. Requests wait meanwhile: those under way finish first, also when
    /// the waiting began before this plan was made.
    pub fn stop_first(&mut self) {
        let old: Vec<_> = self.old().filter(|i| i.running).map(|i| i.name.clone()).collect();
        let serving = !self.leaving.is_empty();
        if serving {
            self.steps.push(Step::LetWait);
            self.split = Split::default();
        }
        if serving || self.observed.held {
            let finishing = if serving { &self.leaving } else { &old };
            self.steps.push(Step::Drain { instances: finishing.clone() });
        }
        self.stop(&old);
        self.leaving.clear();
        self.in_batches(self.desired.instances.len());
    }

    /// New instances take over, `surge` at a time; as many old ones leave as are not needed any more.
    pub fn in_batches(&mut self, surge: usize) {
        self.run_release_command();
        let routed = self.names(true);
        let mut new: Vec<_> =
            routed.iter().filter(|name| self.observed.split.new.contains(name)).cloned().collect();
        let fresh: Vec<_> = routed.iter().filter(|name| !new.contains(name)).cloned().collect();
        let mut batches: Vec<_> = fresh.chunks(surge.max(1)).map(<[String]>::to_vec).collect();
        if batches.is_empty() {
            batches.push(Vec::new());
        }
        let mut with_first: Vec<_> = self.names(false).into_iter().chain(new.clone()).collect();
        for batch in batches {
            let starting: Vec<_> = with_first.drain(..).chain(batch.clone()).collect();
            self.start(&starting);
            new.extend(batch);
            let needed = self.leaving.len().min(routed.len() - new.len());
            let gone = self.leaving.split_off(needed);
            self.route(Split::even(new.clone(), self.leaving.clone()));
            self.retire(&gone);
        }
    }

    /// Everything new starts, and gets a growing share of the requests.
    pub fn canary(&mut self, steps: &[CanaryStep]) {
        self.run_release_command();
        let all: Vec<_> = self.names(false).into_iter().chain(self.names(true)).collect();
        self.start(&all);
        let new = self.names(true);
        let reached = if self.observed.split.new.is_empty() { 0 } else { self.observed.split.percent };
        let left = steps.iter().filter(|step| step.percent >= reached && !self.observed.promoted);
        for step in left {
            self.route(Split { new: new.clone(), old: self.leaving.clone(), percent: step.percent });
            self.steps.push(Step::Hold { percent: step.percent, seconds: step.hold_s });
        }
        let gone = std::mem::take(&mut self.leaving);
        self.route(Split::even(new, Vec::new()));
        self.retire(&gone);
    }

    /// Stops what is left of the old and runs what comes after the switch.
    pub fn finish(mut self) -> Vec<Step> {
        let left: Vec<_> = self
            .old()
            .filter(|i| i.running && !self.stopped.contains(&i.name))
            .map(|i| i.name.clone())
            .collect();
        // Whoever lost the traffic before this plan was made may still have requests in flight.
        if !left.is_empty() && !self.steps.iter().any(|step| matches!(step, Step::Drain { .. })) {
            self.steps.push(Step::Drain { instances: left.clone() });
        }
        self.stop(&left);
        let surplus: Vec<_> = self.old().filter(|i| i.same_release).map(|i| i.name.clone()).collect();
        self.steps.extend(surplus.into_iter().map(|instance| Step::RemoveInstance { instance }));
        let after = self.desired.after_command.clone();
        if let Some(container) = after.clone().filter(|name| !self.observed.commands_done.contains(name)) {
            self.steps.push(Step::RunCommand { command: Command::After, container });
        }
        self.steps
    }

    fn old(&self) -> impl Iterator<Item = &'a ObservedInstance> + use<'a> {
        let desired = self.desired;
        self.observed.instances.iter().filter(|i| !desired.instances.iter().any(|d| d.name == i.name))
    }

    fn names(&self, routed: bool) -> Vec<String> {
        let wanted = self.desired.instances.iter().filter(|i| i.routed == routed);
        wanted.map(|instance| instance.name.clone()).collect()
    }

    fn run_release_command(&mut self) {
        let command = self.desired.release_command.clone();
        if let Some(container) = command.filter(|name| !self.observed.commands_done.contains(name)) {
            self.steps.push(Step::RunCommand { command: Command::Release, container });
        }
    }

    /// Starts what does not run and waits for what is not known to be ready, all at the same time.
    fn start(&mut self, names: &[String]) {
        let seen = |name: &String| self.observed.instances.iter().find(|i| i.name == *name);
        let running = |name: &String| seen(name).is_some_and(|i| i.running);
        let astray = |name: &String| seen(name).is_some_and(|i| i.running && !i.joined);
        let ready = |name: &String| seen(name).is_some_and(|i| i.running && i.joined && i.healthy);
        let starts = names.iter().filter(|name| !running(name));
        let joins = names.iter().filter(|name| astray(name));
        let waits = names.iter().filter(|name| !ready(name));
        let steps: Vec<_> = starts
            .map(|name| Step::StartInstance { instance: name.clone() })
            .chain(joins.map(|name| Step::JoinNetwork { instance: name.clone() }))
            .chain(waits.map(|name| Step::AwaitHealthy { instance: name.clone() }))
            .collect();
        self.steps.extend(steps);
    }

    fn route(&mut self, split: Split) {
        let taken_over = split.old.is_empty();
        if !self.split.same_as(&split) || (taken_over && !self.recorded) {
            self.steps.push(Step::RouteTo { split: split.clone() });
        }
        self.recorded |= taken_over;
        self.split = split;
    }

    /// Lets the requests on these instances finish, then stops them.
    fn retire(&mut self, names: &[String]) {
        if !names.is_empty() {
            self.steps.push(Step::Drain { instances: names.to_vec() });
        }
        self.stop(names);
    }

    fn stop(&mut self, names: &[String]) {
        self.steps.extend(names.iter().map(|name| Step::StopInstance { instance: name.clone() }));
        self.stopped.extend(names.iter().cloned());
    }
}
