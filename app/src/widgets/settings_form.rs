//! The fields of how a service runs.

use crate::{
    api::service::forms::SettingsForm,
    components::{Disclosure, SelectField, TextField},
};
use leptos::prelude::*;

fn choices<const N: usize>(options: [(&str, &str); N]) -> Vec<(String, String)> {
    options.map(|(value, word)| (value.to_owned(), word.to_owned())).to_vec()
}

/// Everything but the volumes and auto-deploy.
#[component]
pub fn SettingsFields(form: SettingsForm) -> impl IntoView {
    let rare = form.clone();
    view! {
        <div class="field-row">
            <TextField name="port" label="Port" value=form.port.clone() optional=true mono=true placeholder="found by itself"
                hint="The port that the program listens on."/>
            <TextField name="cpus" label="CPU limit, in cores" value=form.cpus.clone() optional=true mono=true placeholder="none"
                hint="0.5 is half a core."/>
            <TextField name="memory_mib" label="Memory limit, in MiB" value=form.memory_mib.clone() optional=true mono=true placeholder="none"
                hint="A program that needs more is stopped by the system."/>
        </div>
        <TextField name="command" label="Command" value=form.command.clone() optional=true mono=true placeholder="the image's own"
            hint="Words separated by spaces, with quotes around those that have spaces. No shell reads it."/>
        <ProbeFields form=form.clone()/>
        <RareFields form=rare/>
    }
}

#[component]
fn ProbeFields(form: SettingsForm) -> impl IntoView {
    view! {
        <fieldset>
            <legend>"Probe"</legend>
            <p class="hint">"A new release gets traffic only after it answered. Berth asks from outside, so the image needs no tool for it."</p>
            <div class="field-row">
                <SelectField name="probe" label="How to ask" value=form.probe
                    options=choices([("tcp", "A connection to the port is enough"), ("http", "A request to a path")])/>
                <TextField name="probe_path" label="Path" value=form.probe_path mono=true optional=true hint="Only for a request."/>
                <TextField name="probe_start_period" label="Time to start, in seconds" value=form.probe_start_period mono=true
                    hint="After this long without an answer the deployment fails."/>
            </div>
            <Disclosure summary="Fine points of the probe">
                <div class="field-row">
                    <TextField name="probe_status_from" label="Status from" value=form.probe_status_from mono=true/>
                    <TextField name="probe_status_to" label="Status to" value=form.probe_status_to mono=true/>
                    <TextField name="probe_threshold" label="Answers in a row" value=form.probe_threshold mono=true/>
                    <TextField name="probe_interval" label="Interval, in milliseconds" value=form.probe_interval mono=true/>
                    <TextField name="probe_timeout" label="Time-out, in milliseconds" value=form.probe_timeout mono=true/>
                </div>
            </Disclosure>
        </fieldset>
    }
}

#[component]
fn RareFields(form: SettingsForm) -> impl IntoView {
    view! {
        <Disclosure summary="Stopping, restarting and building">
            <div class="field-row">
                <TextField name="drain" label="Drain, in seconds" value=form.drain mono=true
                    hint="How long requests on the old release may take to finish."/>
                <TextField name="stop_grace" label="Grace, in seconds" value=form.stop_grace mono=true
                    hint="The time between SIGTERM and SIGKILL."/>
                <TextField name="build_timeout" label="Build time, in minutes" value=form.build_timeout mono=true
                    hint="A build that takes longer fails."/>
            </div>
            <SelectField name="restart" label="When its process ends" value=form.restart
                options=choices([
                    ("always", "Start it again, always"),
                    ("on_failure", "Start it again after an exit code other than zero"),
                    ("never", "Leave it as it is"),
                ])/>
        </Disclosure>
    }
}
