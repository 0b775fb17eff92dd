//! How an instance is asked whether it is ready.

use super::choices;
use crate::{
    api::service::forms::ProbeForm,
    components::{Disclosure, SelectField, TextArea, TextField},
};
use leptos::prelude::*;

/// The fields of the probe.
#[component]
pub fn ProbeFields(form: ProbeForm) -> impl IntoView {
    let rare = form.clone();
    view! {
        <div class="field-row">
            <SelectField name="probe" label="How to ask" value=form.probe
                options=choices([
                    ("tcp", "A connection to the port is enough"),
                    ("http", "A request to a path"),
                    ("grpc", "The gRPC health check"),
                ])/>
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
            <WhatIsAsked form=rare/>
        </Disclosure>
    }
}

/// What only one kind of probe sends or expects.
#[component]
fn WhatIsAsked(form: ProbeForm) -> impl IntoView {
    view! {
        <TextField name="probe_body" label="Text in the answer" value=form.probe_body optional=true
            hint="A request is answered well only with this text in the first 64 KiB."/>
        <TextArea name="probe_headers" label="Headers of the request" value=form.probe_headers rows=2 mono=true optional=true
            placeholder="Host: shop.example.com" hint="One in a line. Everybody who sees the service sees them."/>
        <TextField name="probe_service" label="gRPC service" value=form.probe_service mono=true optional=true
            placeholder="the whole server"/>
    }
}
