use super::*;
use crate::naming::{INSTANCE, NUMBER, SERVICE};
use chrono::Utc;

const THERE: ServiceId = ServiceId(Uuid::from_u128(1));
const DELETED: ServiceId = ServiceId(Uuid::from_u128(2));
const UNKNOWN: ServiceId = ServiceId(Uuid::from_u128(3));

fn labels(more: &[(&str, String)]) -> Labels {
    let mut labels: Labels = [(INSTANCE.to_owned(), "main".to_owned())].into();
    labels.extend(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    labels
}

fn container(name: &str, state: InstanceState, more: &[(&str, String)]) -> InstanceSummary {
    InstanceSummary {
        id: format!("id-{name}"),
        name: name.into(),
        image_id: "sha256:used".into(),
        state,
        labels: labels(more),
        networks: [].into(),
        created: Utc::now(),
    }
}

fn of(service: ServiceId, number: u64) -> Vec<(&'static str, String)> {
    vec![(SERVICE, service.to_string()), (NUMBER, number.to_string())]
}

fn image(id: &str, tags: &[&str]) -> ImageSummary {
    ImageSummary {
        id: id.into(),
        repo_tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        labels: labels(&[]),
        created: Utc::now(),
        size: 1,
    }
}

fn known() -> Known {
    let service = Present { path: "shop/production/web".into(), live: Some(4), ..Present::default() };
    let tombstone = Tombstone {
        id: DELETED.0,
        organisation: Uuid::nil().into(),
        path: "shop/production/old".into(),
        repository: Some("berth-main/deleted".into()),
        with_data: false,
    };
    Known {
        services: [(THERE, service)].into(),
        repositories: [("berth-main/there".to_owned(), THERE)].into(),
        environments: [EnvironmentId(Uuid::from_u128(10))].into(),
        tombstones: [(DELETED.0, tombstone)].into(),
    }
}

fn judged(found: Found) -> Vec<(String, Goes)> {
    let found = Found { namespace: "berth-main".into(), ..found };
    judge(&found, &known()).into_iter().map(|orphan| (orphan.name, orphan.goes)).collect()
}

fn named(name: &str, goes: Goes) -> (String, Goes) {
    (name.to_owned(), goes)
}

#[test]
fn what_is_live_what_has_ended_and_the_proxy_are_not_looked_for() {
    use InstanceState::{Exited, Running};
    let instances = vec![
        container("live", Running, &of(THERE, 4)),
        container("former", Exited, &of(THERE, 3)),
        container("proxy", Running, &[(ROLE, "proxy".into())]),
    ];
    assert_eq!(judged(Found { instances, ..Found::default() }), []);
}

#[test]
fn a_running_container_of_a_release_that_is_neither_live_nor_on_its_way_goes_after_the_grace() {
    let stray = || vec![container("stray", InstanceState::Running, &of(THERE, 3))];
    let found = Found { instances: stray(), ..Found::default() };
    assert_eq!(judged(found), [named("stray", Goes::AfterGrace)]);
    let mut known = known();
    known.services.entry(THERE).or_default().deploying = true;
    let found = Found { instances: stray(), ..Found::default() };
    assert_eq!(judge(&found, &known), [], "a rollout has its own mind about instances");
}

#[test]
fn what_a_deleted_service_left_goes_at_once_and_its_data_stays() {
    let volume =
        VolumeSummary { name: "data".into(), labels: labels(&[(SERVICE, DELETED.to_string())]), size: None };
    let found = Found {
        instances: vec![container("old", InstanceState::Running, &of(DELETED, 1))],
        images: vec![image("sha256:1", &["berth-main/deleted:1", "berth-main/there:2"])],
        volumes: vec![volume],
        ..Found::default()
    };
    let expected = [
        named("old", Goes::AtOnce),
        named("berth-main/deleted:1", Goes::AtOnce),
        named("data", Goes::WhenAsked),
    ];
    assert_eq!(judged(found), expected);
}

/// A database that was restored from a backup does not know what was made since.
#[test]
fn what_runs_for_a_service_that_the_store_never_heard_of_is_never_removed_by_itself() {
    let network = |environment: u128| NetworkSummary {
        id: environment.to_string(),
        name: format!("network-{environment}"),
        labels: labels(&[(ENVIRONMENT, EnvironmentId(Uuid::from_u128(environment)).to_string())]),
        ipv6: false,
    };
    let mut more = of(UNKNOWN, 1);
    more.push((ENVIRONMENT, EnvironmentId(Uuid::from_u128(11)).to_string()));
    let world = |state| Found {
        instances: vec![container("newer", state, &more)],
        images: vec![image("sha256:used", &["berth-main/unknown:1"])],
        networks: vec![network(10), network(11)],
        ..Found::default()
    };
    for (state, goes) in
        [(InstanceState::Running, Goes::WhenAsked), (InstanceState::Exited, Goes::AfterGrace)]
    {
        let expected = ["newer", "berth-main/unknown:1", "network-11"].map(|name| named(name, goes));
        assert_eq!(judged(world(state)), expected, "{state:?}");
    }
}

#[test]
fn r_disk_3_only_names_that_berth_gave_an_image_are_berths() {
    let images = vec![
        image("sha256:1", &["berth-main/deleted:1", "mine:latest", "berth-main-two/deleted:1"]),
        image("sha256:2", &["somebody/else:1"]),
        image("sha256:used", &[]),
        image("sha256:3", &[]),
    ];
    let instances = vec![container("live", InstanceState::Running, &of(THERE, 4))];
    let expected = [named("berth-main/deleted:1", Goes::AtOnce), named("sha256:3", Goes::AfterGrace)];
    assert_eq!(judged(Found { images, instances, ..Found::default() }), expected);
}

#[test]
fn what_names_nothing_goes_after_the_grace() {
    let found = Found {
        instances: vec![container("nameless", InstanceState::Exited, &[])],
        networks: vec![NetworkSummary {
            id: "1".into(),
            name: "network".into(),
            labels: labels(&[]),
            ipv6: false,
        }],
        volumes: vec![VolumeSummary { name: "volume".into(), labels: labels(&[]), size: None }],
        ..Found::default()
    };
    let expected = [
        named("nameless", Goes::AfterGrace),
        named("network", Goes::AfterGrace),
        named("volume", Goes::WhenAsked),
    ];
    assert_eq!(judged(found), expected);
}

/// R-PRV-3: a preview's data goes with it; other services' data waits for somebody.
#[test]
fn r_prv_3_only_a_previews_volume_goes_with_its_service() {
    let volume =
        VolumeSummary { name: "data".into(), labels: labels(&[(SERVICE, DELETED.to_string())]), size: None };
    let found = || Found { volumes: vec![volume.clone()], ..Found::default() };
    assert_eq!(judged(found()), [named("data", Goes::WhenAsked)]);
    let mut known = known();
    known.tombstones.get_mut(&DELETED.0).unwrap().with_data = true;
    let orphans = judge(&found(), &known);
    assert_eq!(orphans.iter().map(|orphan| orphan.goes).collect::<Vec<_>>(), [Goes::AtOnce]);
}
