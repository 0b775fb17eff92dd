//! A Berth with one live service of the test program.

use berth_tests::{
    berth::shipped_image,
    docker,
    prelude::*,
    verbs::{self, image, swift},
};
use bollard::models::ContainerInspectResponse;

/// A Berth, its owner, and a service that is live.
pub struct Shipped {
    pub owner: Client,
    pub web: ServicePath,
    /// The service's default domain.
    pub host: String,
    pub berth: Berth,
}

impl Shipped {
    /// A live service that answers `one`.
    pub async fn live() -> Result<Self> {
        Self::live_with(swift()).await
    }

    /// The same on a Berth with more environment variables.
    pub async fn live_where(environment: Vec<(String, String)>) -> Result<Self> {
        Self::live_on(Options { environment, ..Options::default() }).await
    }

    /// The same on a Berth with these options.
    pub async fn live_on(options: Options) -> Result<Self> {
        let berth = Berth::start(options).await?;
        berth.proxy_is_up().await?;
        let shipped = Self::on(berth, swift()).await?;
        shipped.owner.ship_version(&shipped.web, "one").await?;
        shipped.answers("one").await?;
        Ok(shipped)
    }

    /// A service with these settings that was never deployed.
    pub async fn waiting(settings: Value) -> Result<Self> {
        Self::on(Berth::with_docker().await?, settings).await
    }

    async fn on(berth: Berth, settings: Value) -> Result<Self> {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        let view = owner.create_service(&web, image(&shipped_image()), settings).await?;
        Ok(Self { owner, web, host: verbs::host(&view)?, berth })
    }

    /// A live service with these settings that answers `one`.
    pub async fn live_with(settings: Value) -> Result<Self> {
        let shipped = Self::waiting(settings).await?;
        shipped.owner.ship_version(&shipped.web, "one").await?;
        shipped.answers("one").await?;
        Ok(shipped)
    }

    /// Waits until the proxy answers `/` with this.
    pub async fn answers(&self, wanted: &str) -> Result<()> {
        verbs::answers(self.berth.http_port, &self.host, "/", wanted).await
    }

    /// The body of a GET through the proxy.
    pub async fn body(&self, at: &str) -> Result<String> {
        let response = verbs::visit(self.berth.http_port, &self.host, at).await?;
        ensure!(response.status == 200, "{at} answered {}: {}", response.status, response.text());
        Ok(response.text())
    }

    /// Steady load on the service, half on kept and half on fresh connections.
    pub fn under_load(&self, rate: u32) -> Load {
        Load::on(self.berth.http_port, &self.host, "/", rate)
    }

    /// Steady load on an instance itself, past the proxy: what the release alone loses.
    pub fn past_the_proxy(&self, instance: &ContainerInspectResponse, rate: u32) -> Result<Load> {
        let address = docker::address(instance).context("the instance has an address")?;
        Ok(Load::at((address, 8080).into(), &self.host, "/", rate))
    }

    /// Changes settings; what is not named keeps the value that [`swift`] gives it.
    pub async fn configure(&self, changes: Value) -> Result<()> {
        self.owner.patch(&verbs::of(&self.web), json!({ "settings": with(changes) })).await?.done()
    }

    /// The running instances, web and others.
    pub async fn running(&self) -> Result<Vec<ContainerInspectResponse>> {
        Docker::connect().await?.instances(&self.berth.instance).await
    }

    /// The instance of a deployment, once it is there.
    pub async fn instance_of(&self, number: u64) -> Result<ContainerInspectResponse> {
        let wanted = number.to_string();
        eventually_within(verbs::DEPLOYMENT, &format!("an instance of #{number} runs"), || async {
            let mut running = self.running().await?.into_iter();
            running.find(|instance| docker::label(instance, "berth.number") == wanted).context("none does")
        })
        .await
    }

    /// Waits until just so many instances run.
    pub async fn only_runs(&self, count: usize) -> Result<()> {
        eventually(&format!("{count} instances run"), || async {
            let running = self.running().await?.len();
            ensure!(running == count, "{running} instances run");
            Ok(())
        })
        .await
    }

    /// Waits until the service is seen in this state, and gives it.
    pub async fn seen(&self, state: ServiceState, within: Duration) -> Result<ServiceView> {
        eventually_within(within, &format!("the service is {state}"), || async {
            let service = self.owner.service(&self.web).await?;
            ensure!(service.state == state, "it is {}: {:?}", service.state, service.state_reason);
            Ok(service)
        })
        .await
    }

    /// Waits until a deployment is in this phase.
    pub async fn is_in(&self, number: u64, phase: Phase) -> Result<()> {
        eventually_within(verbs::DEPLOYMENT, &format!("deployment {number} is in {phase}"), || async {
            let view = self.owner.deployment(&self.web, number).await?;
            ensure!(view.phase == Some(phase), "it is {} {:?} {:?}", view.status, view.phase, view.reason);
            Ok(())
        })
        .await
    }
}

/// The settings of [`swift`] with changes.
pub fn with(changes: Value) -> Value {
    let mut settings = swift();
    if let (Some(all), Value::Object(changes)) = (settings.as_object_mut(), changes) {
        all.extend(changes);
    }
    settings
}
