//! An App at GitHub: who it is shown by a signed word, and the tokens that its installation gets for it.

use super::{AppIdentity, unavailable};
use crate::{Engine, Error, Result, statuses::Host, store::ConnectionRow};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use berth_domain::{
    ids::ConnectionId,
    problem::{Problem, ProblemKind},
};
use chrono::{DateTime, TimeDelta, Utc};
use dashmap::DashMap;
use reqwest::Method;
use rustls::{
    SignatureScheme,
    crypto::ring::sign::any_supported_type,
    pki_types::{PrivateKeyDer, pem::PemObject},
};
use serde_json::json;

/// GitHub's clock may be behind ours by this much.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::seconds(60);

/// How long a word is good; GitHub takes ten minutes at the most.
const WORD_IS_GOOD: TimeDelta = TimeDelta::minutes(9);

/// A token is not used any more when it ends within this.
const BEFORE_ITS_END: TimeDelta = TimeDelta::minutes(5);

/// The tokens of installations, until shortly before they end.
#[derive(Default)]
pub(super) struct Grants(DashMap<ConnectionId, Grant>);

struct Grant {
    token: String,
    installation: u64,
    ends_at: DateTime<Utc>,
}

impl Grants {
    fn good(&self, row: &ConnectionRow, now: DateTime<Utc>) -> Option<String> {
        let grant = self.0.get(&row.id)?;
        let good = Some(grant.installation) == row.installation && grant.ends_at - now > BEFORE_ITS_END;
        good.then(|| grant.token.clone())
    }

    /// The last one, good or not.
    pub fn known(&self, id: ConnectionId) -> Option<String> {
        self.0.get(&id).map(|grant| grant.token.clone())
    }
}

/// What says that the holder of the key asks: a JWT (RFC 7519) with RS256.
pub(super) fn signed_word(app: u64, private_key: &str, now: DateTime<Utc>) -> Result<String> {
    let unfit = |why: String| Error::internal("sign with the key of its App", std::io::Error::other(why));
    let key = PrivateKeyDer::from_pem_slice(private_key.as_bytes()).map_err(|e| unfit(e.to_string()))?;
    let key = any_supported_type(&key).map_err(|e| unfit(e.to_string()))?;
    let signer = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]);
    let signer = signer.ok_or_else(|| unfit("it is no RSA key".into()))?;
    let claims = json!({
        "iat": (now - CLOCKS_DIFFER).timestamp(),
        "exp": (now + WORD_IS_GOOD).timestamp(),
        "iss": app.to_string(),
    });
    let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let said = format!("{}.{}", part(br#"{"alg":"RS256","typ":"JWT"}"#), part(claims.to_string().as_bytes()));
    let signature = signer.sign(said.as_bytes()).map_err(|e| unfit(e.to_string()))?;
    Ok(format!("{said}.{}", part(&signature)))
}

impl Engine {
    /// The host, asked as the App itself.
    fn as_app(&self, row: &ConnectionRow, app: &AppIdentity) -> Result<Host> {
        let word = signed_word(app.id, &app.private_key, self.now())?;
        Ok(Host::connected(row.kind, &row.url, word, &self.config().private_hosts))
    }

    /// A token of the App's installation, a new one when the last ends soon.
    pub(super) async fn installation_token(&self, row: &ConnectionRow, app: &AppIdentity) -> Result<String> {
        let grants = &self.parts.connections.grants;
        if let Some(token) = grants.good(row, self.now()) {
            return Ok(token);
        }
        let host = self.as_app(row, app)?;
        let installation = match row.installation {
            Some(installation) => installation,
            None => self.find_installation(row, app, &host).await?,
        };
        let url = format!("{}/app/installations/{installation}/access_tokens", host.base());
        let answer = match host.read(Method::POST, &url, None).await {
            Err(refused) if refused.status == 404 => {
                // It was uninstalled, and that call was lost.
                self.installed_at(row, None).await?;
                return Err(not_installed(app));
            }
            answer => answer.map_err(unavailable)?.json,
        };
        let token = answer["token"].as_str().unwrap_or_default().to_owned();
        let ends_at = answer["expires_at"].as_str().and_then(|at| at.parse().ok());
        let Some(ends_at) = ends_at.filter(|_| !token.is_empty()) else {
            let odd = format!("{} gave the App no token.", host.base());
            return Err(Problem::new(ProblemKind::Unavailable, odd).into());
        };
        grants.0.insert(row.id, Grant { token: token.clone(), installation, ends_at });
        Ok(token)
    }

    /// Where it is installed, when the browser never came back to say so.
    async fn find_installation(&self, row: &ConnectionRow, app: &AppIdentity, host: &Host) -> Result<u64> {
        let url = format!("{}/app/installations?per_page=1", host.base());
        let found = host.read(Method::GET, &url, None).await.map_err(unavailable)?.json;
        let installation = found[0]["id"].as_u64().ok_or_else(|| not_installed(app))?;
        self.installed_at(row, Some(installation)).await?;
        Ok(installation)
    }

    /// Keeps where the App is installed, once the host has said that this is an installation of it.
    pub(crate) async fn confirm_installation(
        &self,
        row: &ConnectionRow,
        app: &AppIdentity,
        installation: u64,
    ) -> Result<()> {
        let host = self.as_app(row, app)?;
        let url = format!("{}/app/installations/{installation}", host.base());
        host.read(Method::GET, &url, None).await.map_err(unavailable)?;
        self.installed_at(row, Some(installation)).await
    }

    /// Notes where the App is installed, or that it is no more.
    pub(crate) async fn installed_at(&self, row: &ConnectionRow, installation: Option<u64>) -> Result<()> {
        self.parts.connections.grants.0.remove(&row.id);
        let write = self.store().begin().await?;
        write.scoped(crate::store::Scope(row.organisation)).note_installation(row.id, installation).await?;
        Ok(write.commit().await?)
    }
}

fn not_installed(app: &AppIdentity) -> Error {
    let problem = Problem::new(ProblemKind::Conflict, format!("The App {} is installed nowhere.", app.slug));
    problem.with_hint(format!("Install it at {}", install_url(app))).into()
}

/// Where a person installs an App.
pub(crate) fn install_url(app: &AppIdentity) -> String {
    format!("{}/installations/new", app.html_url)
}
