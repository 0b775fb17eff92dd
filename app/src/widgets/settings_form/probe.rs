//! How an instance is asked whether it is ready.

use super::choices;
use crate::{
    api::service::forms::ProbeForm,
    components::{Disclosure, SelectField, TextField},
};
use leptos::prelude::*;

/// The fields of the probe.
#[component]
pub fn ProbeFields(form: ProbeForm) -> impl IntoView {
    view! {
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
    }
}
