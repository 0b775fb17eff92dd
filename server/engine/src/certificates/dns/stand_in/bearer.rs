//! The hosts that take a token.

use super::*;

fn api(host: &StandIn, of: At<'_>) -> Api {
    Api::bearer(client().unwrap(), host.at(of), Secret::new(TOKEN))
}

fn not_found() -> (u16, String) {
    (404, json!({ "error": { "code": "not_found", "message": "not found" } }).to_string())
}

#[tokio::test]
async fn cloudflare_gets_a_record_in_the_zone_above_and_loses_it_again() {
    let zones = json!({ "success": true, "result": [{ "id": "z1", "name": "example.com" }] });
    let none = json!({ "success": true, "result": [] });
    let records = json!({ "success": true, "result": [
        { "id": "r1", "content": format!("\"{PROOF}\"") }, { "id": "r2", "content": "\"another\"" }
    ] });
    let made = json!({ "success": true, "result": { "id": "r1" } });
    let answers =
        [none.clone(), zones.clone(), made, none, zones, records, json!({ "result": { "id": "r1" } })];
    let host = StandIn::that_answers(answers.into_iter().map(ok).collect()).await;
    let keeper = cloudflare::Cloudflare::new(api(&host, cloudflare::AT), ZONE.into());
    keeper.put(NAME, PROOF).await.unwrap();
    keeper.take(NAME, PROOF).await.unwrap();
    assert_eq!(
        host.lines(),
        [
            "GET /zones?name=apps.example.com",
            "GET /zones?name=example.com",
            "POST /zones/z1/dns_records",
            "GET /zones?name=apps.example.com",
            "GET /zones?name=example.com",
            &format!("GET /zones/z1/dns_records?type=TXT&name={NAME}&per_page=100"),
            "DELETE /zones/z1/dns_records/r1",
        ]
    );
    let body = json!({ "type": "TXT", "name": NAME, "content": format!("\"{PROOF}\""), "ttl": 60 });
    assert_eq!(host.json(2), body);
    host.all_carry_the_token();
}

#[tokio::test]
async fn cloudflares_no_is_told_and_a_record_that_is_there_is_fine() {
    let no = json!({ "success": false, "errors": [{ "code": 10000, "message": "Authentication error" }] });
    let twice = json!({ "success": false, "errors": [{ "code": 81058, "message": "An identical record already exists." }] });
    let zones = json!({ "success": true, "result": [{ "id": "z1" }] });
    let answers = vec![(403, no.to_string()), ok(zones), (400, twice.to_string())];
    let host = StandIn::that_answers(answers).await;
    let keeper = cloudflare::Cloudflare::new(api(&host, cloudflare::AT), ZONE.into());
    let why = keeper.put(NAME, PROOF).await.unwrap_err();
    assert_eq!(
        why,
        "Cloudflare refused (403 Forbidden): Authentication error. Check the token, and that it may change this zone's records."
    );
    keeper.put(NAME, PROOF).await.unwrap();
    assert_eq!(host.lines().len(), 3);
}

#[tokio::test]
async fn hetzner_gets_a_value_and_is_waited_for() {
    let action = |status: &str| json!({ "action": { "id": 7, "status": status, "error": null } });
    let set = json!({ "rrset": { "records": [{ "value": format!("\"{PROOF}\"") }] } });
    let zone = json!({ "zone": { "id": 1, "name": "example.com" } });
    let answers = vec![
        not_found(),
        ok(zone.clone()),
        not_found(),
        (201, action("running").to_string()),
        ok(action("success")),
        not_found(),
        ok(zone),
        ok(set),
        (201, action("success").to_string()),
    ];
    let host = StandIn::that_answers(answers).await;
    let keeper = hetzner::Hetzner::new(api(&host, hetzner::AT), ZONE.into());
    keeper.put(NAME, PROOF).await.unwrap();
    keeper.take(NAME, PROOF).await.unwrap();
    let set = "/zones/example.com/rrsets/_acme-challenge.apps/TXT";
    assert_eq!(
        host.lines(),
        [
            "GET /zones/apps.example.com".to_owned(),
            "GET /zones/example.com".to_owned(),
            format!("GET {set}"),
            format!("POST {set}/actions/add_records"),
            "GET /actions/7".to_owned(),
            "GET /zones/apps.example.com".to_owned(),
            "GET /zones/example.com".to_owned(),
            format!("GET {set}"),
            format!("POST {set}/actions/remove_records"),
        ]
    );
    let records = json!([{ "value": format!("\"{PROOF}\"") }]);
    assert_eq!(host.json(3), json!({ "ttl": 60, "records": records }));
    assert_eq!(host.json(8), json!({ "records": records }));
    host.all_carry_the_token();
}

#[tokio::test]
async fn hetzners_no_is_told_at_once_and_in_the_background() {
    let no = json!({ "error": { "code": "unauthorized", "message": "unable to authenticate" } });
    let failed = json!({ "action": { "id": 7, "status": "error",
        "error": { "code": "action_failed", "message": "Action failed" } } });
    let answers = vec![(401, no.to_string()), ok(json!({ "zone": {} })), not_found(), ok(failed)];
    let host = StandIn::that_answers(answers).await;
    let keeper = hetzner::Hetzner::new(api(&host, hetzner::AT), ZONE.into());
    let why = keeper.put(NAME, PROOF).await.unwrap_err();
    assert_eq!(why, "Hetzner refused (401 Unauthorized): unable to authenticate. Check the token.");
    let why = keeper.put(NAME, PROOF).await.unwrap_err();
    assert_eq!(why, "Hetzner did not make the change: Action failed.");
    assert_eq!(host.lines().len(), 4);
}

