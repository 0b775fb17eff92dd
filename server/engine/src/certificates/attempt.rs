//! One attempt to get a certificate: seen to beforehand, ordered, proven, kept. Whatever cuts it off, the row says where
//! to go on: the order's address and the sealed key are written down before anything is asked for with them.

use std::time::Duration;

use berth_domain::{
    certificate::{CertificateOrigin, two_thirds},
    event::EventKind,
    ids::{CertificateId, OrganisationId},
};
use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;
use tracing::{info, warn};

use crate::{
    Engine, Error, Result,
    acme::{AcmeError, Order, Stage},
    store::{CertificateRow, Issued, Outcome, Scope},
    vault::{Row, Secret},
};

use super::{
    account::sealing,
    budget::{Pace, pause},
    inspect::{fresh_key, inspect, self_signed, signing_request},
    pause::pause_for_a_test,
    proof::Proven,
    round::{fault, of_berth},
};

/// How long an attempt may take; an order that takes longer is gone on with at the next one.
const WITHIN: Duration = Duration::from_secs(90);

/// How often the same is said again when the authority asks for that.
const REPEATS: u32 = 12;

/// The one instant at which the authority has an order that is written down nowhere here.
const OPENED: &str = "write down the order";

/// Why an attempt gave nothing.
pub(super) enum Failure {
    /// It was seen before anybody was asked.
    Unfit(String),
    /// An authority, or the way to it.
    Authority(AcmeError),
    /// The order that was open came to nothing.
    Order(String),
    /// The same, while nobody of Berth was there to prove anything.
    CutOff(String),
    /// The own limit is reached until then.
    Budget(DateTime<Utc>),
    /// A fault of Berth's own.
    Fault(Error),
}

impl From<AcmeError> for Failure {
    fn from(error: AcmeError) -> Self {
        Self::Authority(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Fault(error)
    }
}

impl Engine {
    /// Tries once, and writes down what came of it.
    pub(super) async fn attempt(&self, row: CertificateRow) {
        let outcome = match tokio::time::timeout(WITHIN, self.obtain(&row)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::Authority(AcmeError::Unreachable("the order takes too long".into()))),
        };
        self.parts.tls.resuming.remove(&row.id);
        let kept = match outcome {
            // Who waits for it does not wait for the attempts of others.
            Ok(issued) => match self.keep_issued(&row, issued).await {
                Ok(()) => self.certificate_plan().await.map(drop),
                failed => failed,
            },
            Err(failure) => self.keep_failure(&row, failure).await,
        };
        if let Err(error) = kept {
            warn!(%error, names = ?row.names, "could not keep what came of an attempt for a certificate");
        }
    }

    async fn obtain(&self, row: &CertificateRow) -> std::result::Result<Issued, Failure> {
        if row.origin == CertificateOrigin::SelfSigned {
            return Ok(self.sign_oneself(row.id, &row.names)?);
        }
        let mut order = row.order.clone();
        if order.is_none() {
            pause_for_a_test("look at the names").await;
            // A wildcard is proven in its zone: nobody asks at an address.
            for name in row.names.iter().filter(|name| !name.starts_with("*.")) {
                self.preflight(name).await.map_err(Failure::Unfit)?;
            }
            self.parts.tls.budget.take(self.now()).map_err(Failure::Budget)?;
            pause_for_a_test("write down that an attempt begins").await;
            let again = self.now() + self.pause(Pace::Free, row.failures + 1);
            let write = self.store().begin().await.map_err(Error::from)?;
            write.scoped(Scope(row.organisation)).begin_attempt(row.id, again).await.map_err(Error::from)?;
            write.commit().await.map_err(Error::from)?;
        }
        let mut repeats = 0;
        loop {
            match self.follow(row, &mut order).await {
                Err(Failure::Authority(AcmeError::Fleeting(_))) if repeats < REPEATS => repeats += 1,
                Err(Failure::Authority(AcmeError::NoAccount(why))) if repeats < REPEATS => {
                    info!(why, "the authority does not know the account; another one is made");
                    self.parts.tls.accounts.remove(&row.organisation);
                    self.register(row.organisation).await?;
                    (order, repeats) = (None, REPEATS);
                }
                Err(Failure::Order(why)) if row.order.is_some() => return Err(Failure::CutOff(why)),
                outcome => return outcome,
            }
        }
    }

