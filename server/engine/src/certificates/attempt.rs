//! One attempt to get a certificate: seen to beforehand, ordered where it is to be had, kept. Whatever cuts it off, the row
//! says where to go on.

use std::time::Duration;

use berth_domain::{
    authority::{AuthorityRole, host_of},
    certificate::{CertificateOrigin, two_thirds},
    event::EventKind,
    ids::OrganisationId,
};
use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;
use tracing::{info, warn};

use crate::{
    Engine, Error, Result,
    acme::{AcmeError, Authority},
    store::{CertificateRow, Issued, OpenOrder, Outcome, Scope},
};

use super::{
    budget::{Pace, pause},
    failure::Failure,
    pause::pause_for_a_test,
    round::of_berth,
};

/// How long an authority may take; an order that takes longer is gone on with at the next attempt.
const WITHIN: Duration = Duration::from_secs(90);

/// What an attempt gave, and the directory of the authority that gave it.
struct Obtained {
    issued: Issued,
    directory: Option<String>,
}

impl Engine {
    /// Tries once, and writes down what came of it.
    pub(super) async fn attempt(&self, row: CertificateRow) {
        let outcome = self.obtain(&row).await;
        self.parts.tls.resuming.remove(&row.id);
        let kept = match outcome {
            // Who waits for it does not wait for the attempts of others.
            Ok(obtained) => match self.keep_issued(&row, obtained).await {
                Ok(()) => self.certificate_plan().await.map(drop),
                failed => failed,
            },
            Err(failure) => self.keep_failure(&row, failure).await,
        };
        if let Err(error) = kept {
            warn!(%error, names = ?row.names, "could not keep what came of an attempt for a certificate");
        }
    }

    /// Asks one authority after the other until one gives it, or has nothing against itself but something against the name.
    async fn obtain(&self, row: &CertificateRow) -> std::result::Result<Obtained, Failure> {
        if row.origin == CertificateOrigin::SelfSigned {
            return Ok(Obtained { issued: self.sign_oneself(row.id, &row.names)?, directory: None });
        }
        let mut looked = false;
        let mut turned_away = None;
        for authority in self.course(row) {
            let open = row.order.clone().filter(|order| authority.has(order.directory.as_deref()));
            if open.is_none() && !looked {
                self.look_at_names(row).await?;
                looked = true;
            }
            let staging = authority.role == AuthorityRole::Staging;
            match self.obtain_within(&authority, row, open).await {
                Ok(_) if staging => self.keep_staged(row, &authority).await?,
                Ok(issued) => return Ok(Obtained { issued, directory: Some(authority.directory) }),
                Err(failure) if failure.is_of_the_authority() => {
                    let why = failure.told();
                    info!(names = ?row.names, authority = authority.directory, why, "the next authority is asked");
                    // What keeps staging away is nothing that anybody has to know.
                    if !staging && turned_away.is_none() {
                        turned_away = Some(failure);
                    }
                }
                Err(failure) if staging => return Err(Failure::Staging(Box::new(failure))),
                Err(failure) => return Err(failure),
            }
        }
        Err(turned_away.unwrap_or_else(super::account::no_authority))
    }

    async fn look_at_names(&self, row: &CertificateRow) -> std::result::Result<(), Failure> {
        pause_for_a_test("look at the names").await;
        // A wildcard is proven in its zone: nobody asks at an address.
        for name in row.names.iter().filter(|name| !name.starts_with("*.")) {
            self.preflight(name).await.map_err(Failure::Unfit)?;
        }
        Ok(())
    }

    async fn obtain_within(
        &self,
        authority: &Authority,
        row: &CertificateRow,
        open: Option<OpenOrder>,
    ) -> std::result::Result<Issued, Failure> {
        let outcome = tokio::time::timeout(WITHIN, self.obtain_at(authority, row, open)).await;
        outcome.unwrap_or_else(|_| {
            Err(Failure::Authority(AcmeError::Unreachable("the order takes too long".into())))
        })
    }

    /// The staging authority's certificate is worth nothing, and is thrown away: it says that the real one will be given.
    async fn keep_staged(&self, row: &CertificateRow, authority: &Authority) -> Result<()> {
        info!(names = ?row.names, authority = authority.directory, "staging has nothing against a name");
        let write = self.store().begin().await?;
        let rows = write.scoped(Scope(row.organisation));
        rows.keep_staged(row.id).await?;
        rows.close_orders(row.id, true).await?;
        Ok(write.commit().await?)
    }

    async fn keep_issued(&self, row: &CertificateRow, obtained: Obtained) -> Result<()> {
        let Obtained { issued, directory } = obtained;
        let directory = directory.as_deref();
        let renew_at = match row.origin {
            CertificateOrigin::Acme => {
                self.parts.tls.asked.insert(row.id, self.now());
                Some(self.renewal(row.organisation, directory, &issued).await)
            }
            _ => None,
        };
        let again = if row.issued.is_some() { "renewed" } else { "issued" };
        let told = format!(
            "The certificate of {} was {again} by {}{}; it is good until {}.",
            row.names.join(", "),
            issued.issuer,
            directory.map(|directory| format!(" ({})", host_of(directory))).unwrap_or_default(),
            issued.not_after.format("%Y-%m-%d %H:%M UTC")
        );
        info!(names = ?row.names, issuer = issued.issuer, until = %issued.not_after, "a certificate was {again}");
        pause_for_a_test("keep the certificate").await;
        let mut write = self.store().begin().await?;
        let rows = write.scoped(Scope(row.organisation));
        rows.keep_issued(row.id, &issued, directory, renew_at).await?;
        rows.close_orders(row.id, true).await?;
        write.record(of_berth(row, EventKind::CertificateIssued, told));
        write.commit().await?;
        pause_for_a_test("hand it to the proxy").await;
        Ok(())
    }

    /// When a certificate is renewed: when its authority wants it, or after two thirds of its life.
    pub(super) async fn renewal(
        &self,
        organisation: OrganisationId,
        directory: Option<&str>,
        issued: &Issued,
    ) -> DateTime<Utc> {
        let usual = two_thirds(issued.not_before, issued.not_after);
        let Some(authority) = self.authority_at(directory) else { return usual };
        let Ok(account) = self.account(organisation, &authority).await else { return usual };
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
            Failure::Budget(used) => used.until,
            other => self.now() + self.pause(other.pace(), failures),
        };
        let error = failure.told();
        if let Failure::Fault(fault) = &failure {
            warn!(error = %fault, names = ?row.names, "a fault of Berth's own kept a certificate from being made");
        }
        let forget_order = failure.ends_order();
        let outcome = Outcome { error: error.clone(), next_attempt_at: next, failures, forget_order };
        let mut write = self.store().begin().await?;
        let rows = write.scoped(Scope(row.organisation));
        rows.keep_failure(row.id, &outcome).await?;
        if forget_order {
            rows.close_orders(row.id, false).await?;
        }
        // The same reason is told once, however often it is tried.
        if row.last_error.as_ref() != Some(&error) {
            info!(names = ?row.names, error, "a certificate could not be had");
            let told = format!("No certificate for {}: {error}", row.names.join(", "));
            write.record(of_berth(row, EventKind::CertificateFailed, told));
        }
        Ok(write.commit().await?)
    }

    pub(super) fn pause(&self, pace: Pace, failures: u32) -> TimeDelta {
        pause(pace, failures, rand::rng().random_range(0.0..1.0))
    }
}

impl From<crate::store::StoreError> for Failure {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Fault(Error::from(error))
    }
}
