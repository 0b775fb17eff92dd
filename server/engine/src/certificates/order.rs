//! One order at one authority. Whatever cuts it off, the row says where to go on: the order's address and the sealed key
//! are written down before anything is asked for with them.

use std::time::Duration;

use berth_domain::ids::CertificateId;
use tracing::info;

use crate::{
    Engine, Result,
    acme::{AcmeError, Authority, Order, Stage},
    store::{CertificateRow, Issued, OpenOrder, OrderRow, Scope},
    vault::{Row, Secret},
};

use super::{
    account::sealing,
    budget::{self, LONGEST, Limits, Pace, may_begin},
    failure::Failure,
    inspect::{fresh_key, inspect, self_signed, signing_request},
    pause::pause_for_a_test,
    proof::Proven,
    round::fault,
};

/// How often the same is said again when the authority asks for that.
const REPEATS: u32 = 12;

/// The one instant at which the authority has an order that is written down nowhere here.
const OPENED: &str = "write down the order";

impl Engine {
    /// Gets a certificate from one authority; an order that is open there is gone on with.
    pub(super) async fn obtain_at(
        &self,
        authority: &Authority,
        row: &CertificateRow,
        open: Option<OpenOrder>,
    ) -> std::result::Result<Issued, Failure> {
        let resumes = open.is_some();
        if !resumes {
            self.may_certify(authority, row).await?;
            self.begin(authority, row).await?;
        }
        let mut order = open;
        let mut repeats = 0;
        loop {
            match self.follow(authority, row, &mut order).await {
                Err(Failure::Authority(AcmeError::Fleeting(_))) if repeats < REPEATS => repeats += 1,
                Err(Failure::Authority(AcmeError::NoAccount(why))) if repeats < REPEATS => {
                    info!(why, "the authority does not know the account; another one is made");
                    self.renew_account(row.organisation, authority).await?;
                    (order, repeats) = (None, REPEATS);
                }
                Err(Failure::Order(why)) if resumes => return Err(Failure::CutOff(why)),
                outcome => return outcome,
            }
        }
    }

    /// Takes an order out of the budget, before the authority hears of it.
    async fn begin(&self, authority: &Authority, row: &CertificateRow) -> std::result::Result<(), Failure> {
        pause_for_a_test("write down that an attempt begins").await;
        // Two attempts never take the same last order.
        let _alone = self.parts.tls.counting.lock().await;
        let now = self.now();
        let name = row.names.first().map(String::as_str).unwrap_or_default();
        let new = OrderRow {
            certificate: row.id,
            registered: budget::registered(name),
            renewal: row.issued.is_some(),
            given: None,
            begun_at: now,
        };
        let again = now + self.pause(Pace::Free, row.failures + 1);
        let write = self.store().begin().await?;
        let rows = write.scoped(Scope(row.organisation));
        let orders = rows.orders_since(&authority.directory, now - LONGEST).await?;
        may_begin(&Limits::of(self.config()), &orders, &new).map_err(Failure::Budget)?;
        rows.forget_orders(now - LONGEST).await?;
        rows.insert_order(&authority.directory, &new).await?;
        rows.begin_attempt(row.id, again).await?;
        Ok(write.commit().await?)
    }

    /// Goes on with the order, or opens one, up to the certificate.
    async fn follow(
        &self,
        authority: &Authority,
        row: &CertificateRow,
        known: &mut Option<OpenOrder>,
    ) -> std::result::Result<Issued, Failure> {
        let account = self.account(row.organisation, authority).await?;
        let place = Row::new("certificates", row.id.0, "sealed_order_key");
        let (mut order, key) = match known {
            Some(open) => {
                let key = self.vault().unseal(&place, &open.sealed_key).map_err(sealing)?;
                let order = account.resume(&open.url).await.map_err(|error| match error {
                    AcmeError::Refused(why) => Failure::Order(format!("the order is gone: {why}")),
                    error => Failure::Authority(error),
                })?;
                (order, key)
            }
            None => {
                pause_for_a_test("open the order").await;
                let order = account.order(&row.names).await?;
                let key = fresh_key().map_err(fault)?;
                let sealed_key = self.vault().seal(&place, key.expose()).map_err(sealing)?;
                let directory = Some(authority.directory.clone());
                let open = OpenOrder { directory, url: order.url().to_owned(), sealed_key };
                pause_for_a_test(OPENED).await;
                self.keep_order(row, &open).await?;
                *known = Some(open);
                (order, key)
            }
        };
        let mut proven = Proven::default();
        let chain = self.complete(&mut order, row, &key, &mut proven).await;
        proven.take_back().await;
        self.looked_at(row.id, chain?, &key)
    }

    async fn keep_order(&self, row: &CertificateRow, open: &OpenOrder) -> Result<()> {
        let write = self.store().begin().await?;
        write.scoped(Scope(row.organisation)).keep_order(row.id, open).await?;
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
}
