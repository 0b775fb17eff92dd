//! What is to be done about certificates now: a pure function of the hosts, the rows and the time.

use std::collections::{BTreeSet, HashSet};

use berth_domain::{
    certificate::{CertificateOrigin, CertificateState, covers},
    domain_name::HostName,
    ids::{CertificateId, OrganisationId, ServiceId},
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::store::{CertificateRow, ZoneRow};

/// How long before its end a self-signed one is made anew.
const SELF_SIGNED_RENEWAL: TimeDelta = TimeDelta::days(30);

/// What a round works from.
pub(super) struct Seen<'a> {
    /// With the service that answers; the panel itself does where there is none.
    pub hosts: &'a [(OrganisationId, HostName, Option<ServiceId>)],
    pub rows: &'a [CertificateRow],
    /// Services of previews: their hosts come and go, and use what there is for their zone (R-PRV-4).
    pub previews: &'a HashSet<ServiceId>,
    /// Zones whose names get one certificate.
    pub zones: &'a [ZoneRow],
    pub now: DateTime<Utc>,
    /// Whether an authority is set.
    pub orders: bool,
}

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Hosts that get a row.
    pub add: Vec<(OrganisationId, String, CertificateOrigin)>,
    /// Rows that nobody needs any more.
    pub remove: Vec<(OrganisationId, CertificateId)>,
    /// Certificates that the proxy is to have.
    pub serve: Vec<CertificateId>,
    /// Hosts that are answered over HTTPS.
    pub served: HashSet<String>,
    /// Rows for which an attempt is due, the most urgent first.
    pub due: Vec<CertificateId>,
}

/// Decides.
pub(super) fn plan(seen: &Seen<'_>) -> Plan {
    let mut plan = Plan::default();
    let mut hosts: BTreeSet<(OrganisationId, &str)> = BTreeSet::new();
    let mut lasting: HashSet<&str> = HashSet::new();
    for (organisation, host, service) in seen.hosts {
        hosts.insert((*organisation, host.as_str()));
        if !service.is_some_and(|service| seen.previews.contains(&service)) {
            lasting.insert(host.as_str());
        }
    }
    for zone in seen.zones.iter().filter(|zone| seen.orders && !seen.rows.iter().any(|row| row.is_of(zone))) {
        plan.add.push((zone.organisation, zone.wildcard(), CertificateOrigin::Acme));
    }
    for (organisation, host) in &hosts {
        if seen.zones.iter().any(|zone| zone.organisation == *organisation && covers(&zone.wildcard(), host))
        {
            continue;
        }
        let mut own = seen.rows.iter().filter(|row| row.organisation == *organisation && row.is_for(host));
        if !own.any(|row| row.is_automatic() || row.is_good(seen.now))
            && let Some(origin) = origin_for(host, seen.orders)
            && (origin == CertificateOrigin::SelfSigned || lasting.contains(host))
        {
            plan.add.push((*organisation, (*host).to_owned(), origin));
        }
    }
    for row in seen.rows {
        let mine =
            hosts.iter().filter(|(organisation, host)| row.organisation == *organisation && row.is_for(host));
        let mine: Vec<_> = mine.map(|(_, host)| (*host).to_owned()).collect();
        judge(row, mine, seen, &mut plan);
    }
    let urgency = |id: &CertificateId| {
        let row = seen.rows.iter().find(|row| row.id == *id);
        let ends = row.and_then(|row| row.issued.as_ref()).map(|issued| issued.not_after);
        let waits = !row.is_some_and(|row| row.has_ended(seen.now));
        // Who was never tried does not wait behind those that fail again and again.
        (waits, ends, row.map(|row| row.failures))
    };
    plan.due.sort_by_key(urgency);
    plan
}

fn judge(row: &CertificateRow, hosts: Vec<String>, seen: &Seen<'_>, plan: &mut Plan) {
    let of_zone = seen.zones.iter().any(|zone| row.is_of(zone));
    if row.is_wildcard() && row.is_automatic() && !of_zone && !row.is_good(seen.now) {
        plan.remove.push((row.organisation, row.id));
        return;
    }
    if hosts.is_empty() && !of_zone {
        // What was given stays until its end: the domain may come back, and a new order would be wasted.
        if row.is_automatic() && !row.is_good(seen.now) {
            plan.remove.push((row.organisation, row.id));
        }
        return;
    }
    if row.issued.is_some() {
        plan.serve.push(row.id);
        plan.served.extend(hosts.iter().cloned());
    }
    let may_order = of_zone || !row.is_wildcard();
    if may_order && is_due(row, seen) && !is_covered_otherwise(row, &hosts, seen) {
        plan.due.push(row.id);
    }
}

fn is_due(row: &CertificateRow, seen: &Seen<'_>) -> bool {
    let wanted = match (row.origin, &row.issued) {
        (CertificateOrigin::Uploaded, _) => false,
        (CertificateOrigin::SelfSigned, Some(issued)) => issued.not_after - SELF_SIGNED_RENEWAL <= seen.now,
        (CertificateOrigin::SelfSigned, None) => true,
        (CertificateOrigin::Acme, Some(_)) => seen.orders && row.renew_at.is_none_or(|at| at <= seen.now),
        (CertificateOrigin::Acme, None) => seen.orders,
    };
    // An order that was cut off is gone on with at once: it costs the authority nothing new.
    let cut_off = row.state == CertificateState::Ordering && row.order.is_some();
    wanted && (cut_off || row.next_attempt_at.is_none_or(|at| at <= seen.now))
}

/// Whether a certificate that somebody uploaded does for all the hosts.
fn is_covered_otherwise(row: &CertificateRow, hosts: &[String], seen: &Seen<'_>) -> bool {
    let uploaded = |host: &String| {
        seen.rows.iter().any(|other| {
            other.organisation == row.organisation
                && other.origin == CertificateOrigin::Uploaded
                && other.is_for(host)
                && other.is_good(seen.now)
        })
    };
    !hosts.is_empty() && hosts.iter().all(uploaded)
}

/// Who gives a certificate for a host. A private name has a row too: it says why no authority gives one.
fn origin_for(host: &str, orders: bool) -> Option<CertificateOrigin> {
    if host.ends_with(".localhost") {
        return Some(CertificateOrigin::SelfSigned);
    }
    orders.then_some(CertificateOrigin::Acme)
}

impl CertificateRow {
    /// Whether it is, or would be, good for a host.
    pub(crate) fn is_for(&self, host: &str) -> bool {
        self.names.iter().any(|name| covers(name, host))
    }

    /// Whether it is the one that a zone gets.
    fn is_of(&self, zone: &ZoneRow) -> bool {
        let wildcard = zone.wildcard();
        self.organisation == zone.organisation
            && self.origin == CertificateOrigin::Acme
            && self.names.contains(&wildcard)
    }

    fn is_wildcard(&self) -> bool {
        self.names.iter().any(|name| name.starts_with("*."))
    }

    /// Whether Berth gets it by itself.
    fn is_automatic(&self) -> bool {
        self.origin != CertificateOrigin::Uploaded
    }

    /// Whether it is there and its time is over.
    pub(super) fn has_ended(&self, now: DateTime<Utc>) -> bool {
        self.issued.as_ref().is_some_and(|issued| issued.not_after <= now)
    }

    /// Whether it is there and its time is not over.
    pub(crate) fn is_good(&self, now: DateTime<Utc>) -> bool {
        self.issued.as_ref().is_some_and(|issued| issued.not_after > now)
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
pub(super) mod tests;
