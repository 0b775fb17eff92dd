//! R-GIT-1, R-GIT-2, R-SEC-8: calls of git hosts, from the raw request to the queue.

use super::*;
use crate::{front::IncomingWebhook, store::scratch::engines};
use berth_domain::{
    deployment::{Cause, Status},
    event::EventQuery,
    ids::ServiceId,
    page::PageQuery,
    service::{ServiceSettings, UpdateService},
    source::{ImageSource, Source},
    webhook::{DeliveryView, Provider, Verdict, WatchPaths},
};
use futures::future::join_all;
use hmac::{Hmac, Mac};
use sha2::Sha256;

const ONE: &str = "1111111111111111111111111111111111111111";
const TWO: &str = "2222222222222222222222222222222222222222";

fn push(commit: &str) -> String {
    format!("{{\"ref\": \"refs/heads/main\", \"after\": \"{commit}\"}}")
}

fn sign(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

fn call(service: ServiceId, headers: &[(&str, &str)], body: &str) -> IncomingWebhook {
    IncomingWebhook {
        service,
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        token: None,
        body: Some(bytes::Bytes::copy_from_slice(body.as_bytes())),
        address: Some("198.51.100.3".into()),
    }
}

struct Hooked {
    engine: Engine,
    acting: Acting,
    service: ServiceView,
    secret: String,
}

impl Hooked {
    async fn new(engine: Engine) -> Self {
        let acting = owner(&engine).await;
        project(&acting, "shop").await;
        let service = service(&acting, "shop/production/web").await;
        let made = acting.rotate_webhook_secret(&service.path).await.unwrap();
        assert_eq!(made.url, format!("http://localhost:3000/hooks/{}", service.id));
        assert_eq!(made.secret.len(), 64);
        Self { engine, acting, service, secret: made.secret }
    }

    async fn github(&self, delivery: &str, body: &str) -> DeliveryView {
        let signature = sign(&self.secret, body);
        let headers = [
            ("x-github-event", "push"),
            ("x-github-delivery", delivery),
            ("x-hub-signature-256", signature.as_str()),
        ];
        self.engine.receive_webhook(call(self.service.id, &headers, body)).await.unwrap()
    }

    async fn unsigned(&self, delivery: &str, signature: &str) -> Result<DeliveryView> {
        let headers = [("x-github-delivery", delivery), ("x-hub-signature-256", signature)];
        self.engine.receive_webhook(call(self.service.id, &headers, &push(ONE))).await
    }

    async fn deployments(&self) -> Vec<(u64, Status)> {
        let page = self.acting.deployments(&self.service.path, PageQuery::default()).await.unwrap();
        page.items.into_iter().map(|d| (d.number, d.status)).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_push_is_queued_once_however_often_it_comes() {
    engines(async |engine| {
        let hooked = Hooked::new(engine).await;
        let body = push(ONE);
        let copies = join_all((0..10).map(|_| hooked.github("d1", &body))).await;
        assert!(copies.iter().all(|copy| copy.verdict == Verdict::Queued && copy.id == copies[0].id));
        assert_eq!(hooked.deployments().await, [(1, Status::Queued)]);
        let first = hooked.github("d1", &body).await;
        assert_eq!((first.deployment, first.reason.as_str()), (Some(1), "Deployment #1 was queued."));
        let queued = hooked.acting.deployment(&hooked.service.path, 1).await.unwrap();
        assert_eq!((queued.cause, queued.actor.as_str()), (Cause::Push, "webhook"));

        let same = hooked.github("d2", &body).await;
        assert_eq!(same.verdict, Verdict::Ignored);
        assert_eq!(same.reason, "This commit is queued already, as deployment #1.");
        assert_eq!(hooked.github("d3", &push(TWO)).await.deployment, Some(2));
        assert_eq!(
            hooked.github("d4", &body).await.deployment,
            Some(3),
            "a push back to an older commit counts"
        );
        let events = hooked
            .acting
            .events(EventQuery { kind: Some("webhook.received".into()), ..EventQuery::default() });
        assert_eq!(events.await.unwrap().items.len(), 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_generic_form_deploys_as_well() {
    engines(async |engine| {
        let hooked = Hooked::new(engine).await;
        let body = format!("{{\"branch\": \"main\", \"commit\": \"{ONE}\"}}");
        let signature = sign(&hooked.secret, &body);
        let headers = [("x-berth-signature", signature.as_str())];
        let told = hooked.engine.receive_webhook(call(hooked.service.id, &headers, &body)).await.unwrap();
        assert_eq!((told.verdict, told.deployment, told.event.as_str()), (Verdict::Queued, Some(1), "push"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_sec_8_a_call_that_is_not_the_hosts_is_rejected_and_does_not_take_its_place() {
    engines(async |engine| {
        let hooked = Hooked::new(engine).await;
        let wrong = hooked.unsigned("d1", "sha256=00").await.unwrap();
        assert_eq!((wrong.verdict, wrong.reason.as_str()), (Verdict::Rejected, "The signature is wrong."));
        assert!(wrong.status == 401 && !wrong.can_replay);
        let right = sign(&hooked.secret, "another body");
        assert_eq!(hooked.unsigned("d1", &right).await.unwrap().verdict, Verdict::Rejected);
        let bare = hooked.engine.receive_webhook(call(hooked.service.id, &[], &push(ONE))).await.unwrap();
        assert_eq!(bare.reason, "The call is not signed.");
        assert_eq!(hooked.github("d1", &push(ONE)).await.verdict, Verdict::Queued);

        let silent = service(&hooked.acting, "shop/production/silent").await;
        let unset = hooked.engine.receive_webhook(call(silent.id, &[], "{}")).await.unwrap();
        assert_eq!(unset.reason, "No secret is set for this webhook.");
        let unknown = call(ServiceId(uuid::Uuid::now_v7()), &[], "{}");
        assert_eq!(kind(hooked.engine.receive_webhook(unknown).await), ProblemKind::NotFound);

        let rotated = hooked.acting.rotate_webhook_secret(&hooked.service.path).await.unwrap();
        assert_ne!(rotated.secret, hooked.secret);
        assert_eq!(
            hooked.github("d9", &push(TWO)).await.verdict,
            Verdict::Rejected,
            "the former secret still works"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_cannot_fill_the_store() {
    engines(async |engine| {
        let hooked = Hooked::new(engine).await;
        let big = IncomingWebhook { body: None, ..call(hooked.service.id, &[], "") };
        let told = hooked.engine.receive_webhook(big).await.unwrap();
        assert_eq!(
            (told.verdict, told.status, told.reason.as_str()),
            (Verdict::Rejected, 413, "The body has more than 25 MiB.")
        );
        let mut turned_away = 0;
        for _ in 0..40 {
            if let Err(error) = hooked.unsigned("d", "sha256=00").await {
                assert_eq!(error.problem().kind, ProblemKind::TooMany);
                turned_away += 1;
            }
        }
        assert_eq!(turned_away, 11);
        assert_eq!(hooked.github("d1", &push(ONE)).await.verdict, Verdict::Queued);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_delivery_is_shown_newest_first_in_pages() {
    engines(async |engine| {
        let hooked = Hooked::new(engine).await;
        for i in 0..5 {
            hooked.github(&format!("d{i}"), "{\"ref\": \"refs/tags/v1\"}").await;
        }
        let path = &hooked.service.path;
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let query = PageQuery { after, limit: Some(2), search: None };
            let page = hooked.acting.deliveries(path, query).await.unwrap();
            seen.extend(page.items.into_iter().filter_map(|d| d.delivery));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["d4", "d3", "d2", "d1", "d0"]);
        let view = hooked.acting.webhook(path).await.unwrap();
        assert!(view.secret_set && view.deliveries.len() == 5);
        let bad = PageQuery { after: Some("x".into()), ..PageQuery::default() };
        assert_eq!(kind(hooked.acting.deliveries(path, bad).await), ProblemKind::Invalid);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_git_1_a_delivery_is_replayed_through_the_same_decision() {
    engines(async |engine| {
        let hooked = Hooked::new(engine).await;
        let path = &hooked.service.path;
        let first = hooked.github("d1", &push(ONE)).await;
        assert!(first.can_replay && first.status == 202);
        let same = hooked.acting.replay_delivery(path, first.id).await.unwrap();
        assert_eq!((same.verdict, same.status, same.replay_of), (Verdict::Ignored, 200, Some(first.id)));
        assert_eq!(same.reason, "This commit is queued already, as deployment #1.");

        hooked.acting.cancel_deployment(path, 1).await.unwrap();
        let again = hooked.acting.replay_delivery(path, same.id).await.unwrap();
        assert_eq!((again.verdict, again.deployment), (Verdict::Queued, Some(2)));
        assert_eq!(again.replay_of, Some(first.id), "a replay of a replay is one of the first");
        assert_ne!(hooked.acting.deployment(path, 2).await.unwrap().actor, "webhook", "who replays deploys");
        let events = EventQuery { kind: Some("webhook.replayed".into()), ..EventQuery::default() };
        assert_eq!(hooked.acting.events(events).await.unwrap().items.len(), 2);

        let settings = ServiceSettings { auto_deploy: false, ..ServiceSettings::default() };
        let update = UpdateService { settings: Some(settings), ..UpdateService::default() };
        hooked.acting.update_service(path, update).await.unwrap();
        let off = hooked.acting.replay_delivery(path, first.id).await.unwrap();
        assert_eq!(off.reason, "Automatic deployments are switched off.", "as the service is now");

        let unreadable = hooked.github("d2", "not json").await;
        assert_eq!((unreadable.status, unreadable.can_replay), (400, false));
        assert_eq!(hooked.github("d2", "not json").await.id, unreadable.id, "it is judged once");
        assert_eq!(kind(hooked.acting.replay_delivery(path, unreadable.id).await), ProblemKind::Conflict);
        let none = berth_domain::ids::DeliveryId(uuid::Uuid::now_v7());
        assert_eq!(kind(hooked.acting.replay_delivery(path, none).await), ProblemKind::NotFound);
        let other = service(&hooked.acting, "shop/production/other").await;
        let of_other = hooked.acting.replay_delivery(&other.path, first.id).await;
        assert_eq!(kind(of_other), ProblemKind::NotFound, "a delivery belongs to its service");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_sec_8_the_address_for_a_registry_deploys_the_image_and_nothing_else() {
    engines(async |engine| {
        let hooked = Hooked::new(engine).await;
        let made = hooked.acting.rotate_webhook_secret(&hooked.service.path).await.unwrap();
        let (_, token) = made.registry_url.split_once("?token=").unwrap();
        assert!(made.signing_token.starts_with("whsec_") && !made.registry_url.contains(&made.secret));
        let with_token = |body: &str| IncomingWebhook {
            token: Some(token.to_owned()),
            ..call(hooked.service.id, &[], body)
        };
        let told = hooked.engine.receive_webhook(with_token("{\"image\": \"a/b:1\"}")).await.unwrap();
        assert_eq!((told.verdict, told.provider), (Verdict::Ignored, Some(Provider::Registry)));
        let forged = hooked.engine.receive_webhook(with_token(&push(ONE))).await.unwrap();
        assert_eq!(
            (forged.verdict, forged.status),
            (Verdict::Rejected, 400),
            "a push is nothing that it says"
        );

        let source = Source::Image(ImageSource { reference: "a/b:1".into() });
        let update = UpdateService { source: Some(source), ..UpdateService::default() };
        hooked.acting.update_service(&hooked.service.path, update).await.unwrap();
        let told = hooked.engine.receive_webhook(with_token("{\"image\": \"a/b:1\"}")).await.unwrap();
        assert_eq!((told.verdict, told.deployment), (Verdict::Queued, Some(1)));
        let wrong = IncomingWebhook { token: Some("x".into()), ..with_token("{}") };
        assert_eq!(hooked.engine.receive_webhook(wrong).await.unwrap().status, 401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_git_3_a_push_that_cannot_be_compared_deploys_and_says_so() {
    engines(async |engine| {
        let hooked = Hooked::new(engine).await;
        let watch = WatchPaths { include: vec!["apps/web".into()], exclude: vec![] };
        let settings = ServiceSettings { watch, ..ServiceSettings::default() };
        let update = UpdateService { settings: Some(settings), ..UpdateService::default() };
        hooked.acting.update_service(&hooked.service.path, update).await.unwrap();
        let new = hooked.github("d1", &push(ONE)).await;
        assert_eq!(new.reason, "Deployment #1 was queued: the branch is new, or its history was rewritten.");
        let body = format!("{{\"ref\": \"refs/heads/main\", \"before\": \"{ONE}\", \"after\": \"{TWO}\"}}");
        let away = hooked.github("d2", &body).await;
        assert_eq!((away.verdict, away.deployment), (Verdict::Queued, Some(2)));
        assert!(away.reason.contains("which files changed is not known ("), "{}", away.reason);

        let bad = WatchPaths { include: vec!["a/{b".into()], exclude: vec![] };
        let refused = hooked.acting.try_watch_paths(&hooked.service.path, bad.clone()).await;
        assert_eq!(kind(refused), ProblemKind::Invalid);
        let settings = ServiceSettings { watch: bad, ..ServiceSettings::default() };
        let update = UpdateService { settings: Some(settings), ..UpdateService::default() };
        assert_eq!(
            kind(hooked.acting.update_service(&hooked.service.path, update).await),
            ProblemKind::Invalid
        );
    })
    .await;
}
