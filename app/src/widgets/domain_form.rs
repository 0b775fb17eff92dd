//! The fields of what a domain does with its requests.

use crate::{
    api::service::forms::DomainForm,
    components::{Checkbox, FormGroup, SelectField, TextArea, TextField},
};
use leptos::prelude::*;

/// Everything but the users.
#[component]
pub fn DomainFields(form: DomainForm) -> impl IntoView {
    let (https, leads, access) = (form.clone(), form.clone(), form.clone());
    let (limits, headers, upstream) = (form.clone(), form.clone(), form);
    view! {
        <FormGroup title="HTTPS" text="Effective as soon as the domain has a certificate.">
            <HttpsFields form=https/>
        </FormGroup>
        <FormGroup title="Where it leads" text="Elsewhere, to another port, or with another path.">
            <LeadFields form=leads/>
        </FormGroup>
        <FormGroup title="Who comes in" text="By address, and how often. Users with passwords have a form of their own.">
            <AccessFields form=access/>
        </FormGroup>
        <FormGroup title="Bodies" text="How large a request may be, and how answers travel.">
            <BodyFields form=limits/>
        </FormGroup>
        <FormGroup title="Headers" text="One in each line. One without a value is taken away. Everybody who may read this service reads them: they are no place for secrets.">
            <HeaderFields form=headers/>
        </FormGroup>
        <FormGroup title="Instances" text="How the proxy speaks to them, and what visitors read when none answers.">
            <UpstreamFields form=upstream/>
        </FormGroup>
    }
}

#[component]
fn HttpsFields(form: DomainForm) -> impl IntoView {
    view! {
        <Checkbox name="https_redirect" label="Send plain HTTP to HTTPS" checked=!form.https_redirect.is_empty()/>
        <TextField name="hsts_days" label="HSTS, in days" value=form.hsts_days optional=true mono=true placeholder="off"
            hint="Browsers then come by HTTPS only, for so long. Begin with few days: it cannot be taken back."/>
        <Checkbox name="hsts_subdomains" label="HSTS for all subdomains too" checked=!form.hsts_subdomains.is_empty()/>
        <Checkbox name="hsts_preload" label="May be built into browsers" checked=!form.hsts_preload.is_empty()
            hint="Asks for 365 days or more, and for subdomains."/>
    }
}

#[component]
fn LeadFields(form: DomainForm) -> impl IntoView {
    view! {
        <TextField name="redirect_to" label="Redirect to" value=form.redirect_to optional=true mono=true placeholder="https://www.example.com"
            hint="Every request is sent there instead. To lead www.example.com to example.com, add both as domains and redirect one."/>
        <Checkbox name="redirect_permanent" label="For ever" checked=!form.redirect_permanent.is_empty()
            hint="Browsers remember it: 301 instead of 302."/>
        <Checkbox name="redirect_keep_path" label="With the path of the request" checked=!form.redirect_keep_path.is_empty()/>
        <div class="field-row">
            <TextField name="port" label="Port" value=form.port optional=true mono=true placeholder="the service's"
                hint="Another port of the same instances."/>
            <TextField name="forwarded_path" label="Path inside" value=form.forwarded_path optional=true mono=true placeholder="as it comes"
                hint="What the program sees in place of the domain's path. A single / takes that away."/>
        </div>
    }
}

#[component]
fn AccessFields(form: DomainForm) -> impl IntoView {
    view! {
        <TextArea name="allow" label="Only these addresses" value=form.allow rows=3 optional=true mono=true placeholder="everybody"
            hint="An address or network in each line, such as 203.0.113.0/24 or 2001:db8::/32. Others get 403."/>
        <div class="field-row">
            <TextField name="rate_average" label="Requests" value=form.rate_average optional=true mono=true placeholder="no limit"
                hint="So many on average from one address; more get 429."/>
            <TextField name="rate_period" label="In so many seconds" value=form.rate_period optional=true mono=true placeholder="1"/>
            <TextField name="rate_burst" label="At once" value=form.rate_burst optional=true mono=true placeholder="the average"/>
        </div>
    }
}

#[component]
fn BodyFields(form: DomainForm) -> impl IntoView {
    view! {
        <TextField name="max_body_mib" label="Greatest request, in MiB" value=form.max_body_mib optional=true mono=true placeholder="no limit"
            hint="Larger ones get 413. Requests other than GET and their answers are then held until they are complete."/>
        <Checkbox name="compress" label="Compress answers" checked=!form.compress.is_empty()
            hint="For browsers that read it; not for event streams."/>
    }
}

#[component]
fn HeaderFields(form: DomainForm) -> impl IntoView {
    view! {
        <TextArea name="request_headers" label="The program gets" value=form.request_headers rows=3 optional=true mono=true
            placeholder="X-Environment: staging"/>
        <TextArea name="response_headers" label="Visitors get" value=form.response_headers rows=3 optional=true mono=true
            placeholder="X-Frame-Options: DENY"/>
    }
}

#[component]
fn UpstreamFields(form: DomainForm) -> impl IntoView {
    let options = [("http", "HTTP/1.1 and WebSockets"), ("h2c", "HTTP/2 without TLS, for gRPC")];
    let options = options.map(|(value, word)| (value.to_owned(), word.to_owned())).to_vec();
    view! {
        <SelectField name="upstream" label="Protocol" value=form.upstream options
            hint="The settings are taken back when the instances do not answer in it."/>
        <Checkbox name="sticky" label="A visitor stays with one instance" checked=!form.sticky.is_empty()
            hint="By a cookie, for as long as the instance runs."/>
        <TextArea name="page" label="Page while nobody answers" value=form.page rows=5 optional=true mono=true
            placeholder="Berth's own words" hint="HTML that browsers get in maintenance and while the service does not run."/>
    }
}
