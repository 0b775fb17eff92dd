//! Where a service that comes from pushes is pushed to.

use super::frame::Here;
use crate::{
    api::service::load_remote,
    components::{Card, CopyField, Load, Loadable},
    live::{Topic, use_live},
};
use berth_domain::remote::RemoteView;
use leptos::prelude::*;

/// The addresses, and the commands to copy.
#[component]
pub fn RemoteCard(here: Here) -> impl IntoView {
    let (path, live) = (here.path.clone(), use_live());
    let topic = Topic::Service(path.clone());
    let remote: Loadable<RemoteView> =
        Resource::new(move || live.version(topic.clone()), move |_| load_remote(path.clone()));
    view! {
        <Card title="Push to it" text="Your git shows the build and the rollout, and the push is accepted when the release is live.">
            <Load resource=remote inside=true view=|remote| view! { <Remote remote/> }/>
        </Card>
    }
}

#[component]
fn Remote(remote: RemoteView) -> impl IntoView {
    let commands = remote
        .commands()
        .into_iter()
        .map(|command| view! { <CopyField text=command what="the command"/> })
        .collect_view();
    let ssh = remote.ssh_url.map(|url| {
        view! {
            <p class="label">"Over SSH, with a key of your account"</p>
            <CopyField text=url what="the address for SSH"/>
        }
    });
    view! {
        <p class="label">"In your repository"</p>
        {commands}
        {ssh}
        <p class="label">"Over HTTP, with an API token as the password"</p>
        <CopyField text=remote.http_url what="the address"/>
        <p class="hint">"Tokens and keys are made on the "<a href="/account">"account page"</a>". Any user name will do."</p>
    }
}
