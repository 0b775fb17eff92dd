//! An App at GitHub: the form that goes there, and the two pages where GitHub sends the browser back to.

use super::asked;
use crate::{
    api::connections::{FinishApp, app_installed, begin_app},
    components::{Button, Card, Form, Hidden, Load, Loadable, Page, Submission, Variant},
    pages::param,
};
use berth_domain::connection::{AppManifest, ConnectionView};
use leptos::prelude::*;

/// The form that makes the App there.
#[component]
pub fn MakeAppPage() -> impl IntoView {
    let (url, account) = (asked("url"), asked("account"));
    let begun: Loadable<AppManifest> =
        Resource::new(|| (), move |()| begin_app(url.clone(), account.clone()));
    view! {
        <Page title="An App at GitHub">
            <Load resource=begun inside=true view=|begun| view! { <Manifest begun/> }/>
        </Page>
    }
}

#[component]
fn Manifest(begun: AppManifest) -> impl IntoView {
    let place = begun.post_to.split('?').next().unwrap_or_default().to_owned();
    view! {
        <Card title="GitHub asks you for a name and makes the App" text="It may read code, and write commit statuses and comments on pull requests. GitHub then sends you back here.">
            <form class="form" method="post" action=begun.post_to>
                <Hidden name="manifest" value=begun.manifest/>
                <p class="mono breakable">{place}</p>
                <div class="form-actions"><Button variant=Variant::Primary icon="git">"Make the App at GitHub"</Button></div>
            </form>
        </Card>
    }
}

/// Where GitHub sends the browser when the App is made. The code is only used when the person says so.
#[component]
pub fn AppMadePage() -> impl IntoView {
    let finish = Submission::to::<FinishApp>();
    view! {
        <Page title="The App is made">
            <Card title="One more step" text="Berth fetches the App's key from GitHub and keeps it sealed. Then install the App for the repositories that it is for.">
                <Form action=finish>
                    <Hidden name="code" value=asked("code")/>
                    <Hidden name="state" value=asked("state")/>
                    <div class="form-actions"><Button variant=Variant::Primary icon="check">"Keep the App"</Button></div>
                </Form>
            </Card>
        </Page>
    }
}

/// Where GitHub sends the browser when the App is installed.
#[component]
pub fn AppInstalledPage() -> impl IntoView {
    let (connection, installation) = (param("connection").get_untracked(), asked("installation_id"));
    let noted: Loadable<ConnectionView> =
        Resource::new(|| (), move |()| app_installed(connection.clone(), installation.clone()));
    view! {
        <Page title="The App is installed">
            <Load resource=noted inside=true view=|noted| view! {
                <Card title=noted.account text="Its repositories can be picked for services.">
                    <a class="button" href=format!("/git-hosts/{}", noted.id)>"Show the repositories"</a>
                </Card>
            }/>
        </Page>
    }
}
