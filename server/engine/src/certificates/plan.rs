//! What is to be done about certificates now: a pure function of the hosts, the rows and the time.

use std::collections::{BTreeMap, HashSet};

use berth_domain::{
    certificate::{CertificateOrigin, CertificateState, covers, not_public},
    domain_name::HostName,
    ids::{CertificateId, OrganisationId, ServiceId},
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::store::CertificateRow;

/// How long before its end a self-signed one is made anew.
const SELF_SIGNED_RENEWAL: TimeDelta = TimeDelta::days(30);

/// What a round works from.
pub(super) struct Seen<'a> {
    pub hosts: &'a [(OrganisationId, HostName, ServiceId)],
    pub rows: &'a [CertificateRow],
    pub now: DateTime<Utc>,
    /// Whether an authority is set.
    pub orders: bool,
}

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Hosts that get a row.
    pub add: Vec<(OrganisationId, HostName, CertificateOrigin)>,
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
    let mut hosts: BTreeMap<(OrganisationId, &str), &HostName> = BTreeMap::new();
    for (organisation, host, _) in seen.hosts {
        hosts.insert((*organisation, host.as_str()), host);
    }
    for ((organisation, host), name) in &hosts {
        let mut own = seen.rows.iter().filter(|row| row.organisation == *organisation && row.is_for(host));
        if !own.any(|row| row.is_automatic() || row.is_good(seen.now))
            && let Some(origin) = origin_for(host, seen.orders)
        {
            plan.add.push((*organisation, (*name).clone(), origin));
        }
    }
    for row in seen.rows {
        let mine =
            hosts.keys().filter(|(organisation, host)| row.organisation == *organisation && row.is_for(host));
        let mine: Vec<_> = mine.map(|(_, host)| (*host).to_owned()).collect();
        judge(row, mine, seen, &mut plan);
    }
    let urgency = |id: &CertificateId| {
        let row = seen.rows.iter().find(|row| row.id == *id);
        let ends = row.and_then(|row| row.issued.as_ref()).map(|issued| issued.not_after);
        // Who was never tried does not wait behind those that fail again and again.
        (ends, row.map(|row| row.failures))
    };
    plan.due.sort_by_key(urgency);
    plan
}

fn judge(row: &CertificateRow, hosts: Vec<String>, seen: &Seen<'_>, plan: &mut Plan) {
    if hosts.is_empty() {
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
    if is_due(row, seen) && !is_covered_otherwise(row, &hosts, seen) {
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
    hosts.iter().all(uploaded)
}

/// Who gives a certificate for a host; nobody for private names.
fn origin_for(host: &str, orders: bool) -> Option<CertificateOrigin> {
    if host.ends_with(".localhost") {
        return Some(CertificateOrigin::SelfSigned);
    }
    (orders && not_public(host).is_none()).then_some(CertificateOrigin::Acme)
}

impl CertificateRow {
    /// Whether it is, or would be, good for a host.
    pub(crate) fn is_for(&self, host: &str) -> bool {
        self.names.iter().any(|name| covers(name, host))
    }

    /// Whether Berth gets it by itself.
    fn is_automatic(&self) -> bool {
        self.origin != CertificateOrigin::Uploaded
    }

    /// Whether it is there and its time is not over.
    pub(crate) fn is_good(&self, now: DateTime<Utc>) -> bool {
        self.issued.as_ref().is_some_and(|issued| issued.not_after > now)
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