    /// Goes on with the order, or opens one, up to the certificate.
    async fn follow(
        &self,
        row: &CertificateRow,
        known: &mut Option<(String, Vec<u8>)>,
    ) -> std::result::Result<Issued, Failure> {
        let account = self.account(row.organisation).await?;
        let place = Row::new("certificates", row.id.0, "sealed_order_key");
        let (mut order, key) = match known {
            Some((url, sealed)) => {
                let key = self.vault().unseal(&place, sealed).map_err(sealing)?;
                let order = account.resume(url).await.map_err(|error| match error {
                    AcmeError::Refused(why) => Failure::Order(format!("the order is gone: {why}")),
                    error => Failure::Authority(error),
                })?;
                (order, key)
            }
            None => {
                pause_for_a_test("open the order").await;
                let order = account.order(&row.names).await?;
                let key = fresh_key().map_err(fault)?;
                let sealed = self.vault().seal(&place, key.expose()).map_err(sealing)?;
                pause_for_a_test(OPENED).await;
                self.keep_order(row, order.url(), &sealed).await?;
                *known = Some((order.url().to_owned(), sealed));
                (order, key)
            }
        };
        let mut proven = Proven::default();
        let chain = self.complete(&mut order, row, &key, &mut proven).await;
        proven.take_back().await;
        self.looked_at(row.id, chain?, &key)
    }

    async fn keep_order(&self, row: &CertificateRow, url: &str, sealed: &[u8]) -> Result<()> {
        let write = self.store().begin().await?;
        write.scoped(Scope(row.organisation)).keep_order(row.id, url, sealed.to_vec()).await?;
        Ok(write.commit().await?)
    }

    /// Takes an order from wherever it is to its certificate.
    async fn complete(
        &self,
        order: &mut Order,
        row: &CertificateRow,
        key: &Secret,
        proven: &mut Proven,
    ) -> std::result::Result<String, Failure> {
        let mut told = false;
        let mut wait = Duration::from_millis(100);
        loop {
            match order.stage().await? {
                Stage::Pending if !told => {
                    pause_for_a_test("show the proofs").await;
                    self.prove(row, order, proven).await?;
                    told = true;
                }
                Stage::Ready => {
                    pause_for_a_test("ask for the certificate").await;
                    let request = signing_request(&row.names, key).map_err(fault)?;
                    order.finalize(&request).await?;
                }
                Stage::Valid => {
                    pause_for_a_test("fetch the certificate").await;
                    if let Some(chain) = order.chain().await? {
                        return Ok(chain);
                    }
                }
                Stage::Invalid(why) => return Err(Failure::Order(why)),
                Stage::Pending | Stage::Processing => {}
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(2));
        }
    }

    /// What is kept of a chain, after a look at whether it is what was asked for.
    fn looked_at(
        &self,
        id: CertificateId,
        chain: String,
        key: &Secret,
    ) -> std::result::Result<Issued, Failure> {
        let seen = inspect(&chain, key)
            .map_err(|why| Failure::Order(format!("what the authority gave cannot serve: {why}")))?;
        Ok(self.seal_certificate(id, chain, key, &seen)?)
    }

    /// A certificate that only this Berth vouches for.
    pub(super) fn sign_oneself(&self, id: CertificateId, names: &[String]) -> Result<Issued> {
        let (chain, key) = self_signed(names, self.now()).map_err(fault)?;
        match self.looked_at(id, chain, &key) {
            Ok(issued) => Ok(issued),
            Err(Failure::Fault(error)) => Err(error),
            Err(failure) => Err(fault(std::io::Error::other(failure.told()))),
        }
    }

