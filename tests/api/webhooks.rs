//! Webhook deliveries: each is judged, stored with its verdict, and answered with the status that fits.

use berth_tests::{
    prelude::*,
    verbs::{self, git},
    webhook::{Delivery, push_payload},
};

const COMMIT: &str = "1111111111111111111111111111111111111111";

/// A service from git whose branch is `main`, and its webhook.
async fn fixture(berth: &Berth) -> Result<(Client, ServicePath, String, String)> {
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    owner.create_service(&web, git("http://127.0.0.1:9/site.git"), json!({})).await?;
    let hook = owner.webhook(&web).await?;
    ensure!(hook.secret.len() >= 20, "the secret is long");
    Ok((owner, web, hook.url, hook.secret))
}

/// The newest stored delivery: verdict and reason.
async fn newest(owner: &Client, web: &ServicePath) -> Result<(String, String)> {
    let page: Value = owner.get(&format!("{}/webhook/deliveries", verbs::of(web))).await?.ok()?;
    let newest = &page["items"][0];
    let text = |key: &str| newest[key].as_str().unwrap_or_default().to_owned();
    Ok((text("verdict"), text("reason")))
}

both_databases! {
    /// R-GIT-1: a signed push to the branch queues a deployment and says so.
    async fn r_git_1_a_push_to_the_branch_queues_a_deployment(berth) {
        let (owner, web, url, secret) = fixture(&berth).await?;
        let answer = Delivery::push("main", COMMIT, "Change the title", &secret).send(&berth.anonymous()?, &url).await?;
        ensure!(answer.status == 202, "{answer:?}");
        ensure!(newest(&owner, &web).await?.0 == "queued");
        let deployments = owner.deployments(&web).await?;
        ensure!(deployments.len() == 1 && deployments[0].cause.as_str() == "push", "{deployments:?}");
        ensure!(deployments[0].actor == "webhook", "{deployments:?}");
        Ok(())
    }

    /// R-SEC-8: without the right signature over the raw body nothing happens, and the delivery is on record.
    async fn r_sec_8_a_wrong_signature_is_rejected(berth) {
        let (owner, web, url, secret) = fixture(&berth).await?;
        let nobody = berth.anonymous()?;
        let right = Delivery::push("main", COMMIT, "Change", &secret);
        let tampered = Delivery { body: push_payload("main", &"2".repeat(40), "Other").to_string().into(), ..right.clone() };
        for wrong in [
            Delivery { signature: None, ..right.clone() },
            Delivery { signature: Some("sha256=00".into()), ..right.clone() },
            Delivery { signature: Some(String::new()), ..right.clone() },
            Delivery::push("main", COMMIT, "Change", "another secret"),
            tampered,
        ] {
            let answer = wrong.send(&nobody, &url).await?;
            ensure!(answer.status == 401, "{answer:?}");
            let (verdict, reason) = newest(&owner, &web).await?;
            ensure!(verdict == "rejected" && !reason.is_empty(), "{verdict}: {reason}");
        }
        ensure!(owner.deployments(&web).await?.is_empty(), "a deployment was queued");
        Ok(())
    }

    /// R-GIT-2: the same delivery, or the same commit again, deploys once.
    async fn r_git_2_a_replayed_delivery_deploys_once(berth) {
        let (owner, web, url, secret) = fixture(&berth).await?;
        let nobody = berth.anonymous()?;
        let push = Delivery::push("main", COMMIT, "Change", &secret);
        push.send(&nobody, &url).await?.done()?;
        let again = push.send(&nobody, &url).await?;
        ensure!(again.status.is_success(), "a replay is no fault of the host: {again:?}");
        ensure!(owner.deployments(&web).await?.len() == 1, "the replay deployed again");
        Ok(())
    }

    /// R-GIT-1: every reason to do nothing is told in words with status 200.
    async fn r_git_1_what_asks_for_no_deployment_is_ignored_with_its_reason(berth) {
        let (owner, web, url, secret) = fixture(&berth).await?;
        let nobody = berth.anonymous()?;
        let mut tag = push_payload("main", COMMIT, "Tag");
        tag["ref"] = "refs/tags/v1".into();
        for (delivery, word) in [
            (Delivery::signed("ping", &json!({ "zen": "Keep it small." }), &secret), "reach"),
            (Delivery::push("develop", COMMIT, "Other branch", &secret), "develop"),
            (Delivery::push("main", &"0".repeat(40), "Deleted", &secret), "delet"),
            (Delivery::push("main", COMMIT, "Fix a typo [skip ci]", &secret), "skip"),
            (Delivery::signed("push", &tag, &secret), "not a branch"),
            (Delivery::signed("issues", &json!({ "action": "opened" }), &secret), "issues"),
        ] {
            let answer = delivery.send(&nobody, &url).await?;
            ensure!(answer.status == 200, "{word}: {answer:?}");
            let (verdict, reason) = newest(&owner, &web).await?;
            ensure!(verdict == "ignored" && reason.to_lowercase().contains(word), "{word}: {verdict}: {reason}");
        }
        owner.patch(&verbs::of(&web), json!({ "settings": { "auto_deploy": false } })).await?.done()?;
        Delivery::push("main", COMMIT, "Change", &secret).send(&nobody, &url).await?.done()?;
        let (verdict, reason) = newest(&owner, &web).await?;
        ensure!(verdict == "ignored" && reason.to_lowercase().contains("deploy"), "{verdict}: {reason}");
        ensure!(owner.deployments(&web).await?.is_empty(), "a deployment was queued");
        Ok(())
    }

    /// R-GIT-1: what cannot be read is refused, and a signed one is on record.
    async fn r_git_1_what_cannot_be_read_is_rejected(berth) {
        let (owner, web, url, secret) = fixture(&berth).await?;
        let nobody = berth.anonymous()?;
        let body = b"not json".to_vec();
        let malformed = Delivery {
            event: "push".into(), id: "m".into(),
            signature: Some(berth_tests::webhook::signature(&secret, &body)), body,
        };
        let answer = malformed.send(&nobody, &url).await?;
        ensure!(answer.status == 400, "{answer:?}");
        ensure!(newest(&owner, &web).await?.0 == "rejected");

        let huge = Delivery { body: vec![b' '; (25 << 20) + 1], ..malformed };
        let answer = huge.send(&nobody, &url).await?;
        ensure!(answer.status == 413, "{answer:?}");
        let (verdict, reason) = newest(&owner, &web).await?;
        ensure!(verdict == "rejected" && reason.contains("25 MiB"), "{verdict}: {reason}");
        let nowhere = Delivery::push("main", COMMIT, "Change", &secret);
        let answer = nowhere.send(&nobody, &format!("/hooks/{}", uuid::Uuid::new_v4().simple())).await?;
        ensure!(answer.status == 404, "{answer:?}");
        ensure!(nowhere.send(&nobody, "/hooks/none").await?.status == 404);
        Ok(())
    }

    async fn a_fresh_secret_ends_the_old_one(berth) {
        let (owner, web, url, old) = fixture(&berth).await?;
        let fresh = owner.webhook(&web).await?;
        ensure!(fresh.secret != old && fresh.url == url);
        let nobody = berth.anonymous()?;
        let answer = Delivery::push("main", COMMIT, "Change", &old).send(&nobody, &url).await?;
        ensure!(answer.status == 401, "{answer:?}");
        let answer = Delivery::push("main", COMMIT, "Change", &fresh.secret).send(&nobody, &url).await?;
        ensure!(answer.status == 202, "{answer:?}");
        Ok(())
    }

    async fn the_generic_form_of_a_signature_works_too(berth) {
        let (owner, web, url, secret) = fixture(&berth).await?;
        let body = push_payload("main", COMMIT, "Change").to_string();
        let signature = berth_tests::webhook::signature(&secret, body.as_bytes());
        let path = url.split_once("/hooks/").context("the address")?.1.to_owned();
        let request = berth.anonymous()?.request(Method::POST, &format!("/hooks/{path}"))
            .header("content-type", "application/json")
            .header("x-berth-event", "push")
            .header("x-berth-signature", signature)
            .body(body);
        let answer = Answer::of(request).await?;
        ensure!(answer.status == 202, "{answer:?}");
        ensure!(newest(&owner, &web).await?.0 == "queued");
        Ok(())
    }
}
