//! The fields that say where a service comes from.

use crate::{
    api::service::forms::SourceForm,
    components::{Disclosure, Icon, TextArea, TextField},
};
use leptos::{ev::Event, prelude::*};

/// Repository, pushes or image, as radio buttons whose fields show without any script, too.
#[component]
pub fn SourceKind(
    /// What is saved, when it is.
    #[prop(optional)]
    source: Option<SourceForm>,
    /// Hears what is typed into the address, and whether it is that of an image.
    typed: impl Fn(String, bool) + Clone + Send + Sync + 'static,
) -> impl IntoView {
    let source = source.unwrap_or_default();
    let (image, pushed) = (source.kind == "image", source.kind == "pushed");
    let (url, reference) = (typed.clone(), typed);
    let on_url = move |event: Event| url(event_target_value(&event), false);
    let on_reference = move |event: Event| reference(event_target_value(&event), true);
    let value = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let or_main = |branch: &str| value(branch).unwrap_or_else(|| "main".into());
    let (branch, pushed_branch) = (or_main(&source.branch), or_main(&source.pushed_branch));
    view! {
        <div class="source-kind" role="radiogroup" aria-label="Kind of source">
            <input type="radio" id="kind-git" name="kind" value="git" checked=!image && !pushed/>
            <label for="kind-git"><Icon name="git"/><span><strong>"Git repository"</strong><span class="hint">"Built from its Dockerfile"</span></span></label>
            <input type="radio" id="kind-pushed" name="kind" value="pushed" checked=pushed/>
            <label for="kind-pushed"><Icon name="deploy"/><span><strong>"Push to Berth"</strong><span class="hint">"With git push, from your own copy"</span></span></label>
            <input type="radio" id="kind-image" name="kind" value="image" checked=image/>
            <label for="kind-image"><Icon name="image"/><span><strong>"Image"</strong><span class="hint">"Pulled from a registry"</span></span></label>
            <div class="source-git" on:input=move |event| if is_named(&event, "url") { on_url(event) }>
                <TextField name="url" label="Repository" optional=true mono=true autocomplete="off"
                    placeholder="https://git.example.com/team/shop.git" value=source.url
                    hint="https, http or ssh, or git@host:path. Without a password in it."/>
                <TextField name="branch" label="Branch" optional=true mono=true autocomplete="off" value=branch/>
            </div>
            <div class="source-pushed">
                <TextField name="pushed_branch" label="Branch" optional=true mono=true autocomplete="off" value=pushed_branch
                    hint="A push to it deploys, and is accepted when that is live. Berth keeps the repository."/>
            </div>
            <div class="source-image" on:input=on_reference>
                <TextField name="reference" label="Image" optional=true mono=true autocomplete="off"
                    placeholder="nginx:1.27" value=source.reference
                    hint="A name with its tag or digest, as docker pull takes it."/>
            </div>
        </div>
    }
}

fn is_named(event: &Event, name: &str) -> bool {
    use leptos::wasm_bindgen::JsCast;
    let target = event.target().and_then(|target| target.dyn_into::<leptos::web_sys::Element>().ok());
    target.and_then(|element| element.get_attribute("name")).as_deref() == Some(name)
}

/// How a repository is built.
#[component]
pub fn GitBuildFields(#[prop(optional)] source: Option<SourceForm>) -> impl IntoView {
    let source = source.unwrap_or_default();
    view! {
        <div class="field-row">
            <TextField name="folder" label="Folder" optional=true mono=true value=source.folder placeholder="the whole repository"
                hint="The build sees only this folder of the repository."/>
            <TextField name="dockerfile" label="Dockerfile" optional=true mono=true value=source.dockerfile placeholder="Dockerfile"
                hint="Relative to the folder."/>
            <TextField name="target" label="Stage" optional=true mono=true value=source.target placeholder="the last one"
                hint="The stage of the Dockerfile to build."/>
        </div>
        <TextArea name="build_args" label="Build arguments" optional=true mono=true rows=3 value=source.build_args
            placeholder="NODE_ENV=production"
            hint="One KEY=value per line. They stay in the history of the image: nothing secret."/>
    }
}

/// A token or password for https, or a key for ssh.
#[component]
pub fn CredentialFields() -> impl IntoView {
    view! {
        <p class="hint">"Kept sealed and never shown again. It is given to git and the registry by file, not on a command line."</p>
        <div class="field-row">
            <TextField name="username" label="User name" optional=true mono=true autocomplete="off"
                hint="Not needed for a token alone."/>
            <TextField name="secret" label="Token or password" kind="password" optional=true autocomplete="new-password"/>
        </div>
        <Disclosure summary="An SSH key instead" icon="key">
            <TextArea name="ssh_key" label="OpenSSH private key" optional=true mono=true rows=4
                placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
                hint="Without a passphrase. Give the repository's host the public half as a deploy key. Left empty, the settings of the service make a key pair of its own."/>
        </Disclosure>
    }
}
