//! The authorities that are asked for certificates, and how many orders are left at each.

use crate::{
    api::certificates::load_authorities,
    components::{Badge, Card, Icon, Load, Loadable, Time},
};
use berth_domain::authority::{Allowance, AuthorityRole, AuthorityView, host_of};
use leptos::prelude::*;

/// The authorities with the budget of each; nothing where none is set.
#[component]
pub fn Authorities() -> impl IntoView {
    let first: Loadable<Vec<AuthorityView>> = Resource::new(|| (), |()| load_authorities());
    view! { <Load resource=first inside=true view=|all| view! { <Loaded all/> }/> }
}

#[component]
fn Loaded(all: Vec<AuthorityView>) -> impl IntoView {
    let text = "Berth orders less than the authorities allow, so that none of them ever shuts it out.";
    (!all.is_empty()).then(|| {
        let rows = all.into_iter().map(|one| view! { <Row one/> }).collect_view();
        view! { <Card title="Authorities" text=text><ul class="orphans">{rows}</ul></Card> }
    })
}

#[component]
fn Row(one: AuthorityView) -> impl IntoView {
    let host = host_of(&one.directory).to_owned();
    let domains = one.domains.into_iter();
    let domains =
        domains.map(|of| view! { <Left name=of.domain allowance=of.orders what="new certificates"/> });
    view! {
        <li class="orphan">
            <Icon name="key"/>
            <div class="orphan-text">
                <p class="orphan-name">
                    <span class="mono breakable" title=one.directory>{host}</span>
                    <Badge text=one.role.as_str() title=purpose(one.role)/>
                </p>
                <Left name="all names".to_owned() allowance=one.orders what="orders"/>
                {domains.collect_view()}
            </div>
        </li>
    }
}

#[component]
fn Left(name: String, allowance: Allowance, what: &'static str) -> impl IntoView {
    let Allowance { left, most, window_hours, refills_at } = allowance;
    let left = format!("{left} of {most} {what} left {}", within(window_hours));
    view! {
        <p class="disk-facts">
            <span class="mono breakable">{name}</span>
            <span>{left}</span>
            {refills_at.map(|at| view! { <span>"one more "<Time at/></span> })}
        </p>
    }
}

fn within(hours: u32) -> String {
    match hours {
        168 => "in a week".to_owned(),
        hours => format!("in {hours} hours"),
    }
}

fn purpose(role: AuthorityRole) -> &'static str {
    match role {
        AuthorityRole::First => "It is asked for every certificate",
        AuthorityRole::Fallback => {
            "It is asked when the first one gives none for a reason that is not the domain's"
        }
        AuthorityRole::Staging => "New domains are tried here before a real one is asked",
    }
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn a_window_is_told_in_words() {
        assert_eq!([within(3), within(168)], ["in 3 hours", "in a week"]);
    }
}
