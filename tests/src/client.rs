//! A small REST client that keeps status and problem in view.

use anyhow::{Context, Result, ensure};
use berth_domain::problem::Problem;
use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, HeaderValue, ORIGIN},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// Talks to one Berth as somebody: nobody, a browser with a session, or a program with a token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    jar: Arc<reqwest::cookie::Jar>,
    base: String,
    token: Option<String>,
    origin: Option<String>,
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    /// The request, for messages.
    asked: String,
}

impl Client {
    /// Nobody yet: a browser without cookies.
    pub fn anonymous(base: &str) -> Result<Self> {
        Self::with(base, |http| http)
    }

    /// The same by HTTPS at a host that leads to this machine; it believes one root and no other.
    pub fn at_host(host: &str, port: u16, root: &str) -> Result<Self> {
        let root = reqwest::Certificate::from_pem(root.as_bytes())?;
        let there = std::net::SocketAddr::from(([127, 0, 0, 1], port));
        Self::with(&format!("https://{host}:{port}"), |http| http.resolve(host, there).tls_certs_only([root]))
    }

    fn with(base: &str, more: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Result<Self> {
        let jar = Arc::new(reqwest::cookie::Jar::default());
        let http = reqwest::Client::builder()
            .no_proxy()
            .cookie_provider(jar.clone())
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60));
        let origin = Some(base.to_owned());
        Ok(Self { http: more(http).build()?, jar, base: base.to_owned(), token: None, origin })
    }

    /// The same Berth with a bearer token and no cookie.
    pub fn with_token(&self, token: &str) -> Result<Self> {
        Ok(Self { token: Some(token.to_owned()), origin: None, ..Self::anonymous(&self.base)? })
    }

    /// The same browser on a page of another site.
    pub fn from_origin(&self, origin: Option<&str>) -> Self {
        Self { origin: origin.map(str::to_owned), ..self.clone() }
    }

    /// The session cookie's value, when there is one.
    pub fn session(&self) -> Option<String> {
        use reqwest::cookie::CookieStore as _;
        let cookies = self.jar.cookies(&self.base.parse().ok()?)?;
        let text = cookies.to_str().ok()?.to_owned();
        text.split("; ").find_map(|pair| pair.strip_prefix("berth_session=").map(str::to_owned))
    }

    /// `http://127.0.0.1:<port>`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request to any path of the server, with this client's identity.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let (Some(origin), true) = (&self.origin, !method.is_safe())
            && let Ok(origin) = HeaderValue::from_str(origin)
        {
            request = request.header(ORIGIN, origin);
        }
        request
    }

    /// Sends a request below `/api/v1`, with a JSON body unless that is null.
    pub async fn send(&self, method: Method, path: &str, body: impl Serialize) -> Result<Answer> {
        let body = serde_json::to_value(body)?;
        let mut request = self.request(method, &format!("/api/v1{path}"));
        if !body.is_null() {
            request = request.json(&body);
        }
        Answer::of(request).await
    }

    /// `GET /api/v1...`
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, Value::Null).await
    }

    /// `POST /api/v1...`
    pub async fn post(&self, path: &str, body: impl Serialize) -> Result<Answer> {
        self.send(Method::POST, path, body).await
    }

    /// `PUT /api/v1...`
    pub async fn put(&self, path: &str, body: impl Serialize) -> Result<Answer> {
        self.send(Method::PUT, path, body).await
    }

    /// `PATCH /api/v1...`
    pub async fn patch(&self, path: &str, body: impl Serialize) -> Result<Answer> {
        self.send(Method::PATCH, path, body).await
    }

    /// `DELETE /api/v1...`
    pub async fn delete(&self, path: &str, body: impl Serialize) -> Result<Answer> {
        self.send(Method::DELETE, path, body).await
    }
}

impl Answer {
    /// Sends the request and reads the whole answer.
    pub async fn of(request: reqwest::RequestBuilder) -> Result<Self> {
        let (client, request) = request.build_split();
        let request = request?;
        let asked = format!("{} {}", request.method(), request.url());
        let response = client.execute(request).await.with_context(|| asked.clone())?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.with_context(|| format!("the answer to {asked}"))?;
        Ok(Self { status, headers, text: String::from_utf8_lossy(&bytes).into_owned(), asked })
    }

    /// The body of a success; anything else is an error that shows the answer.
    pub fn ok<T: DeserializeOwned>(self) -> Result<T> {
        ensure!(self.status.is_success(), "{} answered {}: {}", self.asked, self.status, self.text);
        serde_json::from_str(&self.text).with_context(|| format!("{} answered {}", self.asked, self.text))
    }

    /// A success whose body does not matter.
    pub fn done(self) -> Result<()> {
        ensure!(self.status.is_success(), "{} answered {}: {}", self.asked, self.status, self.text);
        Ok(())
    }

    /// The problem of a refusal with exactly this status.
    pub fn refused(self, status: u16) -> Result<Problem> {
        ensure!(
            self.status.as_u16() == status,
            "{} answered {} instead of {status}: {}",
            self.asked,
            self.status,
            self.text
        );
        let kind = self.headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
        ensure!(kind.starts_with("application/problem+json"), "{} is of type {kind:?}", self.asked);
        serde_json::from_str(&self.text).with_context(|| format!("{} answered {}", self.asked, self.text))
    }

    /// Bad input that names the field.
    pub fn refuses_field(self, field: &str) -> Result<Problem> {
        let asked = self.asked.clone();
        let problem = self.refused(422)?;
        ensure!(problem.field.as_deref() == Some(field), "{asked} names {:?}, not {field}", problem.field);
        Ok(problem)
    }

    /// A header as text, empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
