//! How often an authority is asked: below its own limits, and more and more seldom for what fails.

use berth_domain::{
    authority::{Allowance, AuthorityView, DomainAllowance},
    certificate::not_public,
    ids::OrganisationId,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;

use crate::{
    Config, Engine, Result,
    store::{OrderRow, Scope},
};

/// So many orders in a window of time.
#[derive(Debug, Clone, Copy)]
struct Limit {
    most: u32,
    window: TimeDelta,
}

/// How many orders an operator lets Berth make.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Orders of an account in three hours; Let's Encrypt allows 300.
    account: Limit,
    /// First certificates of a registered domain in a week; Let's Encrypt allows 50, and does not count renewals.
    domain: Limit,
}

/// Orders for the same names that came to nothing. Let's Encrypt allows five in an hour.
const OF_FAILURES: Limit = Limit { most: 4, window: TimeDelta::hours(1) };

/// The longest window: what is older counts nowhere.
pub(super) const LONGEST: TimeDelta = TimeDelta::days(7);

/// What kind of fault an attempt ended with: each is tried again at its own pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// The authority was not asked, or did not answer: it costs nothing to look again.
    Free,
    /// The authority said no. Let's Encrypt allows five failures an hour for a name.
    Counted,
    /// The authority gives no more for now.
    Limited,
}

/// The own limit is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UsedUp {
    /// What there are no more of, with the limit.
    pub what: String,
    pub until: DateTime<Utc>,
}

impl Limits {
    /// Those of a configuration.
    pub fn of(config: &Config) -> Self {
        Self {
            account: Limit { most: config.acme_orders, window: TimeDelta::hours(3) },
            domain: Limit { most: config.acme_domain_orders, window: LONGEST },
        }
    }

    fn of_account(&self, orders: &[OrderRow], now: DateTime<Utc>) -> Allowance {
        self.account.after(orders.iter().map(|order| order.begun_at), now)
    }

    fn of_domain(&self, orders: &[OrderRow], registered: &str, now: DateTime<Utc>) -> Allowance {
        let counts = |order: &&OrderRow| order.registered == registered && !order.renewal;
        self.domain.after(orders.iter().filter(counts).map(|order| order.begun_at), now)
    }
}

impl Limit {
    /// What is left after the orders that were begun at these moments, the oldest first.
    fn after(self, begun: impl Iterator<Item = DateTime<Utc>>, now: DateTime<Utc>) -> Allowance {
        let within: Vec<_> = begun.filter(|at| *at + self.window > now).collect();
        let used = u32::try_from(within.len()).unwrap_or(u32::MAX);
        // When more were begun than are allowed now, some have to go before there is one again.
        let frees = within.get(used.saturating_sub(self.most) as usize);
        Allowance {
            left: self.most.saturating_sub(used),
            most: self.most,
            window_hours: u32::try_from(self.window.num_hours()).unwrap_or(u32::MAX),
            refills_at: frees.map(|at| *at + self.window),
        }
    }
}

/// Whether an order may be begun after those that were, the oldest first.
pub(super) fn may_begin(
    limits: &Limits,
    orders: &[OrderRow],
    new: &OrderRow,
) -> std::result::Result<(), UsedUp> {
    let failed = |order: &&OrderRow| order.certificate == new.certificate && order.given == Some(false);
    let of_names = OF_FAILURES.after(orders.iter().filter(failed).map(|order| order.begun_at), new.begun_at);
    let mut all = vec![
        (limits.of_account(orders, new.begun_at), "orders".to_owned()),
        (of_names, "orders for a name that came to nothing".to_owned()),
    ];
    if !new.renewal {
        let words = format!("new certificates for names below {}", new.registered);
        all.push((limits.of_domain(orders, &new.registered, new.begun_at), words));
    }
    let ended = all.into_iter().filter(|(allowance, _)| allowance.left == 0);
    let last = ended.max_by_key(|(allowance, _)| allowance.refills_at);
    last.map_or(Ok(()), |(allowance, words)| {
        let hours = match allowance.window_hours {
            1 => "an hour".to_owned(),
            168 => "a week".to_owned(),
            hours => format!("{hours} hours"),
        };
        let what = format!("{} {words} in {hours}", allowance.most);
        Err(UsedUp { what, until: allowance.refills_at.unwrap_or(new.begun_at) })
    })
}

/// What somebody registered for a name to be below it: `example.co.uk` for `shop.example.co.uk` and `*.example.co.uk`.
pub(super) fn registered(name: &str) -> String {
    let name = name.trim_start_matches("*.");
    psl::domain_str(name).unwrap_or(name).to_owned()
}

impl Engine {
    /// The authorities, and what is left of an organisation's budget at each.
    pub(crate) async fn budgets(&self, organisation: OrganisationId) -> Result<Vec<AuthorityView>> {
        let (now, limits) = (self.now(), Limits::of(self.config()));
        let rows = self.store().scoped(Scope(organisation));
        let hosts = rows.hosts().await?;
        let public = hosts.iter().filter(|host| not_public(host.as_str()).is_none());
        let known: BTreeSet<String> = public.map(|host| registered(host.as_str())).collect();
        let mut views = Vec::new();
        for authority in self.authorities() {
            let orders = rows.orders_since(&authority.directory, now - LONGEST).await?;
            let mut domains = known.clone();
            let new = orders.iter().filter(|order| !order.renewal);
            domains.extend(new.map(|order| order.registered.clone()));
            let left = |domain: String| {
                let orders = limits.of_domain(&orders, &domain, now);
                DomainAllowance { domain, orders }
            };
            views.push(AuthorityView {
                role: authority.role,
                directory: authority.directory,
                orders: limits.of_account(&orders, now),
                domains: domains.into_iter().map(left).collect(),
            });
        }
        Ok(views)
    }
}

