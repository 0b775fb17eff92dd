//! A hundred domains of which sixty are broken, each kind in a way of its own.

use crate::fixture::{PATIENCE, Secure};
use berth_domain::authority::AuthorityView;
use berth_tests::{acme::Manners, prelude::*};

/// How many domains are broken in each way.
const EACH: usize = 6;
const GOOD: usize = 40;
/// How many orders the operator allows.
const LIMIT: usize = 50;
/// An address that belongs to nobody (RFC 2544 and RFC 5180), and so not to this machine.
const ELSEWHERE: &str = "198.18.0.1";
const ELSEWHERE_V6: &str = "2001:2::1";
/// The name that the authority refuses whoever proves it.
const REFUSED: &str = "refused";

/// A way to be broken.
struct Broken {
    /// The first part of its hosts.
    kind: &'static str,
    /// The zone of its hosts.
    zone: &'static str,
    /// What its domains say, with `{}` for the host.
    says: &'static str,
}

const fn broken(kind: &'static str, zone: &'static str, says: &'static str) -> Broken {
    Broken { kind, zone, says }
}

const WAYS: [Broken; 10] = [
    broken("nowhere", "example.com", "{} has no address in the DNS"),
    broken("private", "example.com", "{} points to 10.255.255.1, a private address"),
    broken("elsewhere", "example.com", "{} points to 198.18.0.1, "),
    broken("six-elsewhere", "example.com", "{} points to 2001:2::1, "),
    broken("six-private", "example.com", "{} points to fd00::1, a private address"),
    broken("forbidden", "example.com", "The CAA record of {} does not let"),
    broken("below", "closed.example.com", "The CAA record of closed.example.com does not let"),
    broken("inside", "internal", "no authority gives a certificate for {}"),
    broken("silent", "example.com", "The name servers do not answer for {}"),
    broken(REFUSED, "example.com", "The authority refused: "),
];

impl Broken {
    fn hosts(&self) -> Vec<String> {
        (0..EACH).map(|number| format!("{}-{number}.{}", self.kind, self.zone)).collect()
    }

    /// What the name server is told so that it is broken.
    async fn is_set(&self, secure: &Secure, host: &str) -> Result<()> {
        let pebble = &secure.pebble;
        let points = match self.kind {
            "nowhere" | "inside" => return Ok(()),
            "silent" => return pebble.fails_for(host).await,
            "private" => &["10.255.255.1"][..],
            "elsewhere" => &[ELSEWHERE],
            "six-elsewhere" => &["127.0.0.1", ELSEWHERE_V6],
            "six-private" => &["127.0.0.1", "fd00::1"],
            _ => &["127.0.0.1"],
        };
        for address in points {
            pebble.points_to(host, address).await?;
        }
        if self.kind == "forbidden" {
            pebble.only(host, ";").await?;
        }
        Ok(())
    }
}

/// R-TLS-2, R-TLS-3: the forty good ones have certificates, each broken one says its own reason, and the authority is
/// asked for those that it alone can judge, once each.
#[tokio::test]
async fn r_tls_3_of_a_hundred_domains_the_good_ones_have_certificates_and_the_others_say_why_not()
-> Result<()> {
    let refused = WAYS.iter().filter(|way| way.kind == REFUSED).flat_map(Broken::hosts).collect();
    let limit = vec![("BERTH_ACME_ORDERS".to_owned(), LIMIT.to_string())];
    let secure = Secure::start_with(Manners { refused, ..Manners::default() }, limit).await?;
    secure.pebble.only("closed.example.com", ";").await?;
    for way in &WAYS {
        for host in way.hosts() {
            way.is_set(&secure, &host).await?;
            secure.add(&host).await?;
        }
    }
    let good: Vec<_> = (0..GOOD)
        .map(|number| format!("good-{number}.example.{}", if number % 2 == 0 { "net" } else { "org" }))
        .collect();
    for host in &good {
        secure.add_here(host).await?;
    }
    for host in &good {
        secure.answers(host, "one").await?;
    }
    for way in &WAYS {
        for host in way.hosts() {
            let one = secure.says(&host, &way.says.replace("{}", &host)).await?;
            ensure!(!one.serves && one.next_attempt_at.is_some(), "{one:?}");
        }
    }
    let (orders, asked) = (secure.pebble.orders()?, secure.pebble.asked()?);
    ensure!(orders == GOOD, "{orders} orders for {GOOD} good names");
    ensure!(asked == GOOD + EACH, "the authority was asked for {asked} orders");
    let all: Vec<AuthorityView> = secure.owner.get("/certificates/authorities").await?.ok()?;
    let left = all.first().context("an authority")?.orders.left;
    ensure!(left as usize == LIMIT - asked, "{left} of {LIMIT} are left after {asked} orders");
    says_on_the_domain(&secure).await
}

/// The reasons stand at the domains themselves, where people look first.
async fn says_on_the_domain(secure: &Secure) -> Result<()> {
    let at = format!("{}/domains", berth_tests::verbs::of(&secure.web));
    eventually_within(PATIENCE, "sixty domains say why they have no certificate", || async {
        let domains: Vec<Value> = secure.owner.get(&at).await?.ok()?;
        let told = domains.iter().filter(|domain| domain["certificate"]["last_error"].is_string()).count();
        ensure!(told == WAYS.len() * EACH, "{told} of {} say why", domains.len());
        Ok(())
    })
    .await
}