    async fn keep_issued(&self, row: &CertificateRow, issued: Issued) -> Result<()> {
        let renew_at = match row.origin {
            CertificateOrigin::Acme => {
                self.parts.tls.asked.insert(row.id, self.now());
                Some(self.renewal(row.organisation, &issued).await)
            }
            _ => None,
        };
        let again = if row.issued.is_some() { "renewed" } else { "issued" };
        let told = format!(
            "The certificate of {} was {again} by {}; it is good until {}.",
            row.names.join(", "),
            issued.issuer,
            issued.not_after.format("%Y-%m-%d %H:%M UTC")
        );
        info!(names = ?row.names, issuer = issued.issuer, until = %issued.not_after, "a certificate was {again}");
        pause_for_a_test("keep the certificate").await;
        let mut write = self.store().begin().await?;
        write.scoped(Scope(row.organisation)).keep_issued(row.id, &issued, renew_at).await?;
        write.record(of_berth(row, EventKind::CertificateIssued, told));
        write.commit().await?;
        pause_for_a_test("hand it to the proxy").await;
        Ok(())
    }

    /// When a certificate is renewed: when its authority wants it, or after two thirds of its life.
    pub(super) async fn renewal(&self, organisation: OrganisationId, issued: &Issued) -> DateTime<Utc> {
        let usual = two_thirds(issued.not_before, issued.not_after);
        let Ok(account) = self.account(organisation).await else { return usual };
        match account.renewal_window(&issued.chain).await {
            // A window that begins before the certificate itself would have it renewed without end.
            Some((from, to)) if from > issued.not_before + TimeDelta::minutes(1) && from <= to => {
                let within = (to.min(issued.not_after) - from).max(TimeDelta::zero());
                let share = rand::rng().random_range(0.0..1.0);
                from + TimeDelta::milliseconds((within.num_milliseconds() as f64 * share) as i64)
            }
            _ => usual,
        }
    }

    async fn keep_failure(&self, row: &CertificateRow, failure: Failure) -> Result<()> {
        let failures = row.failures.saturating_add(1);
        let next = match &failure {
            Failure::Budget(until) => *until,
            other => self.now() + self.pause(other.pace(), failures),
        };
        let error = failure.told();
        if let Failure::Fault(fault) = &failure {
            warn!(error = %fault, names = ?row.names, "a fault of Berth's own kept a certificate from being made");
        }
        let forget_order = matches!(
            failure,
            Failure::Order(_)
                | Failure::CutOff(_)
                | Failure::Authority(AcmeError::Refused(_) | AcmeError::NoAccount(_))
        );
        let outcome = Outcome { error: error.clone(), next_attempt_at: next, failures, forget_order };
        let mut write = self.store().begin().await?;
        write.scoped(Scope(row.organisation)).keep_failure(row.id, &outcome).await?;
        // The same reason is told once, however often it is tried.
        if row.last_error.as_ref() != Some(&error) {
            info!(names = ?row.names, error, "a certificate could not be had");
            let told = format!("No certificate for {}: {error}", row.names.join(", "));
            write.record(of_berth(row, EventKind::CertificateFailed, told));
        }
        Ok(write.commit().await?)
    }

    fn pause(&self, pace: Pace, failures: u32) -> TimeDelta {
        pause(pace, failures, rand::rng().random_range(0.0..1.0))
    }
}

impl Failure {
    fn pace(&self) -> Pace {
        match self {
            Self::Unfit(_) | Self::CutOff(_) | Self::Fault(_) | Self::Budget(_) => Pace::Free,
            Self::Authority(AcmeError::Limited(_)) => Pace::Limited,
            Self::Authority(AcmeError::Fleeting(_) | AcmeError::Unreachable(_)) => Pace::Free,
            Self::Authority(_) | Self::Order(_) => Pace::Counted,
        }
    }

    /// In words for who owns the name.
    pub fn told(&self) -> String {
        match self {
            Self::Unfit(why) => why.clone(),
            Self::Authority(error) => format!("{}.", sentence(&error.to_string())),
            Self::Order(why) | Self::CutOff(why) => {
                format!("The authority did not find it proven: {}.", why.trim_end_matches('.'))
            }
            Self::Budget(_) => {
                "Berth has made as many orders as it allows itself for now; it goes on by itself.".into()
            }
            Self::Fault(error) => error.problem().message,
        }
    }
}

/// With a capital and without a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
