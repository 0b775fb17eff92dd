//! Names that cannot be had say why, and cost the authority nothing.

use crate::fixture::Secure;
use berth_tests::{acme::Manners, prelude::*};

/// R-TLS-2: each broken name says its own reason, no order is opened, and once it is mended a click is enough.
#[tokio::test]
async fn r_tls_2_a_broken_name_costs_no_order_and_says_why() -> Result<()> {
    let secure = Secure::start(Manners::default()).await?;
    let pebble = &secure.pebble;
    let broken = [
        ("nowhere.example.net", "no address in the DNS"),
        ("private.example.net", "a private address"),
        ("forbidden.example.net", "CAA record of forbidden.example.net"),
    ];
    pebble.points_to("private.example.net", "10.255.255.1").await?;
    pebble.points_here("forbidden.example.net").await?;
    pebble.only("forbidden.example.net", ";").await?;
    for (host, _) in broken {
        secure.add(host).await?;
    }
    for (host, words) in broken {
        let one = secure.says(host, words).await?;
        ensure!(one.next_attempt_at.is_some() && !one.serves, "{one:?}");
    }
    ensure!(pebble.orders()? == 0, "{} orders", pebble.orders()?);
    says_that_there_is_none(&secure, "nowhere.example.net").await?;
    pebble.points_here("nowhere.example.net").await?;
    secure.retry("nowhere.example.net").await?;
    secure.answers("nowhere.example.net", "one").await?;
    ensure!(pebble.orders()? == 1, "{} orders", pebble.orders()?);
    Ok(())
}

/// R-TLS-6: who comes over HTTPS all the same reads that there is no certificate yet, not that nothing is here.
async fn says_that_there_is_none(secure: &Secure, host: &str) -> Result<()> {
    let port = secure.berth.https_port;
    // A person may look past the warning of the browser.
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_danger_accept_invalid_certs(true)
        .resolve(host, ([127, 0, 0, 1], port).into())
        .build()?;
    let said = client.get(format!("https://{host}:{port}/")).send().await?;
    let (status, text) = (said.status().as_u16(), said.text().await?);
    ensure!(status == 503 && text.contains("No certificate yet"), "it answered {status}: {text}");
    Ok(())
}

/// R-TLS-3: many broken names keep no good one away, and are asked for at the authority not at all.
#[tokio::test]
async fn r_tls_3_many_broken_names_keep_no_good_one_away() -> Result<()> {
    let secure = Secure::start(Manners::default()).await?;
    for number in 0..30 {
        secure.add(&format!("broken-{number}.example.net")).await?;
    }
    let good = ["a.example.net", "b.example.net", "c.example.net", "d.example.net"];
    for host in good {
        secure.add_here(host).await?;
    }
    for host in good {
        secure.answers(host, "one").await?;
    }
    for number in 0..30 {
        secure.says(&format!("broken-{number}.example.net"), "no address in the DNS").await?;
    }
    ensure!(secure.pebble.orders()? == good.len(), "{} orders", secure.pebble.orders()?);
    Ok(())
}
