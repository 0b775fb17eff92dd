//! A Berth with one live service of the test program.

use berth_tests::{
    berth::shipped_image,
    prelude::*,
    verbs::{self, image, swift},
};

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
        let shipped = Self::waiting(swift()).await?;
        shipped.owner.ship_version(&shipped.web, "one").await?;
        shipped.answers("one").await?;
        Ok(shipped)
    }

    /// The same on a Berth with more environment variables.
    pub async fn live_with(environment: Vec<(String, String)>) -> Result<Self> {
        let berth = Berth::start(Options { environment, ..Options::default() }).await?;
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

    /// Changes settings; what is not named keeps the value that [`swift`] gives it.
    pub async fn configure(&self, changes: Value) -> Result<()> {
        let mut settings = swift();
        if let (Some(all), Value::Object(changes)) = (settings.as_object_mut(), changes) {
            all.extend(changes);
        }
        self.owner.patch(&verbs::of(&self.web), json!({ "settings": settings })).await?.done()
    }
}
