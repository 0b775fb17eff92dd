//! The fields that say where a service comes from.

use crate::{
    api::service::forms::SourceForm,
    components::{Checkbox, Disclosure, Icon, TextArea, TextField},
};
use leptos::prelude::*;

/// Repository, pushes or image, as radio buttons whose fields show without any script, too.
#[component]
pub fn SourceKind(
    /// What is saved, when it is.
    #[prop(optional)]
    source: Option<SourceForm>,
) -> impl IntoView {
    let source = source.unwrap_or_default();
    let (image, pushed) = (source.kind == "image", source.kind == "pushed");
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
            <div class="source-git">
                <TextField name="url" label="Repository" optional=true mono=true autocomplete="off"
                    placeholder="https://git.example.com/team/shop.git" value=source.url
                    hint="https, http or ssh, or git@host:path. Without a password in it."/>
                <TextField name="branch" label="Branch" optional=true mono=true autocomplete="off" value=branch/>
            </div>
            <div class="source-pushed">
                <TextField name="pushed_branch" label="Branch" optional=true mono=true autocomplete="off" value=pushed_branch
                    hint="A push to it deploys, and is accepted when that is live. Berth keeps the repository."/>
            </div>
            <div class="source-image">
                <TextField name="reference" label="Image" optional=true mono=true autocomplete="off"
                    placeholder="nginx:1.27" value=source.reference
                    hint="A name with its tag or digest, as docker pull takes it."/>
            </div>
        </div>
    }
}

/// How a repository is built.
#[component]
pub fn GitBuildFields(#[prop(optional)] source: Option<SourceForm>) -> impl IntoView {
    let source = source.unwrap_or_default();
    let builder = source.clone();
    view! {
        <BuilderKind source=builder/>
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

/// What makes the image, as radio buttons whose fields show without any script, too.
#[component]
fn BuilderKind(source: SourceForm) -> impl IntoView {
    let (site, auto) = (source.builder == "static", source.builder == "auto");
    view! {
        <div class="source-kind builder-kind" role="radiogroup" aria-label="Builder">
            <input type="radio" id="builder-dockerfile" name="builder" value="dockerfile" checked=!site && !auto/>
            <label for="builder-dockerfile"><Icon name="image"/><span><strong>"Dockerfile"</strong><span class="hint">"The repository says how"</span></span></label>
            <input type="radio" id="builder-static" name="builder" value="static" checked=site/>
            <label for="builder-static"><Icon name="domain"/><span><strong>"Static site"</strong><span class="hint">"A folder of files"</span></span></label>
            <input type="radio" id="builder-auto" name="builder" value="auto" checked=auto/>
            <label for="builder-auto"><Icon name="search"/><span><strong>"Find out"</strong><span class="hint">"Berth looks, and says what it does"</span></span></label>
            <div class="builder-static">
                <TextField name="publish" label="Folder that is served" optional=true mono=true value=source.publish placeholder="the whole folder"
                    hint="Relative to the folder below; after the command, when there is one."/>
                <TextArea name="build_command" label="Command that makes it" optional=true mono=true rows=2 value=source.build_command
                    placeholder="npm ci && npm run build" hint="Runs in the image beside it, with what is in the folder."/>
                <TextField name="build_image" label="Image of the command" optional=true mono=true value=source.build_image placeholder="node:22"/>
                <Checkbox name="single_page" label="A program in the browser" checked=!source.single_page.is_empty()
                    hint="Paths that are no file get index.html."/>
            </div>
        </div>
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
            <TextArea name="ssh_key" label="OpenSSH private key" secret=true optional=true mono=true rows=4
                placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
                hint="Without a passphrase. Give the repository's host the public half as a deploy key. Left empty, the settings of the service make a key pair of its own."/>
        </Disclosure>
    }
}
