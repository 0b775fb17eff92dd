use berth_domain::ids::CertificateId;
use uuid::Uuid;

use super::*;
use crate::store::{Issued, OpenOrder};

const NOW: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

fn us() -> OrganisationId {
    OrganisationId(Uuid::from_u128(1))
}

fn host(name: &str) -> (OrganisationId, HostName, Option<ServiceId>) {
    (us(), name.parse().expect("a host"), Some(ServiceId(Uuid::from_u128(9))))
}

pub(in crate::certificates) fn row(id: u128, name: &str, origin: CertificateOrigin) -> CertificateRow {
    CertificateRow {
        id: CertificateId(Uuid::from_u128(id)),
        organisation: us(),
        names: vec![name.to_owned()],
        origin,
        state: CertificateState::Waiting,
        issued: None,
        renew_at: None,
        order: None,
        last_attempt_at: None,
        last_error: None,
        next_attempt_at: None,
        failures: 0,
        warned_days: None,
        directory: None,
        staged_at: None,
    }
}

fn issued(row: CertificateRow, days: i64) -> CertificateRow {
    let issued = Issued {
        chain: "chain".into(),
        sealed_key: Vec::new(),
        issuer: "somebody".into(),
        not_before: NOW - TimeDelta::days(60),
        not_after: NOW + TimeDelta::days(days),
    };
    let state = CertificateState::Issued;
    CertificateRow { issued: Some(issued), state, renew_at: Some(NOW + TimeDelta::days(days - 30)), ..row }
}

fn decide(hosts: &[(OrganisationId, HostName, Option<ServiceId>)], rows: &[CertificateRow]) -> Plan {
    plan(&Seen { hosts, rows, previews: &HashSet::new(), zones: &[], now: NOW, orders: true })
}

#[test]
fn names_are_ordered_or_told_why_not_and_localhost_is_signed_here() {
    let plan = decide(&[host("a.example.com"), host("web.localhost"), host("nas.local")], &[]);
    let added: Vec<_> = plan.add.iter().map(|(_, host, origin)| (host.as_str(), *origin)).collect();
    assert_eq!(
        added,
        [
            ("a.example.com", CertificateOrigin::Acme),
            // Its attempt ends before any authority is asked, with the reason.
            ("nas.local", CertificateOrigin::Acme),
            ("web.localhost", CertificateOrigin::SelfSigned),
        ]
    );
}

#[test]
fn one_row_for_a_name_even_when_several_domains_have_it() {
    let rows = [row(1, "a.example.com", CertificateOrigin::Acme)];
    let plan = decide(&[host("a.example.com"), host("a.example.com")], &rows);
    assert_eq!((plan.add.len(), plan.due.len()), (0, 1));
}

/// R-TLS-6: what nobody wants any more is not ordered, and what was given stays for when the domain comes back.
#[test]
fn r_tls_6_a_removed_domain_costs_no_further_order() {
    let asked = row(1, "a.example.com", CertificateOrigin::Acme);
    let had = issued(row(2, "b.example.com", CertificateOrigin::Acme), 5);
    let plan = decide(&[], &[asked.clone(), had.clone()]);
    assert_eq!(plan.remove, [(us(), asked.id)]);
    assert!(plan.due.is_empty() && plan.serve.is_empty() && plan.served.is_empty());
    let again = decide(&[host("b.example.com")], &[issued(had, 50)]);
    assert!(again.due.is_empty() && again.add.is_empty() && again.serve.len() == 1);
}

#[test]
fn an_uploaded_certificate_does_and_nothing_is_ordered() {
    let uploaded = issued(row(1, "*.example.com", CertificateOrigin::Uploaded), 40);
    let before = row(2, "a.example.com", CertificateOrigin::Acme);
    let plan = decide(&[host("a.example.com"), host("b.example.com")], &[uploaded.clone(), before]);
    assert_eq!((plan.add.len(), plan.due.len(), plan.serve.clone()), (0, 0, vec![uploaded.id]));
    assert_eq!(plan.served.len(), 2);
}

