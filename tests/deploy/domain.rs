//! A domain of a live service, as its people change it and as its visitors meet it.

use crate::fixture::Shipped;
use berth_tests::{prelude::*, verbs};
use reqwest::{RequestBuilder, Response, redirect::Policy};
use std::time::Instant;

/// How soon a change is effective (R-TRF-1).
pub const AT_ONCE: Duration = Duration::from_secs(1);

/// One domain.
pub struct Domain<'a> {
    pub shipped: &'a Shipped,
    pub host: String,
    /// Its REST path.
    pub at: String,
}

impl<'a> Domain<'a> {
    /// The default domain of the service.
    pub async fn default_of(shipped: &'a Shipped) -> Result<Self> {
        let service = shipped.owner.service(&shipped.web).await?;
        let domain = service.domains.iter().find(|domain| domain.default).context("a default domain")?;
        let at = format!("{}/domains/{}", verbs::of(&shipped.web), domain.id);
        Ok(Self { shipped, host: domain.host.to_string(), at })
    }

    /// A new one, once it leads to the service.
    pub async fn added(shipped: &'a Shipped, host: &str, path: &str) -> Result<Self> {
        let domains = format!("{}/domains", verbs::of(&shipped.web));
        let made: Value = shipped.owner.post(&domains, json!({ "host": host, "path": path })).await?.ok()?;
        let at = format!("{domains}/{}", made["id"].as_str().context("its id")?);
        let domain = Self { shipped, host: host.to_owned(), at };
        eventually("the new domain leads to the service", || async {
            let answer = domain.visit(path).await?;
            ensure!(!header(&answer, "x-version").is_empty(), "it answered {}", answer.status());
            Ok(())
        })
        .await?;
        Ok(domain)
    }

    /// Changes it and gives what is in effect; within a second.
    pub async fn set(&self, change: Value) -> Result<Value> {
        let asked = Instant::now();
        let view = self.shipped.owner.patch(&self.at, &change).await?.ok()?;
        let took = asked.elapsed();
        ensure!(took < AT_ONCE, "{change} was in effect after {took:?}");
        Ok(view)
    }

    /// A request to it, with whatever is added.
    pub fn request(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build()?;
        let url = format!("http://127.0.0.1:{}{path}", self.shipped.berth.http_port);
        Ok(client.request(method, url).header("host", &self.host))
    }

    /// A GET.
    pub async fn visit(&self, path: &str) -> Result<Response> {
        Ok(self.request(Method::GET, path)?.send().await?)
    }

    /// The status of a GET.
    pub async fn status(&self, path: &str) -> Result<u16> {
        Ok(self.visit(path).await?.status().as_u16())
    }

    /// Waits until a GET has this status: a domain that moves to another port moves to another file, which the proxy reads
    /// a moment after it has let go of the former one.
    pub async fn becomes(&self, path: &str, status: u16) -> Result<()> {
        eventually_within(AT_ONCE, &format!("{path} answers {status}"), || async {
            let seen = self.status(path).await?;
            ensure!(seen == status, "it answered {seen}");
            Ok(())
        })
        .await
    }

    /// What the program gets as headers of a request.
    pub async fn headers_inside(&self, request: RequestBuilder) -> Result<Value> {
        Ok(request.send().await?.error_for_status()?.json().await?)
    }
}

/// A header of an answer; empty when it is absent.
pub fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
