//! R-HC-3: what is live is probed all the time, and what the probes see is shown.

use crate::fixture::Shipped;
use berth_domain::{event::EventView, service::ProbeView};
use berth_tests::prelude::*;

/// Three probes in a row take half a minute.
const SOON: Duration = Duration::from_secs(60);

/// Waits until the probe of the only instance is as wanted, and gives the service as it is then.
async fn probed(shipped: &Shipped, what: &str, wanted: impl Fn(&ProbeView) -> bool) -> Result<ServiceView> {
    eventually_within(SOON, what, || async {
        let service = shipped.owner.service(&shipped.web).await?;
        let probe = service.instances.iter().find_map(|instance| instance.probe.clone());
        ensure!(probe.as_ref().is_some_and(&wanted), "its probe is {probe:?}");
        Ok(service)
    })
    .await
}

async fn events(shipped: &Shipped, kind: &str) -> Result<Vec<EventView>> {
    let page: Value = shipped.owner.get(&format!("/events?kind={kind}")).await?.ok()?;
    Ok(serde_json::from_value(page["items"].clone())?)
}

#[tokio::test]
async fn r_hc_3_an_instance_that_becomes_unhealthy_is_told_and_keeps_its_traffic() -> Result<()> {
    let shipped = Shipped::live().await?;
    let well = probed(&shipped, "the instance is probed", |probe| probe.ok).await?;
    ensure!(well.state == ServiceState::Live && well.state_reason.is_none(), "{well:?}");
    ensure!(events(&shipped, "instance.unhealthy").await?.is_empty());

    shipped.body("/health?status=503").await?;
    probed(&shipped, "it is unhealthy", |probe| !probe.healthy && !probe.ok).await?;
    let down = eventually("the service says why", || async {
        let service = shipped.owner.service(&shipped.web).await?;
        ensure!(service.state_reason.as_ref().is_some_and(|why| why.contains("status 503")), "{service:?}");
        Ok(service)
    })
    .await?;
    ensure!(down.state == ServiceState::Down, "it is {}", down.state);
    let told = events(&shipped, "instance.unhealthy").await?;
    ensure!(told.len() == 1 && told[0].message.contains("status 503"), "{told:?}");
    // It is the only one, and still gets what is asked for.
    shipped.answers("one").await?;

    shipped.body("/health?status=200").await?;
    probed(&shipped, "it is healthy again", |probe| probe.healthy && probe.ok).await?;
    eventually("the service is live again", || async {
        let service = shipped.owner.service(&shipped.web).await?;
        ensure!(service.state == ServiceState::Live && service.state_reason.is_none(), "{service:?}");
        Ok(())
    })
    .await?;
    ensure!(events(&shipped, "instance.healthy").await?.len() == 1);
    Ok(())
}
