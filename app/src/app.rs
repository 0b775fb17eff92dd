//! The panel as one view: the frame and the routes.

use crate::{
    components::FormCount,
    live::Live,
    pages::{
        AccountPage, AppInstalledPage, AppMadePage, CertificatesPage, ChooseRepositoryPage, DomainPage,
        GalleryPage, GitHostsPage, MakeAppPage, NewServicePage, PreviewsPage, ProjectSettingsPage, ProxyPage,
        RegistriesPage, RepositoriesPage, RollbackPage, SettingsPage, SetupPage, SignInPage,
        deployment::DeploymentPage,
        disk::{DiskPage, OrphansPage},
        events::EventsPage,
        not_found::NotFoundPage,
        project::ProjectPage,
        projects::ProjectsPage,
        service::{DeploymentsPage, DomainsPage, LogsPage, OverviewPage, VariablesPage, VolumesPage},
    },
    widgets::Chrome,
};
use leptos::prelude::*;
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};

/// The content of the document's body.
#[component]
pub fn App() -> impl IntoView {
    let live = Live::new();
    #[cfg(feature = "hydrate")]
    {
        let (live, signed_in) = (live.clone(), crate::boot::Boot::current().viewer.is_some());
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
            <Route path=path!("/projects/:project/:environment/:service/domains/:domain") view=DomainPage/>
            <Route path=path!("/projects/:project/:environment/:service/proxy") view=ProxyPage/>
            <Route path=path!("/projects/:project/:environment/:service/volumes") view=VolumesPage/>
            <Route path=path!("/projects/:project/:environment/:service/previews") view=PreviewsPage/>
            <Route path=path!("/projects/:project/:environment/:service/settings") view=SettingsPage/>
            <Route path=path!("/projects/:project/:environment/:service/rollback/:number") view=RollbackPage/>
            <Route path=path!("/events") view=EventsPage/>
            <Route path=path!("/certificates") view=CertificatesPage/>
            <Route path=path!("/disk") view=DiskPage/>
            <Route path=path!("/disk/orphans") view=OrphansPage/>
            <Route path=path!("/account") view=AccountPage/>
            <Route path=path!("/git-hosts") view=GitHostsPage/>
            <Route path=path!("/git-hosts/app") view=MakeAppPage/>
            <Route path=path!("/git-hosts/made") view=AppMadePage/>
            <Route path=path!("/git-hosts/installed/:connection") view=AppInstalledPage/>
            <Route path=path!("/git-hosts/:connection") view=RepositoriesPage/>
            <Route path=path!("/git-hosts/:connection/repository") view=ChooseRepositoryPage/>
            <Route path=path!("/registries") view=RegistriesPage/>
            <Route path=path!("/components") view=GalleryPage/>
        </FlatRoutes>
    }
}
