mod keys;

use crate::{
    api::account::{
        ChangePassword, CreateToken, EndSession, RevokeToken, SignOutEverywhere, sessions, tokens,
    },
    boot::Boot,
    components::{
        Badge, Button, Card, CopyField, EmptyState, Form, Hidden, Load, Notice, Page, PlainForm, SelectField,
        Submission, Table, TextField, Time, Tone, Variant,
    },
    live::{Topic, use_live},
};
use berth_domain::{
    account::{CreatedToken, SessionView, TokenView},
    permission::Role,
};
use keys::Keys;
use leptos::{prelude::*, server_fn::ServerFn};

/// The account of the one who is signed in.
#[component]
pub fn AccountPage() -> impl IntoView {
    let viewer = Boot::current().viewer;
    let subtitle = viewer.map(|viewer| view! { {viewer.email}" \u{b7} "{viewer.role.as_str()} }.into_any());
    view! {
        <Page title="Account" subtitle=subtitle.into_any()>
            <Tokens/>
            <Keys/>
            <Sessions/>
            <Password/>
        </Page>
    }
}

#[component]
fn Password() -> impl IntoView {
    view! {
        <Card title="Password" text="A new password ends every session, token and SSH key of your account, this session too.">
            <PlainForm action=ChangePassword::url()>
                <div class="form-row">
                    <TextField name="current" label="Present password" kind="password" autocomplete="current-password"/>
                    <TextField
                        name="new" label="New password" kind="password" autocomplete="new-password"
                        minlength=berth_domain::account::MIN_PASSWORD hint="At least 10 characters; length is what counts."
                    />
                </div>
                <div class="form-actions"><Button>"Change the password"</Button></div>
            </PlainForm>
        </Card>
    }
}

#[component]
fn Sessions() -> impl IntoView {
    let live = use_live();
    let sessions = Resource::new(move || live.version(Topic::Account), |_| sessions());
    let everywhere = view! {
        <PlainForm action=SignOutEverywhere::url() class="form-actions">
            <Button variant=Variant::Danger small=true icon="out">"Sign out everywhere"</Button>
        </PlainForm>
    };
    view! {
        <Card title="Sessions" text="The browsers that are signed in to your account." flush=true actions=everywhere.into_any()>
            <Load resource=sessions inside=true view=move |sessions| view! { <SessionTable sessions/> }/>
        </Card>
    }
}

#[component]
fn SessionTable(sessions: Vec<SessionView>) -> impl IntoView {
    let action = Submission::to::<EndSession>();
    let rows = sessions
        .into_iter()
        .map(|session| {
            let agent = browser(&session.user_agent);
            let end = (!session.current).then(|| {
                view! {
                    <Form action class="form-actions">
                        <Hidden name="session" value=session.id.to_string()/>
                        <Button small=true variant=Variant::Quiet>"End"</Button>
                    </Form>
                }
            });
            view! {
                <tr>
                    <td><span class="session-agent" title=session.user_agent>{agent}</span>" "
                        {session.current.then(|| view! { <Badge tone=Tone::Good text="this one"/> })}</td>
                    <td>{session.address}</td>
                    <td><Time at=session.created_at/></td>
                    <td><Time at=session.seen_at/></td>
                    <td>{end}</td>
                </tr>
            }
        })
        .collect_view();
    view! { <Table head=vec!["Browser", "Address", "Signed in", "Seen", ""] caption="Sessions">{rows}</Table> }
}

/// The browser's name out of what it says of itself.
fn browser(agent: &str) -> String {
    let known = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    let system = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("Windows", "Windows"),
        ("Linux", "Linux"),
    ];
    let find = |list: &[(&str, &'static str)]| {
        list.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, word)| *word)
    };
    match (find(&known), find(&system)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ if agent.is_empty() => "Unknown".to_owned(),
        _ => agent.to_owned(),
    }
}

#[component]
fn Tokens() -> impl IntoView {
    let live = use_live();
    let create = Submission::to::<CreateToken>();
    let tokens = Resource::new(move || (live.version(Topic::Account), create.version().get()), |_| tokens());
    view! {
        <Card
            title="API tokens" flush=true
            text="For the command line and other programs. A token can do at most what you can."
        >
            <NewSecret create/>
            <Load resource=tokens inside=true view=move |tokens| view! { <TokenTable tokens/> }/>
            <NewToken create/>
        </Card>
    }
}

/// The secret of the token that was just made.
#[component]
fn NewSecret(create: Submission) -> impl IntoView {
    let carried = StoredValue::new(Boot::once("token"));
    let secret = move || match create.is_new() {
        true => carried.get_value(),
        false => create.output::<CreatedToken>().map(|created| created.secret),
    };
    move || {
        secret().map(|secret| {
            view! {
                <div class="card-note">
                    <Notice tone=Tone::Good title="Copy the token now: it is not shown again.">
                        <CopyField text=secret what="the token"/>
                    </Notice>
                </div>
            }
        })
    }
}

#[component]
fn NewToken(create: Submission) -> impl IntoView {
    let mine = Boot::current().viewer.map_or(Role::Viewer, |viewer| viewer.role);
    let roles = Role::ALL
        .iter()
        .filter(|role| **role <= mine)
        .map(|role| (role.to_string(), role.to_string()))
        .collect();
    let days = [("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("", "never")]
        .map(|(value, word)| (value.to_owned(), word.to_owned()))
        .to_vec();
    view! {
        <div class="card-foot">
            <Form action=create class="form-inline">
                <TextField name="name" label="New token for" placeholder="laptop, CI" autocomplete="off"/>
                <SelectField name="role" label="Role" options=roles value="deployer"/>
                <SelectField name="days" label="Ends after" options=days value="90"/>
                <Button icon="plus">"Make a token"</Button>
            </Form>
        </div>
    }
}

#[component]
fn TokenTable(tokens: Vec<TokenView>) -> impl IntoView {
    let action = Submission::to::<RevokeToken>();
    if tokens.is_empty() {
        return view! {
            <EmptyState icon="key" title="No tokens yet" text="Make one to use the command line: berth login asks for it."/>
        }
        .into_any();
    }
    let rows = tokens
        .into_iter()
        .map(|token| {
            view! {
                <tr>
                    <td><strong>{token.name}</strong></td>
                    <td>{token.role.as_str()}</td>
                    <td><Time at=token.created_at/></td>
                    <td>{match token.expires_at { Some(at) => view! { <Time at/> }.into_any(), None => "never".into_any() }}</td>
                    <td>{match token.used_at { Some(at) => view! { <Time at/> }.into_any(), None => "never".into_any() }}</td>
                    <td>
                        <Form action class="form-actions">
                            <Hidden name="token" value=token.id.to_string()/>
                            <Button small=true variant=Variant::Danger>"Revoke"</Button>
                        </Form>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! { <Table head=vec!["Name", "Role", "Made", "Ends", "Used", ""] caption="API tokens">{rows}</Table> }
        .into_any()
}
