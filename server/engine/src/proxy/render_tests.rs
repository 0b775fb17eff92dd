use proptest::prelude::*;
use saphyr::{LoadableYamlNode, Yaml};

use super::*;
use crate::proxy::Server;

fn route(host: &str, path: &str, strip_path: bool) -> Route {
    let mut route = Route::new(host.parse().expect("a host"), path.parse().expect("a path"));
    route.settings.forwarded_path = strip_path.then(PathPrefix::root);
    route
}

fn backend(deployment: &str, weight: u32) -> Backend {
    let server = |n: u32| Server { container: format!("web-{deployment}-{n}"), port: 8080 };
    Backend { deployment: deployment.into(), servers: vec![server(1), server(2)], weight }
}

#[test]
fn one_deployment_at_one_host() {
    let routes = ServiceRoutes::to_one(
        "shop-web",
        vec![route("shop.example.com", "/", false)],
        backend("d1", 1),
        "n0nce",
    );
    insta::assert_snapshot!(route_file(&routes).expect("a file"));
}

#[test]
fn two_deployments_by_weight_below_a_stripped_path() {
    let mut routes = ServiceRoutes::to_one(
        "shop-web",
        vec![route("shop.example.com", "/api", true)],
        backend("d1", 90),
        "n0nce",
    );
    routes.backends.push(backend("d2", 10));
    insta::assert_snapshot!(route_file(&routes).expect("a file"));
}

#[test]
fn a_host_with_a_certificate_answers_over_both() {
    let secure = Route { https: Some(443), ..route("shop.example.com", "/api", true) };
    let routes = ServiceRoutes::to_one("shop-web", vec![secure], backend("d1", 1), "n0nce");
    insta::assert_snapshot!(route_file(&routes).expect("a file"));
}

#[test]
fn nobody_answers_and_the_waiting_room_does() {
    let of = "0190f5fe7c007a008000000000000001-9000";
    let hosts = vec![route("shop.example.com", "/", false), route("shop.example.com", "/api", true)];
    let routes = ServiceRoutes::to_waiting_room("shop-web", hosts, of, "n0nce");
    insta::assert_snapshot!(route_file(&routes).expect("a file"));
}

#[test]
fn what_traefik_would_refuse_is_never_written() {
    let good =
        || ServiceRoutes::to_one("web", vec![route("a.example.com", "/", false)], backend("d1", 1), "n");
    type Spoil = fn(&mut ServiceRoutes);
    let bad: [(&str, Spoil); 10] = [
        ("no host", |r| r.routes.clear()),
        ("nobody answers", |r| r.backends.clear()),
        ("nobody gets traffic", |r| r.backends[0].weight = 0),
        ("twice the same", |r| r.backends.push(r.backends[0].clone())),
        ("no instance", |r| r.backends[0].servers.clear()),
        ("no container's name", |r| r.backends[0].servers[0].container = "a/../b".into()),
        ("a rule in the nonce", |r| r.confirmation.nonce = "`) || Host(`x".into()),
        ("two who answer", |r| r.waits_for = Some("id".into())),
        ("a line in the header", |r| {
            r.backends.clear();
            r.waits_for = Some("id\nX-Berth-Key: k".into());
        }),
        ("a path as key", |r| r.service = "../x".into()),
    ];
    for (why, spoil) in bad {
        let mut routes = good();
        spoil(&mut routes);
        assert!(route_file(&routes).is_err(), "{why}");
    }
}

proptest! {
    #[test]
    fn any_file_that_is_written_is_yaml_without_templates(
        service in ".*", deployment in ".*", nonce in ".*", container in ".*", host in ".*", path in ".*", port: u16,
    ) {
        let (Ok(host), Ok(path)) = (host.parse(), path.parse()) else { return Ok(()) };
        let servers = vec![Server { container, port }];
        let backend = Backend { deployment, servers, weight: 1 };
        let routes = ServiceRoutes::to_one(service, vec![Route::new(host, path)], backend, nonce);
        if let Ok(text) = route_file(&routes) {
            let template = text.contains("{{");
            prop_assert!(!template);
            prop_assert!(Yaml::load_from_str(&text).is_ok());
        }
    }

    #[test]
    fn a_host_or_path_that_passes_cannot_leave_its_rule(host in "[a-zA-Z0-9.`|&() {}*-]{0,20}", path in "/[ -~]{0,20}") {
        if let Ok(host) = host.parse::<berth_domain::domain_name::HostName>() {
            prop_assert!(host.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-'));
        }
        if let Ok(path) = path.parse::<PathPrefix>() {
            let leaves = path.as_str().contains(['`', '{', '}', '"', '\\', ' ', '|', '&', '(', ')']);
            prop_assert!(!leaves);
        }
    }
}
