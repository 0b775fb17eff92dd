use crate::{
    api::front::SignIn,
    components::{Button, Hidden, PlainForm, TextField, Variant},
    widgets::LoneFrame,
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;

/// Opens a session.
#[component]
pub fn SignInPage() -> impl IntoView {
    let next = use_query_map().with_untracked(|query| query.get("next").unwrap_or_default());
    view! {
        <LoneFrame title="Sign in to Berth">
            <PlainForm action=SignIn::url() class="form lone-card">
                <Hidden name="next" value=next/>
                <TextField name="email" label="E-mail" kind="email" autocomplete="username" autofocus=true/>
                <TextField name="password" label="Password" kind="password" autocomplete="current-password"/>
                <div class="form-actions"><Button variant=Variant::Primary>"Sign in"</Button></div>
            </PlainForm>
            <p class="lone-foot">
                "Forgotten the password? On the machine, run "<code>"berth admin reset-password"</code>"."
            </p>
        </LoneFrame>
    }
}
