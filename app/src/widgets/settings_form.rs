//! The fields of how a service runs.

mod isolation;
mod probe;
mod processes;
mod rollout;

use crate::{
    api::service::forms::SettingsForm,
    components::{Checkbox, FormGroup, SelectField, TextField},
};
use isolation::IsolationFields;
use leptos::prelude::*;
use probe::ProbeFields;
use processes::ProcessRows;
use rollout::{CommandFields, RolloutFields};

fn choices<const N: usize>(options: [(&str, &str); N]) -> Vec<(String, String)> {
    options.map(|(value, word)| (value.to_owned(), word.to_owned())).to_vec()
}

/// Everything but the volumes and auto-deploy.
#[component]
pub fn SettingsFields(form: SettingsForm) -> impl IntoView {
    let (program, rare) = (form.clone(), form.clone());
    let (rollout, commands) = (form.rollout.clone(), form.rollout);
    let (processes, probe, isolation) = (form.processes, form.probe, form.isolation);
    view! {
        <FormGroup title="The program" text="What runs, and how much of the machine it may take.">
            <ProgramFields form=program/>
        </FormGroup>
        <FormGroup title="Instances and rollout" text="How many copies run, and how the requests move from an old release to a new one.">
            <RolloutFields form=rollout/>
        </FormGroup>
        <FormGroup title="Further processes" text="Workers and schedulers from the same image. They get no requests, and are switched together with the rest or not at all.">
            <ProcessRows rows=processes/>
        </FormGroup>
        <FormGroup title="Before and after" text="Commands in a container of the new image, with the release's variables, network and volumes.">
            <CommandFields form=commands/>
        </FormGroup>
        <FormGroup title="Probe" text="A new release gets requests only after it answered. Berth asks from outside, so the image needs no tool for it.">
            <ProbeFields form=probe/>
        </FormGroup>
        <FormGroup title="Isolation" text="Every instance runs without new privileges and with few capabilities. This takes more away.">
            <IsolationFields form=isolation/>
        </FormGroup>
        <FormGroup title="Stopping and building" text="How long things may take, and what happens when a program ends.">
            <RareFields form=rare/>
        </FormGroup>
    }
}

#[component]
fn ProgramFields(form: SettingsForm) -> impl IntoView {
    view! {
        <Checkbox name="routed" label="It answers requests" checked=!form.routed.is_empty()
            hint="Without this it only works in the background: no port, no address, no probe."/>
        <TextField name="command" label="Command" value=form.command optional=true mono=true placeholder="the image's own"
            hint="Words separated by spaces, with quotes around those that have spaces. No shell reads it."/>
        <div class="field-row">
            <TextField name="port" label="Port" value=form.port optional=true mono=true placeholder="found by itself"
                hint="The port that the program listens on."/>
            <TextField name="cpus" label="CPU limit, in cores" value=form.cpus optional=true mono=true placeholder="none"
                hint="0.5 is half a core, of each instance."/>
            <TextField name="memory_mib" label="Memory limit, in MiB" value=form.memory_mib optional=true mono=true placeholder="none"
                hint="An instance that needs more is stopped by the system."/>
        </div>
    }
}

#[component]
fn RareFields(form: SettingsForm) -> impl IntoView {
    view! {
        <div class="field-row">
            <TextField name="drain" label="Drain, in seconds" value=form.drain mono=true
                hint="How long requests on the old release may take to finish."/>
            <TextField name="stop_grace" label="Grace, in seconds" value=form.stop_grace mono=true
                hint="The time between SIGTERM and SIGKILL."/>
            <TextField name="build_timeout" label="Build time, in minutes" value=form.build_timeout mono=true
                hint="A build that takes longer fails."/>
        </div>
        <TextField name="build_variables" label="Variables that builds get" value=form.build_variables optional=true mono=true
            placeholder="NPM_TOKEN" hint="Keys, as BuildKit secrets: RUN --mount=type=secret,id=NPM_TOKEN. A build sees no other variable."/>
        <SelectField name="restart" label="When a program ends" value=form.restart
            options=choices([
                ("always", "Start it again, always"),
                ("on_failure", "Start it again after an exit code other than zero"),
                ("never", "Leave it as it is"),
            ])/>
    }
}
