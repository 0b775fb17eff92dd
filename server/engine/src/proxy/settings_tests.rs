//! What each setting of a domain becomes, and that no edit of one spoils the file.

use berth_domain::domain_settings::{ChangeDomain, DomainSettings, ranges};
use proptest::prelude::*;
use saphyr::{LoadableYamlNode, Yaml};
use serde_json::{Value, json};

use super::*;
use crate::proxy::Server;

fn changed(settings: DomainSettings, change: &Value) -> DomainSettings {
    let change: ChangeDomain = serde_json::from_value(change.clone()).expect("a change");
    change.onto(settings)
}

fn route(host: &str, path: &str, settings: DomainSettings) -> Route {
    Route { settings, ..Route::new(host.parse().expect("a host"), path.parse().expect("a path")) }
}

fn routes(all: Vec<Route>) -> ServiceRoutes {
    let servers = vec![Server { container: "web-d1-1".into(), port: 8080 }];
    let backend = Backend { deployment: "d1".into(), servers, weight: 1 };
    ServiceRoutes::to_one("web", all, backend, "n0nce")
}

/// The file of one domain after a change.
fn file(path: &str, change: &Value) -> String {
    let settings = changed(DomainSettings::default(), change);
    route_file(&routes(vec![route("shop.example.com", path, settings)])).expect("a file")
}

#[test]
fn who_comes_in() {
    let settings = changed(
        DomainSettings::default(),
        &json!({
            "logins": [{ "name": "{{ann}}" }],
            "allow": ["203.0.113.0/24", "2001:db8::1"],
            "rate_limit": { "average": 10, "period_s": 60, "burst": 20 },
        }),
    );
    let logins = vec!["{{ann}}:$2y$08$abc".into()];
    let route = Route { logins, ..route("shop.example.com", "/", settings) };
    insta::assert_snapshot!(route_file(&routes(vec![route])).expect("a file"));
}

#[test]
fn who_comes_in_behind_a_trusted_proxy() {
    let settings = changed(
        DomainSettings::default(),
        &json!({ "allow": ["203.0.113.0/24"], "rate_limit": { "average": 1, "burst": 1 }, "max_body_bytes": 9 }),
    );
    let mut routes = routes(vec![route("shop.example.com", "/", settings)]);
    routes.trusted = ranges("10.0.0.0/8,fd00::1").expect("ranges");
    insta::assert_snapshot!(route_file(&routes).expect("a file"));
}

#[test]
fn where_it_leads() {
    let redirect = json!({ "redirect": { "to": "https://www.example.com/$1/", "permanent": true } });
    insta::assert_snapshot!(file("/", &redirect));
}

#[test]
fn another_path_and_protocol() {
    let change = json!({ "forwarded_path": "/v2", "upstream": "h2c", "sticky": true });
    insta::assert_snapshot!(file("/v1", &change));
}

#[test]
fn headers_hsts_compression_and_bodies() {
    insta::assert_snapshot!(file(
        "/",
        &json!({
            "hsts": { "max_age_s": 600, "include_subdomains": true },
            "request_headers": [{ "name": "X-A", "value": "{{ env \"HOME\" }}" }, { "name": "Accept" }],
            "response_headers": [{ "name": "X-B", "value": "`\" ü" }],
            "compress": true,
            "max_body_bytes": 1_000,
        })
    ));
}

#[test]
fn plain_http_leads_to_https_only_with_a_certificate() {
    let at = |host: &str, https| Route { https, ..route(host, "/", DomainSettings::default()) };
    let file = |host, https| route_file(&routes(vec![at(host, https)])).expect("a file");
    assert!(!file("shop.example.com", None).contains("redirectScheme"));
    insta::assert_snapshot!(file("shop.example.com", Some(443)));
    assert!(file("shop.example.com", Some(8443)).contains("port: \"8443\""));
    // Nobody's browser trusts it.
    assert!(!file("shop.localhost", Some(443)).contains("redirectScheme"));
}

