//! The hosts that want every request signed.

use super::*;

const TIME: &str = "1457018875";

fn ovh(host: &StandIn) -> ovh::Ovh {
    let access = Access {
        key_name: "application".into(),
        token: Secret::new("application-secret"),
        consumer_key: Secret::new("consumer"),
        ..Access::default()
    };
    ovh::Ovh::new(client().unwrap(), host.at(ovh::at("eu")), access, ZONE.into())
}

/// Each with the time before it, which is asked unsigned.
fn timed(answers: Vec<(u16, String)>) -> Vec<(u16, String)> {
    answers.into_iter().flat_map(|answer| [(200, TIME.to_owned()), answer]).collect()
}

/// The signature as OVH's first steps with the API describe it.
fn is_signed_for_ovh(host: &StandIn, of: usize) {
    let line = host.lines()[of].clone();
    let (method, path) = line.split_once(' ').unwrap();
    let body = host.body(of);
    let url = format!("{}{path}", host.base);
    let signed = format!("application-secret+consumer+{method}+{url}+{body}+{TIME}");
    assert_eq!(
        host.header(of, "x-ovh-signature"),
        format!("$1${}", hex::encode(Sha1::digest(signed))),
        "{line}"
    );
    assert_eq!(host.header(of, "x-ovh-application"), "application");
    assert_eq!(host.header(of, "x-ovh-consumer"), "consumer");
    assert_eq!(host.header(of, "x-ovh-timestamp"), TIME);
}

#[tokio::test]
async fn ovh_gets_a_record_and_loses_it_again_each_time_with_a_refresh() {
    let zone = ok(json!({ "name": ZONE }));
    let record = ok(json!({ "id": 5, "fieldType": "TXT", "target": format!("\"{PROOF}\"") }));
    let answers = vec![
        zone.clone(),
        ok(json!([])),
        record.clone(),
        ok(Value::Null),
        zone,
        ok(json!([5])),
        record,
        ok(Value::Null),
        ok(Value::Null),
    ];
    let host = StandIn::that_answers(timed(answers)).await;
    let keeper = ovh(&host);
    keeper.put(NAME, PROOF).await.unwrap();
    keeper.take(NAME, PROOF).await.unwrap();
    let list = "GET /domain/zone/apps.example.com/record?fieldType=TXT&subDomain=_acme-challenge";
    let expected = [
        "GET /domain/zone/apps.example.com",
        list,
        "POST /domain/zone/apps.example.com/record",
        "POST /domain/zone/apps.example.com/refresh",
        "GET /domain/zone/apps.example.com",
        list,
        "GET /domain/zone/apps.example.com/record/5",
        "DELETE /domain/zone/apps.example.com/record/5",
        "POST /domain/zone/apps.example.com/refresh",
    ];
    let lines = host.lines();
    assert_eq!(lines.len(), 2 * expected.len());
    for (at, line) in expected.iter().enumerate() {
        assert_eq!((lines[2 * at].as_str(), lines[2 * at + 1].as_str()), ("GET /auth/time", *line));
        assert_eq!(host.header(2 * at, "x-ovh-signature"), "");
        is_signed_for_ovh(&host, 2 * at + 1);
    }
    let body = json!({ "fieldType": "TXT", "subDomain": "_acme-challenge", "target": PROOF, "ttl": 60 });
    assert_eq!(host.json(5), body);
}

#[tokio::test]
async fn ovhs_no_is_told() {
    let no = json!({ "class": "Client::Forbidden", "errorCode": "INVALID_CREDENTIAL", "httpCode": "403 Forbidden",
        "message": "This credential is not valid" });
    let no = (403, no.to_string());
    let host = StandIn::that_answers(timed(vec![no.clone(), no])).await;
    let why = ovh(&host).put(NAME, PROOF).await.unwrap_err();
    assert!(why.starts_with("OVH refused (403 Forbidden): This credential is not valid. Check"), "{why}");
    assert!(!why.contains("secret"), "{why}");
    assert_eq!(host.lines().len(), 4);
}

fn amazon(host: &StandIn) -> route53::Route53 {
    let access =
        Access { key_name: "AKIDEXAMPLE".into(), token: Secret::new("amazon-secret"), ..Access::default() };
    let key = sigv4::Key::of(access, "2015-08-30T12:36:00Z".parse().unwrap());
    route53::Route53::new(client().unwrap(), host.at(route53::AT), key, ZONE.into())
}

fn zones(id: &str, name: &str) -> (u16, String) {
    let text = format!(
        "<?xml version=\"1.0\"?>\n<ListHostedZonesByNameResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
         <HostedZones><HostedZone><Id>/hostedzone/{id}</Id><Name>{name}</Name><CallerReference>c</CallerReference>\
         <Config><PrivateZone>false</PrivateZone></Config></HostedZone></HostedZones><MaxItems>20</MaxItems>\
         <IsTruncated>false</IsTruncated></ListHostedZonesByNameResponse>"
    );
    (200, text)
}

