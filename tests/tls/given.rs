//! Certificates that no authority is asked for.

use crate::fixture::Secure;
use berth_domain::certificate::{CertificateOrigin, CertificateView};
use berth_tests::{
    acme::{Manners, made_for},
    prelude::*,
    verbs,
};

/// A host of this machine alone answers over HTTPS with a certificate that Berth made itself.
#[tokio::test]
async fn a_localhost_name_answers_over_https_by_itself() -> Result<()> {
    let secure = Secure::start(Manners::default()).await?;
    let host = verbs::host(&secure.owner.service(&secure.web).await?)?;
    let one = eventually("its certificate serves", || async {
        let one = secure.certificate(&host, CertificateOrigin::SelfSigned).await?;
        ensure!(one.serves, "{one:?}");
        Ok(one)
    })
    .await?;
    let root = secure.owner.get(&format!("/certificates/{}/chain", one.id.0)).await?.text;
    secure.answers_by(&host, "one", &root).await?;
    ensure!(secure.pebble.orders()? == 0, "{} orders", secure.pebble.orders()?);
    Ok(())
}

/// R-TLS-5: an uploaded certificate serves at once; what does not fit is refused in words.
#[tokio::test]
async fn r_tls_5_an_uploaded_certificate_serves_and_a_wrong_key_is_refused() -> Result<()> {
    let secure = Secure::start(Manners::default()).await?;
    let host = "intranet.example.net";
    secure.add(host).await?;
    let ((chain, key), (_, other)) = (made_for(host)?, made_for(host)?);
    let wrong = json!({ "chain": chain, "key": other });
    let refused = secure.owner.post("/certificates", wrong).await?.refuses_field("key")?;
    ensure!(refused.message.contains("does not belong"), "{refused:?}");
    let right = json!({ "chain": chain, "key": key });
    let taken: CertificateView = secure.owner.post("/certificates", right).await?.ok()?;
    ensure!(taken.names == [host] && taken.origin == CertificateOrigin::Uploaded, "{taken:?}");
    secure.answers_by(host, "one", &chain).await?;
    secure.owner.delete(&format!("/certificates/{}", taken.id.0), Value::Null).await?.done()?;
    eventually("it serves no more", || async {
        let all: Vec<CertificateView> = secure.owner.get("/certificates").await?.ok()?;
        ensure!(all.iter().all(|one| one.id != taken.id), "{all:?}");
        Ok(())
    })
    .await
}
