//! The panel's own host name: whose it is, what it collides with, and which links it changes.

use berth_domain::panel_domain::PanelDomainView;
use berth_tests::{
    prelude::*,
    verbs::{self, image},
};

const PANEL: &str = "panel.example.com";

both_databases! {
    /// R-TRF-3: a host leads to the panel or to a service, and a conflict names the other.
    async fn r_trf_3_a_host_leads_to_the_panel_or_to_a_service(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        let domains = format!("{}/domains", verbs::of(&web));
        owner.post(&domains, json!({ "host": "shop.example.com", "path": "/api" })).await?.done()?;
        let taken = owner.put("/panel-domain", json!({ "host": "Shop.example.com" })).await?.refused(409)?;
        ensure!(taken.message.contains("shop/production/web"), "{taken:?}");
        owner.put("/panel-domain", json!({ "host": "panel/x" })).await?.refuses_field("host")?;
        owner.put("/panel-domain", json!({ "host": PANEL })).await?.done()?;
        for path in ["/", "/api"] {
            let taken = owner.post(&domains, json!({ "host": PANEL, "path": path })).await?.refused(409)?;
            ensure!(taken.message.contains("the panel's own address"), "{taken:?}");
        }
        owner.delete("/panel-domain", Value::Null).await?.done()?;
        owner.delete("/panel-domain", Value::Null).await?.refused(404)?;
        owner.post(&domains, json!({ "host": PANEL })).await?.done()
    }

    /// R-SEC-2: it is the panel of all organisations, and only the owner of the first one names it.
    async fn r_sec_2_only_the_owner_of_the_installation_names_the_panel(berth) {
        let owner = berth.owner().await?;
        let host = json!({ "host": PANEL });
        for refused in [berth.member(Role::Admin).await?, berth.stranger().await?] {
            refused.put("/panel-domain", &host).await?.refused(403)?;
            refused.delete("/panel-domain", Value::Null).await?.refused(403)?;
        }
        let nobody: PanelDomainView = owner.get("/panel-domain").await?.ok()?;
        ensure!(nobody.host.is_none() && nobody.url == berth.url(), "{nobody:?}");
        owner.put("/panel-domain", &host).await?.done()?;
        let events: Value = owner.get("/events?kind=domain.panel").await?.ok()?;
        ensure!(events.to_string().contains("The panel is reached at panel.example.com"), "{events}");
        Ok(())
    }

    async fn links_and_the_check_of_origins_follow_the_panels_name(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("nginx:1"), json!({})).await?;
        // There is no HTTPS here.
        let named = format!("http://{PANEL}:{}", berth.http_port);
        let there = owner.from_origin(Some(&named));
        there.post("/projects", json!({ "name": "early" })).await?.refused(403)?;
        owner.put("/panel-domain", json!({ "host": PANEL })).await?.done()?;
        there.post("/projects", json!({ "name": "late" })).await?.done()?;
        for at in ["/webhook", "/remote"] {
            let links: Value = owner.get(&format!("{}{at}", verbs::of(&web))).await?.ok()?;
            ensure!(links.to_string().contains(&named), "{at} shows {links}");
        }
        owner.delete("/panel-domain", Value::Null).await?.done()?;
        let links: Value = owner.get(&format!("{}/remote", verbs::of(&web))).await?.ok()?;
        ensure!(links.to_string().contains(&berth.url()), "{links}");
        Ok(())
    }
}

/// The operator names it on the machine, and a panel that runs learns of it.
#[tokio::test]
async fn the_operator_names_the_panel_on_the_machine() -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let owner = berth.owner().await?;
    let said = berth.cli(&["admin", "panel-domain", PANEL])?;
    ensure!(said.contains(PANEL), "{said}");
    eventually("the panel knows its name", || async {
        let seen: PanelDomainView = owner.get("/panel-domain").await?.ok()?;
        ensure!(seen.host.as_ref().is_some_and(|host| host.as_str() == PANEL), "{seen:?}");
        Ok(())
    })
    .await?;
    let said = berth.cli(&["admin", "panel-domain", "--remove"])?;
    ensure!(said.contains("no host name"), "{said}");
    Ok(())
}