fn records(values: &[&str]) -> (u16, String) {
    let values: String = values
        .iter()
        .map(|value| format!("<ResourceRecord><Value>\"{value}\"</Value></ResourceRecord>"))
        .collect();
    let set = format!(
        "<ResourceRecordSet><Name>{NAME}.</Name><Type>TXT</Type><TTL>300</TTL><ResourceRecords>{values}</ResourceRecords></ResourceRecordSet>"
    );
    let set = if values.is_empty() { String::new() } else { set };
    let text = format!(
        "<?xml version=\"1.0\"?>\n<ListResourceRecordSetsResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
         <ResourceRecordSets>{set}</ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>1</MaxItems></ListResourceRecordSetsResponse>"
    );
    (200, text)
}

fn pending() -> (u16, String) {
    let text = "<?xml version=\"1.0\"?>\n<ChangeResourceRecordSetsResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
        <ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status></ChangeInfo></ChangeResourceRecordSetsResponse>";
    (200, text.to_owned())
}

#[tokio::test]
async fn route_53_gets_a_value_beside_the_others_and_loses_it_again() {
    let answers = vec![
        zones("Z0", "zzz.example."),
        zones("Z1", "example.com."),
        records(&["another"]),
        pending(),
        zones("Z2", "apps.example.com."),
        records(&[PROOF]),
        pending(),
    ];
    let host = StandIn::that_answers(answers).await;
    let keeper = amazon(&host);
    keeper.put(NAME, PROOF).await.unwrap();
    keeper.take(NAME, PROOF).await.unwrap();
    let lines = host.lines();
    assert_eq!(
        lines[..4],
        [
            "GET /2013-04-01/hostedzonesbyname?dnsname=apps.example.com&maxitems=20".to_owned(),
            "GET /2013-04-01/hostedzonesbyname?dnsname=example.com&maxitems=20".to_owned(),
            format!("GET /2013-04-01/hostedzone/Z1/rrset?maxitems=1&name={NAME}&type=TXT"),
            "POST /2013-04-01/hostedzone/Z1/rrset/".to_owned(),
        ]
    );
    assert_eq!(lines[6], "POST /2013-04-01/hostedzone/Z2/rrset/");
    let body = host.body(3);
    assert!(
        body.contains("<Action>UPSERT</Action>") && body.contains(&format!("<Name>{NAME}.</Name>")),
        "{body}"
    );
    assert!(body.contains("<TTL>300</TTL>") && body.contains("<Value>\"another\"</Value>"), "{body}");
    assert!(body.contains(&format!("<Value>\"{PROOF}\"</Value>")), "{body}");
    let body = host.body(6);
    assert!(body.contains("<Action>DELETE</Action>") && body.contains(PROOF), "{body}");
    // The stand-in works the signature out from what came over the wire.
    for of in 0..lines.len() {
        is_signed_for_amazon(&host, of);
    }
}

/// The signature worked out anew from the request as it arrived.
fn is_signed_for_amazon(host: &StandIn, of: usize) {
    use hmac::{Hmac, Mac};
    use sha2::{Digest, Sha256};
    let line = host.lines()[of].clone();
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (server, date) = (host.header(of, "host"), host.header(of, "x-amz-date"));
    let digest = hex::encode(Sha256::digest(host.body(of)));
    let canonical =
        format!("{method}\n{path}\n{query}\nhost:{server}\nx-amz-date:{date}\n\nhost;x-amz-date\n{digest}");
    let scope = "20150830/us-east-1/route53/aws4_request";
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex::encode(Sha256::digest(canonical)));
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let key = mac(b"AWS4amazon-secret", "20150830");
    let key = mac(&mac(&mac(&key, "us-east-1"), "route53"), "aws4_request");
    let expected = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders=host;x-amz-date, Signature={}",
        hex::encode(mac(&key, &text))
    );
    assert_eq!(host.header(of, "authorization"), expected, "{line}");
}

#[tokio::test]
async fn route_53s_no_is_told() {
    let denied = "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error><Type>Sender</Type>\
        <Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid</Message></Error>\
        <RequestId>r</RequestId></ErrorResponse>";
    let unfit = "<?xml version=\"1.0\"?>\n<InvalidChangeBatch xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Messages>\
        <Message>Tried to create a record that is too long</Message></Messages></InvalidChangeBatch>";
    let answers = vec![
        (403, denied.to_owned()),
        zones("Z2", "apps.example.com."),
        records(&[]),
        (400, unfit.to_owned()),
    ];
    let host = StandIn::that_answers(answers).await;
    let why = amazon(&host).put(NAME, PROOF).await.unwrap_err();
    let said =
        "Route 53 refused (403 Forbidden): The security token included in the request is invalid. Check";
    assert!(why.starts_with(said), "{why}");
    let why = amazon(&host).put(NAME, PROOF).await.unwrap_err();
    assert_eq!(why, "Route 53 refused (400 Bad Request): Tried to create a record that is too long.");
    assert_eq!(host.lines().len(), 4);
}