/// How long until the next attempt after so many failures in a row; `chance` is between 0 and 1.
pub(super) fn pause(pace: Pace, failures: u32, chance: f64) -> TimeDelta {
    let (first, longest) = match pace {
        Pace::Free => (TimeDelta::minutes(1), TimeDelta::hours(1)),
        Pace::Counted => (TimeDelta::minutes(15), TimeDelta::hours(24)),
        Pace::Limited => (TimeDelta::hours(1), TimeDelta::hours(24)),
    };
    let doubled = first * 2_i32.pow(failures.saturating_sub(1).min(12));
    let pause = doubled.min(longest).num_milliseconds() as f64;
    // Many that fail together do not come back together.
    TimeDelta::milliseconds((pause * (1.0 + 0.25 * chance.clamp(0.0, 1.0))) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use berth_domain::ids::CertificateId;
    use uuid::Uuid;

    const NOW: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

    fn may(orders: &[OrderRow], new: &OrderRow) -> std::result::Result<(), UsedUp> {
        may_begin(&Limits::of(&Config::new("/data")), orders, new)
    }

    fn order(number: u128, domain: &str, minutes_ago: i64) -> OrderRow {
        OrderRow {
            certificate: CertificateId(Uuid::from_u128(number)),
            registered: domain.into(),
            renewal: false,
            given: Some(true),
            begun_at: NOW - TimeDelta::minutes(minutes_ago),
        }
    }

    /// R-TLS-3: below five refusals an hour for a name, and more and more seldom.
    #[test]
    fn r_tls_3_what_fails_is_tried_more_and_more_seldom() {
        let minutes = |pace, failures| pause(pace, failures, 0.0).num_minutes();
        assert_eq!([1, 2, 3, 30].map(|failures| minutes(Pace::Counted, failures)), [15, 30, 60, 1_440]);
        assert_eq!([1, 2, 9].map(|failures| minutes(Pace::Free, failures)), [1, 2, 60]);
        assert!(pause(Pace::Free, 1, 1.0) > pause(Pace::Free, 1, 0.0));
    }

    #[test]
    fn r_tls_3_the_budget_of_an_account_is_below_the_authoritys_limit_and_comes_back() {
        let mut orders: Vec<_> = (0..200_u128).map(|n| order(n, &format!("{n}.com"), 100)).collect();
        let next = order(999, "next.com", 0);
        let ended = may(&orders, &next).expect_err("the budget is used up");
        assert_eq!(ended.until, NOW + TimeDelta::minutes(80));
        assert!(ended.what.contains("200 orders in 3 hours"), "{ended:?}");
        orders[0].begun_at = NOW - TimeDelta::hours(3);
        assert_eq!(may(&orders, &next), Ok(()));
    }

    #[test]
    fn r_tls_3_a_registered_domain_has_a_budget_that_renewals_do_not_use() {
        let of_one: Vec<_> = (0..40_u128).map(|n| order(n, "shop.com", 24 * 60)).collect();
        let next = order(999, "shop.com", 0);
        let ended = may(&of_one, &next).expect_err("the budget is used up");
        assert_eq!(ended.until, NOW + TimeDelta::days(6));
        assert_eq!(may(&of_one, &order(999, "other.com", 0)), Ok(()));
        assert_eq!(may(&of_one, &OrderRow { renewal: true, ..next.clone() }), Ok(()));
        let renewed: Vec<_> = of_one.into_iter().map(|order| OrderRow { renewal: true, ..order }).collect();
        assert_eq!(may(&renewed, &next), Ok(()));
    }

    #[test]
    fn r_tls_3_a_name_that_fails_again_and_again_is_not_ordered_by_clicking() {
        let failed = |minutes| OrderRow { given: Some(false), ..order(7, "shop.com", minutes) };
        let orders = [50, 40, 30, 20].map(failed);
        let ended = may(&orders, &order(7, "shop.com", 0)).expect_err("four failures");
        assert_eq!(ended.until, NOW + TimeDelta::minutes(10));
        assert_eq!(may(&orders, &order(8, "shop.com", 0)), Ok(()));
        assert_eq!(may(&orders[1..], &order(7, "shop.com", 0)), Ok(()));
    }

    #[test]
    fn a_registered_domain_is_what_somebody_bought() {
        let found = ["a.b.example.com", "*.example.co.uk", "me.github.io", "example.org"].map(registered);
        assert_eq!(found, ["example.com", "example.co.uk", "me.github.io", "example.org"]);
    }

    #[test]
    fn what_is_left_says_when_there_is_more() {
        let limits = Limits::of(&Config::new("/data"));
        let one = limits.of_account(&[order(1, "a.com", 60)], NOW);
        assert_eq!((one.left, one.most, one.window_hours), (199, 200, 3));
        assert_eq!(one.refills_at, Some(NOW + TimeDelta::hours(2)));
        assert_eq!(limits.of_account(&[], NOW).refills_at, None);
    }
}
