//! Ports of the machine that lead to a service without HTTP.

use super::frame::{Here, may};
use crate::{
    api::ports::{ClosePort, PublishPort, load_ports},
    components::{
        Button, Card, Form, Hidden, Load, Loadable, SelectField, Submission, Table, TextField, Time, Variant,
    },
};
use berth_domain::{
    permission::Permission,
    published_port::{Protocol, PublishedPortView, PublishedPortsView},
};
use leptos::prelude::*;

/// The published ports, and a form for another one.
#[component]
pub fn Ports(here: Here) -> impl IntoView {
    let path = here.path.clone();
    let ports: Loadable<PublishedPortsView> = Resource::new(|| (), move |()| load_ports(path.clone()));
    view! { <Load resource=ports inside=true view=move |ports| view! { <Loaded ports here=here.clone()/> }/> }
}

#[component]
fn Loaded(ports: PublishedPortsView, here: Here) -> impl IntoView {
    let text = match ports.range.is_empty() {
        true => "For what speaks no HTTP: a database, a game server. This Berth has no ports for that: \
                 name some in BERTH_PORTS, such as 20000-20009, and start it again."
            .to_owned(),
        false => format!(
            "For what speaks no HTTP: a database, a game server. Everybody who reaches this machine can connect. Ports: {}. \
             A service without any HTTP needs no domain: remove its default one.",
            ports.range
        ),
    };
    let close = Submission::to::<ClosePort>();
    let configures = may(Permission::Configure);
    let any = !ports.ports.is_empty();
    let form = (configures && !ports.range.is_empty()).then(|| view! { <PublishForm here=here.clone()/> });
    let rows = ports.ports.into_iter();
    let rows = rows.map(|port| view! { <Row port here=here.clone() close configures/> }).collect_view();
    view! {
        <Card title="Published ports" text=text>
            {(!any).then(|| view! { <p class="muted">"No port leads to this service."</p> })}
            {any.then(|| view! {
                <Table head=vec!["Port", "Leads to port", "Since", ""] caption="Published ports">{rows}</Table>
            })}
            {form}
        </Card>
    }
}

#[component]
fn Row(port: PublishedPortView, here: Here, close: Submission, configures: bool) -> impl IntoView {
    view! {
        <tr>
            <td class="mono">{format!("{}/{}", port.protocol, port.port)}</td>
            <td class="mono">{port.target}</td>
            <td class="muted"><Time at=port.created_at/></td>
            <td class="row-actions">
                {configures.then(|| view! {
                    <Form action=close class="inline-form">
                        {here.hidden()}
                        <Hidden name="published" value=port.id.to_string()/>
                        <Button small=true variant=Variant::Danger icon="trash">"Close"</Button>
                    </Form>
                })}
            </td>
        </tr>
    }
}

#[component]
fn PublishForm(here: Here) -> impl IntoView {
    let publish = Submission::to::<PublishPort>();
    let protocols = Protocol::ALL.map(|one| (one.to_string(), one.as_str().to_uppercase())).to_vec();
    view! {
        <Form action=publish>
            {here.hidden()}
            <div class="field-row">
                <SelectField name="protocol" label="Protocol" options=protocols/>
                <TextField name="port" label="Port of this machine" mono=true autocomplete="off"/>
                <TextField name="target" label="Port of the program" placeholder="5432" mono=true autocomplete="off"/>
            </div>
            <div class="form-actions"><Button variant=Variant::Primary icon="plus">"Publish"</Button></div>
        </Form>
    }
}