#[test]
fn the_confirming_router_leads_past_who_keeps_visitors_out() {
    let file = file("/", &json!({ "logins": [{ "name": "a" }], "allow": ["10.0.0.1"] }));
    let confirm = file.lines().skip_while(|line| !line.contains("web-0-confirm")).take(6);
    let middlewares: Vec<_> = confirm.filter(|line| line.contains("middlewares")).collect();
    assert_eq!(middlewares, [r#"      middlewares: ["web-confirm"]"#]);
}

/// The names below `http.routers`.
fn router_names_in(text: &str) -> Vec<String> {
    let read = Yaml::load_from_str(text).expect("YAML");
    let routers = read[0]["http"]["routers"].as_mapping().expect("routers");
    routers.iter().filter_map(|(name, _)| name.as_str().map(str::to_owned)).collect()
}

/// Every middleware and service that a router names is in the file too.
fn is_whole(text: &str) -> Result<(), String> {
    let read = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
    let http = &read[0]["http"];
    for (name, router) in http["routers"].as_mapping().ok_or("no routers")?.iter() {
        let service = router["service"].as_str().ok_or("no service")?;
        if http["services"].as_mapping_get(service).is_none() {
            return Err(format!("{name:?} leads to {service}, which is not there"));
        }
        let named = router.as_mapping_get("middlewares").and_then(|list| list.as_sequence());
        for middleware in named.into_iter().flatten().filter_map(|name| name.as_str()) {
            if http["middlewares"].as_mapping_get(middleware).is_none() {
                return Err(format!("{name:?} names {middleware}, which is not there"));
            }
        }
    }
    Ok(())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,20}",
        ".{0,10}",
        Just("{{ env \"HOME\" }}".to_owned()),
        Just("https://a.example.com/{{`x`}}".to_owned()),
        Just("https://a.example.com/x".to_owned()),
        Just("X-Fine".to_owned()),
    ]
}

/// An edit as somebody may send it, good or bad.
fn edit() -> impl Strategy<Value = Value> {
    let number = prop_oneof![Just(0_u64), 1..5_000_u64, any::<u64>()];
    prop_oneof![
        (text(), any::<bool>(), any::<bool>())
            .prop_map(|(to, permanent, keep_path)| json!({ "redirect": { "to": to, "permanent": permanent, "keep_path": keep_path } })),
        text().prop_map(|path| json!({ "forwarded_path": format!("/{path}") })),
        text().prop_map(|range| json!({ "allow": ["10.0.0.0/8", range] })),
        Just(json!({ "allow": ["10.0.0.0/8", "2001:db8::/32"] })),
        (text(), text()).prop_map(|(name, value)| json!({ "request_headers": [{ "name": name, "value": value }] })),
        text().prop_map(|value| json!({ "response_headers": [{ "name": "X-Fine", "value": value }] })),
        text().prop_map(|name| json!({ "logins": [{ "name": name, "password": "x" }] })),
        (number.clone(), number.clone(), number.clone())
            .prop_map(|(a, p, b)| json!({ "rate_limit": { "average": a, "period_s": p, "burst": b } })),
        number.clone().prop_map(|most| json!({ "max_body_bytes": most })),
        (number, any::<bool>(), any::<bool>())
            .prop_map(|(age, sub, pre)| json!({ "hsts": { "max_age_s": age, "include_subdomains": sub, "preload": pre } })),
        prop_oneof![Just("http"), Just("h2c"), Just("{{x}}")].prop_map(|word| json!({ "upstream": word })),
        any::<bool>().prop_map(|on| json!({ "sticky": on, "compress": !on })),
        text().prop_map(|page| json!({ "page": page })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// R-TRF-3: whatever is sent, the file stays whole and keeps every other route; what is bad is refused at its field.
    #[test]
    fn r_trf_3_no_edit_spoils_the_file(edits in proptest::collection::vec(edit(), 1..6)) {
        let beside = route("beside.example.com", "/", DomainSettings::default());
        let mut settings = DomainSettings::default();
        for edit in edits {
            let Ok(change) = serde_json::from_value::<ChangeDomain>(edit.clone()) else { continue };
            let wanted = change.clone().onto(settings.clone());
            let host = "edited.example.com".parse().expect("a host");
            let checked = change.check().and_then(|()| wanted.check(&host, &PathPrefix::root()));
            if let Err((field, why)) = checked {
                let top = field.split('.').next().unwrap_or_default();
                prop_assert!(edit.get(top).is_some() || (top == "max_body_bytes" && edit.get("upstream").is_some()), "{} is not at {}", field, edit);
                prop_assert!(why.ends_with('.'), "{}", why);
                continue;
            }
            settings = wanted;
            let edited = route("edited.example.com", "/", settings.clone());
            let mut all = routes(vec![edited, beside.clone()]);
            all.trusted = ranges("10.0.0.0/8").expect("ranges");
            let text = route_file(&all).expect("a file");
            let template = text.contains("{{");
            prop_assert!(!template, "{}", text);
            prop_assert_eq!(is_whole(&text), Ok(()));
            let names = router_names_in(&text);
            for index in 0..2 {
                prop_assert!(router_names(&all, index).iter().all(|name| names.contains(name)), "{:?}", names);
            }
        }
    }
}