#[tokio::test]
async fn digitalocean_gets_a_record_and_loses_it_again() {
    let domain = json!({ "domain": { "name": ZONE } });
    let records =
        json!({ "domain_records": [{ "id": 28448432, "data": PROOF }, { "id": 2, "data": "another" }] });
    let answers = vec![
        ok(domain.clone()),
        ok(json!({ "domain_records": [] })),
        (201, json!({ "domain_record": { "id": 28448432 } }).to_string()),
        ok(domain),
        ok(records),
        (204, String::new()),
    ];
    let host = StandIn::that_answers(answers).await;
    let keeper = digitalocean::DigitalOcean::new(api(&host, digitalocean::AT), ZONE.into());
    keeper.put(NAME, PROOF).await.unwrap();
    keeper.take(NAME, PROOF).await.unwrap();
    let list = format!("GET /domains/apps.example.com/records?type=TXT&name={NAME}&per_page=200");
    assert_eq!(
        host.lines(),
        [
            "GET /domains/apps.example.com",
            &list,
            "POST /domains/apps.example.com/records",
            "GET /domains/apps.example.com",
            &list,
            "DELETE /domains/apps.example.com/records/28448432",
        ]
    );
    assert_eq!(host.json(2), json!({ "type": "TXT", "name": "_acme-challenge", "data": PROOF, "ttl": 60 }));
    host.all_carry_the_token();
}

#[tokio::test]
async fn digitaloceans_no_is_told() {
    let no = json!({ "id": "unauthorized", "message": "Unable to authenticate you" });
    let absent =
        json!({ "id": "not_found", "message": "The resource you were accessing could not be found." });
    let absent = (404, absent.to_string());
    let host = StandIn::that_answers(vec![(401, no.to_string()), absent.clone(), absent]).await;
    let keeper = digitalocean::DigitalOcean::new(api(&host, digitalocean::AT), ZONE.into());
    let why = keeper.put(NAME, PROOF).await.unwrap_err();
    assert_eq!(why, "DigitalOcean refused (401 Unauthorized): Unable to authenticate you. Check the token.");
    let why = keeper.put(NAME, PROOF).await.unwrap_err();
    assert!(why.starts_with("DigitalOcean shows neither apps.example.com nor a zone above it"), "{why}");
    assert_eq!(host.lines().len(), 3);
}

#[tokio::test]
async fn gandi_gets_a_value_beside_the_others_and_loses_it_again() {
    let domain = json!({ "fqdn": "example.com" });
    let set = |values: &[&str]| json!({ "rrset_name": "_acme-challenge.apps", "rrset_ttl": 600, "rrset_values": values });
    let mine = format!("\"{PROOF}\"");
    let denied =
        json!({ "code": 403, "message": "Access was denied to this resource.", "object": "HTTPForbidden" });
    let denied = (403, denied.to_string());
    let made = (201, json!({ "message": "DNS Record Created" }).to_string());
    let answers = vec![
        denied.clone(),
        ok(domain.clone()),
        ok(set(&["\"another\""])),
        made,
        denied,
        ok(domain),
        ok(set(&[&mine])),
        (204, String::new()),
    ];
    let host = StandIn::that_answers(answers).await;
    let keeper = gandi::Gandi::new(api(&host, gandi::AT), ZONE.into());
    keeper.put(NAME, PROOF).await.unwrap();
    keeper.take(NAME, PROOF).await.unwrap();
    let set = "/domains/example.com/records/_acme-challenge.apps/TXT";
    let lines = host.lines();
    assert_eq!(lines[2..4], [format!("GET {set}"), format!("PUT {set}")]);
    assert_eq!(lines[6..], [format!("GET {set}"), format!("DELETE {set}")]);
    assert_eq!(host.json(3), json!({ "rrset_values": ["\"another\"", mine], "rrset_ttl": 600 }));
    host.all_carry_the_token();
}

#[tokio::test]
async fn gandis_no_is_told() {
    let denied =
        json!({ "code": 403, "message": "Access was denied to this resource.", "object": "HTTPForbidden" });
    let absent = (404, json!({ "code": 404, "message": "The resource could not be found." }).to_string());
    let unfit = json!({ "status": "error", "errors": [
        { "location": "body", "name": "rrset_ttl", "description": "300 is the minimum" }] });
    let answers = vec![
        (403, denied.to_string()),
        absent.clone(),
        ok(json!({ "fqdn": ZONE })),
        absent,
        (400, unfit.to_string()),
    ];
    let host = StandIn::that_answers(answers).await;
    let keeper = gandi::Gandi::new(api(&host, gandi::AT), ZONE.into());
    let why = keeper.put(NAME, PROOF).await.unwrap_err();
    assert!(
        why.starts_with("Gandi refused (403 Forbidden): Access was denied to this resource. Check"),
        "{why}"
    );
    let why = keeper.put(NAME, PROOF).await.unwrap_err();
    assert_eq!(why, "Gandi refused (400 Bad Request): rrset_ttl: 300 is the minimum.");
    assert_eq!(host.json(4), json!({ "rrset_values": [format!("\"{PROOF}\"")], "rrset_ttl": 300 }));
    assert_eq!(host.lines().len(), 5);
}
