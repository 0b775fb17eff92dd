//! How Berth gets at the repository: a deploy key, the key of the host, and whether it opens.

use super::{follow::refresh_after, frame::Here};
use crate::{
    api::access::{AskBranches, ForgetHostKey, MakeDeployKey, SetBranch, load_access},
    components::{Badge, Button, Card, CopyField, Form, Load, Loadable, SelectField, Submission, Time, Tone},
    live::{Topic, use_live},
};
use berth_domain::access::{AccessView, BranchesView, CredentialKind, HostKeyView, HostTrust};
use leptos::prelude::*;

/// The card on the settings page.
#[component]
pub fn AccessCard(here: Here) -> impl IntoView {
    let (path, live) = (here.path.clone(), use_live());
    let topic = Topic::Service(path.clone());
    let access: Loadable<AccessView> =
        Resource::new(move || live.version(topic.clone()), move |_| load_access(path.clone()));
    let make = Submission::to::<MakeDeployKey>();
    refresh_after(make, Topic::Service(here.path.clone()));
    let (shown, hidden) = (here.clone(), here.clone());
    let pick = format!("/git-hosts?for={}", here.path);
    view! {
        <Card title="Access to the repository" text="A key pair of this service's own for ssh: give its public half to the git host as a deploy key.">
            <Load resource=access inside=true view=move |access| view! { <Access access here=shown.clone()/> }/>
            <Form action=make class="inline-form">
                {hidden.hidden()}
                <Button icon="key" title="Its private half takes the place of the credential">"Make a deploy key"</Button>
            </Form>
            <p class="hint"><a href=pick>"Pick a repository of a git host"</a></p>
            <Branches here/>
        </Card>
    }
}

#[component]
fn Access(access: AccessView, here: Here) -> impl IntoView {
    let words = match access.credential {
        CredentialKind::Nothing => "Nothing is kept: the repository has to be public.",
        CredentialKind::Password => "A token or password is kept, for http and https.",
        CredentialKind::SshKey => {
            "A key is kept, for ssh. The address of the repository is of the form git@host:path."
        }
    };
    let key = access.public_key.map(|key| {
        view! {
            <p class="label">"Public key"</p>
            <CopyField text=key what="the public key"/>
        }
    });
    let host = access.host.map(|host| view! { <HostKey host key=access.host_key here/> });
    view! {
        <p>{words}</p>
        {access.connection.map(|words| view! { <p>{words}</p> })}
        {key}
        {host}
    }
}

#[component]
fn HostKey(host: String, key: Option<HostKeyView>, here: Here) -> impl IntoView {
    let forget = Submission::to::<ForgetHostKey>();
    refresh_after(forget, Topic::Service(here.path.clone()));
    let Some(key) = key else {
        let text = format!(
            "The SSH key of {host} is not known yet. The first one that it shows is trusted and shown here."
        );
        return view! { <p class="hint">{text}</p> }.into_any();
    };
    let (trust, forgettable) = match key.trust {
        HostTrust::Published => ("published by the host", false),
        HostTrust::FirstUse => ("trusted at first use", true),
    };
    view! {
        <p class="label">{format!("SSH key of {host}")}</p>
        <p><code class="break">{key.fingerprint}</code>" "<Badge tone=Tone::Neutral text=trust.to_string()/>
            {key.seen_at.map(|at| view! { " "<span class="muted"><Time at/></span> })}</p>
        {forgettable.then(|| view! {
            <Form action=forget class="inline-form">
                {here.hidden()}
                <Button small=true title="The next one that it shows is trusted, for every service that is fetched from it">"Forget this key"</Button>
            </Form>
        })}
    }
    .into_any()
}

/// Asks the repository, which shows whether it opens, and offers its branches.
#[component]
fn Branches(here: Here) -> impl IntoView {
    let ask = Submission::to::<AskBranches>();
    let hidden = here.clone();
    let found = move || ask.output::<BranchesView>();
    view! {
        <Form action=ask class="inline-form">
            {hidden.hidden()}
            <Button icon="git">"Ask it for its branches"</Button>
        </Form>
        {move || found().map(|branches| view! { <Choice branches here=here.clone()/> })}
    }
}

#[component]
fn Choice(branches: BranchesView, here: Here) -> impl IntoView {
    let set = Submission::to::<SetBranch>();
    refresh_after(set, Topic::Service(here.path.clone()));
    let present =
        here.service.with_untracked(|service| service.source.branch().unwrap_or_default().to_owned());
    let options = branches.branches.into_iter().map(|branch| (branch.clone(), branch)).collect();
    view! {
        <Form action=set class="inline-form">
            {here.hidden()}
            <SelectField name="branch" label="Deployed branch" options value=present/>
            <Button small=true icon="check">"Deploy this branch from now on"</Button>
        </Form>
    }
}
