use crate::{
    api::front::Claim,
    components::{Button, Hidden, Notice, PlainForm, TextField, Tone, Variant},
    widgets::LoneFrame,
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;

/// Makes the owner's account with the one-time token.
#[component]
pub fn SetupPage() -> impl IntoView {
    let token = use_query_map().with_untracked(|query| query.get("token").unwrap_or_default());
    if token.is_empty() {
        return view! { <NoToken/> }.into_any();
    }
    view! {
        <LoneFrame title="Make this Berth yours" text="This link works once. The account that you make here owns everything on this machine's Berth.">
            <PlainForm action=Claim::url() class="form lone-card">
                <Hidden name="token" value=token/>
                <TextField name="email" label="E-mail" kind="email" autocomplete="username" autofocus=true hint="You sign in with it; nothing is ever sent there."/>
                <TextField
                    name="password" label="Password" kind="password" autocomplete="new-password"
                    minlength=berth_domain::account::MIN_PASSWORD
                    hint="At least 10 characters. Length is what counts: four random words are better than one with signs."
                />
                <div class="form-actions"><Button variant=Variant::Primary>"Create the owner's account"</Button></div>
            </PlainForm>
        </LoneFrame>
    }
    .into_any()
}

#[component]
fn NoToken() -> impl IntoView {
    view! {
        <LoneFrame title="This Berth has no owner yet">
            <div class="lone-card">
                <Notice tone=Tone::Info title="Open the setup link">
                    <p>"Berth printed a one-time link when it started. You also find it on the machine in "<code>"setup-link"</code>" in Berth's data folder."</p>
                </Notice>
                <p class="hint">"Already claimed? "<a href="/sign-in" rel="external">"Sign in"</a>"."</p>
            </div>
        </LoneFrame>
    }
}