/// R-TLS-5: the names of a zone share one certificate, and none is ordered for a zone that was taken away.
#[test]
fn r_tls_5_the_names_of_a_zone_share_one_certificate() {
    let zone = ZoneRow {
        id: Uuid::from_u128(5),
        organisation: us(),
        zone: "example.com".parse().expect("a zone"),
        host: berth_domain::zone::DnsHost::Webhook,
        sealed_token: Vec::new(),
        created_at: NOW,
    };
    let (zones, hosts) = ([zone], [host("a.example.com"), host("b.example.com"), host("example.com")]);
    let previews = &HashSet::new();
    let seen = |zones, rows| plan(&Seen { hosts: &hosts, rows, previews, zones, now: NOW, orders: true });
    let names: Vec<_> = seen(&zones, &[]).add.into_iter().map(|(_, name, _)| name).collect();
    assert_eq!(names, ["*.example.com", "example.com"]);
    let waiting = row(1, "*.example.com", CertificateOrigin::Acme);
    assert_eq!(seen(&zones, std::slice::from_ref(&waiting)).due, [waiting.id]);
    let had = issued(waiting.clone(), 80);
    assert_eq!(seen(&zones, std::slice::from_ref(&had)).served.len(), 2);
    let without = seen(&[], std::slice::from_ref(&waiting));
    assert_eq!((without.remove, without.due), (vec![(us(), waiting.id)], vec![]));
}

#[test]
fn what_ends_first_is_renewed_first_and_what_was_cut_off_goes_on() {
    let expired = issued(row(1, "a.example.com", CertificateOrigin::Acme), -1);
    let soon = issued(row(2, "b.example.com", CertificateOrigin::Acme), 20);
    let good = issued(row(3, "c.example.com", CertificateOrigin::Acme), 60);
    let later = Some(NOW + TimeDelta::hours(1));
    let failed =
        CertificateRow { next_attempt_at: later, ..row(4, "d.example.com", CertificateOrigin::Acme) };
    let cut_off = CertificateRow {
        state: CertificateState::Ordering,
        order: Some(OpenOrder { directory: None, url: "url".into(), sealed_key: Vec::new() }),
        next_attempt_at: later,
        ..row(5, "e.example.com", CertificateOrigin::Acme)
    };
    let hosts = ["a", "b", "c", "d", "e"].map(|name| host(&format!("{name}.example.com")));
    let rows = [soon.clone(), expired.clone(), good, failed, cut_off.clone()];
    let again = CertificateRow { failures: 3, ..row(6, "a.example.com", CertificateOrigin::Acme) };
    let fresh = row(7, "b.example.com", CertificateOrigin::Acme);
    assert_eq!(decide(&hosts, &[again.clone(), fresh.clone()]).due, [fresh.id, again.id]);
    // What has ended comes before who has none, and that before who has one for some days yet.
    assert_eq!(decide(&hosts, &rows).due, [expired.id, cut_off.id, soon.id]);
}

#[test]
fn r_prv_4_a_preview_causes_no_order_of_its_own() {
    let hosts = [host("pr-7-web-shop.example.com"), host("shop.example.com")];
    let previews: HashSet<_> = hosts[0].2.into_iter().collect();
    let others = [(hosts[1].0, hosts[1].1.clone(), Some(ServiceId(Uuid::from_u128(99))))];
    let hosts = [&hosts[..1], &others[..]].concat();
    let seen =
        |rows| plan(&Seen { hosts: &hosts, rows, previews: &previews, zones: &[], now: NOW, orders: true });
    let names: Vec<_> = seen(&[]).add.into_iter().map(|(_, name, _)| name).collect();
    assert_eq!(names, ["shop.example.com"]);
    let uploaded = issued(row(1, "*.example.com", CertificateOrigin::Uploaded), 80);
    assert!(seen(&[uploaded]).served.contains("pr-7-web-shop.example.com"), "it uses what is there");
}
