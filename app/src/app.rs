//! The panel as one view: the frame and the routes.

use crate::{
    boot::Boot,
    components::FormCount,
    live::Live,
    pages::{
        account::AccountPage,
        deployment::DeploymentPage,
        disk::{DiskPage, OrphansPage},
        events::EventsPage,
        not_found::NotFoundPage,
        project::ProjectPage,
        project_settings::ProjectSettingsPage,
        projects::ProjectsPage,
        registries::RegistriesPage,
        service::{
            DeploymentsPage, DomainsPage, LogsPage, NewServicePage, OverviewPage, RollbackPage, SettingsPage,
            VariablesPage, VolumesPage,
        },
        setup::SetupPage,
        sign_in::SignInPage,
    },
    widgets::Chrome,
};
use leptos::{prelude::*, server::ServerActionError};
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};

/// The content of the document's body.
#[component]
pub fn App() -> impl IntoView {
    let boot = Boot::current();
    if let Some(problem) = &boot.problem {
        provide_context(ServerActionError::new(&problem.path, &problem.error));
    }
    let live = Live::new();
    #[cfg(feature = "hydrate")]
    {
        let (live, signed_in) = (live.clone(), boot.viewer.is_some());
        Effect::new(move |_| crate::live::connect(&live, signed_in));
    }
    provide_context(live);
    provide_context(FormCount::default());
    view! {
        <Router>
            <Chrome>
                <Pages/>
            </Chrome>
        </Router>
    }
}

#[component]
fn Pages() -> impl IntoView {
    view! {
        <FlatRoutes fallback=NotFoundPage>
            <Route path=path!("/setup") view=SetupPage/>
            <Route path=path!("/sign-in") view=SignInPage/>
            <Route path=path!("/projects") view=ProjectsPage/>
            <Route path=path!("/projects/:project") view=ProjectPage/>
            <Route path=path!("/projects/:project/settings") view=ProjectSettingsPage/>
            <Route path=path!("/projects/:project/:environment/new") view=NewServicePage/>
            <Route path=path!("/projects/:project/:environment/:service") view=OverviewPage/>
            <Route path=path!("/projects/:project/:environment/:service/deployments") view=DeploymentsPage/>
            <Route path=path!("/projects/:project/:environment/:service/deployments/:number") view=DeploymentPage/>
            <Route path=path!("/projects/:project/:environment/:service/logs") view=LogsPage/>
            <Route path=path!("/projects/:project/:environment/:service/variables") view=VariablesPage/>
            <Route path=path!("/projects/:project/:environment/:service/domains") view=DomainsPage/>
            <Route path=path!("/projects/:project/:environment/:service/volumes") view=VolumesPage/>
            <Route path=path!("/projects/:project/:environment/:service/settings") view=SettingsPage/>
            <Route path=path!("/projects/:project/:environment/:service/rollback/:number") view=RollbackPage/>
            <Route path=path!("/events") view=EventsPage/>
            <Route path=path!("/disk") view=DiskPage/>
            <Route path=path!("/disk/orphans") view=OrphansPage/>
            <Route path=path!("/account") view=AccountPage/>
            <Route path=path!("/registries") view=RegistriesPage/>
            <Route path=path!("/components") view=crate::pages::gallery::GalleryPage/>
        </FlatRoutes>
    }
}
