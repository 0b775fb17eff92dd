//! The repositories of a host, to pick one.

use super::{asked, target, with_query};
use crate::{
    api::connections::load_repositories,
    components::{Badge, Card, EmptyState, Icon, Load, Loadable, Page, Table},
    pages::param,
};
use berth_domain::connection::RepositoriesView;
use leptos::prelude::*;

/// A part of the repositories, with a search.
#[component]
pub fn RepositoriesPage() -> impl IntoView {
    let connection = param("connection").get_untracked();
    let (search, page) = (asked("search"), asked("page"));
    let (id, wanted) = (connection.clone(), search.clone());
    let found: Loadable<RepositoriesView> =
        Resource::new(|| (), move |()| load_repositories(id.clone(), wanted.clone(), page.clone()));
    let at = format!("/git-hosts/{connection}");
    let searched = search.clone();
    view! {
        <Page title="Repositories">
            <form class="inline-form" method="get" action=at role="search">
                <input type="hidden" name="for" value=target()/>
                <input type="search" name="search" aria-label="Part of the name" placeholder="Part of the name" value=search/>
                <button class="button" type="submit"><Icon name="search"/><span>"Search"</span></button>
            </form>
            <Card flush=true>
                <Load resource=found inside=true view=move |found| {
                    view! { <Repositories found connection=connection.clone() search=searched.clone()/> }
                }/>
            </Card>
        </Page>
    }
}

#[component]
fn Repositories(found: RepositoriesView, connection: String, search: String) -> impl IntoView {
    let (at, wanted) = (format!("/git-hosts/{connection}"), target());
    let next = found.next.map(|page| page.to_string()).map(|page| {
        let pairs = [("for", wanted.as_str()), ("search", search.as_str()), ("page", page.as_str())];
        view! { <p class="form-actions"><a class="button" href=with_query(&at, &pairs)>"More"</a></p> }
    });
    if found.items.is_empty() {
        let empty = view! {
            <EmptyState icon="git" title="Nothing found" text="Of what this connection may see, nothing has that in its name."/>
        };
        return view! { {empty}{next} }.into_any();
    }
    let row = |one: berth_domain::connection::RepositoryView| {
        let pairs = [
            ("name", one.name.as_str()),
            ("url", one.url.as_str()),
            ("branch", one.default_branch.as_str()),
            ("for", wanted.as_str()),
        ];
        let choose = with_query(&format!("{at}/repository"), &pairs);
        view! {
            <tr>
                <th scope="row" class="mono breakable"><a href=choose>{one.name.clone()}</a></th>
                <td>{one.private.then(|| view! { <Badge text="private"/> })}</td>
                <td class="mono">{one.default_branch.clone()}</td>
            </tr>
        }
    };
    let rows = found.items.into_iter().map(row).collect_view();
    view! { <Table head=vec!["Repository", "", "Branch"] caption="Repositories">{rows}</Table>{next} }
        .into_any()
}
