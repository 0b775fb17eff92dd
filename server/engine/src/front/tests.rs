//! Accounts, sessions and tokens, on both databases.

use super::*;
use crate::{
    Actor, Config, Engine, Error, Result,
    store::{
        Scope,
        scratch::{engines, on_both},
    },
};
use berth_domain::{
    account::{ChangePassword, Claim, CreateToken, SignIn},
    event::{EventKind, EventQuery},
    permission::Role,
    problem::ProblemKind,
};
use std::os::unix::fs::PermissionsExt;

mod tokens;

const EMAIL: &str = "owner@example.org";
const PASSWORD: &str = "correct horse battery";

fn from(address: &str) -> Origin {
    Origin { address: Some(address.into()), user_agent: "a browser".into(), is_secure: false }
}

fn setup_token(engine: &Engine) -> String {
    engine.setup_link().unwrap().split_once("token=").unwrap().1.to_owned()
}

fn claim_with(token: String) -> Claim {
    Claim { token, email: format!(" {} ", EMAIL.to_uppercase()), password: PASSWORD.into() }
}

async fn claimed(engine: &Engine) -> NewSession {
    engine.claim(claim_with(setup_token(engine)), from("10.0.0.1")).await.unwrap()
}

async fn actor(engine: &Engine, session: &NewSession) -> Actor {
    engine.authenticate_session(&session.cookie, &from("10.0.0.1")).await.unwrap().unwrap()
}

async fn sign_in(engine: &Engine, password: &str, address: &str) -> Result<NewSession> {
    let credentials = SignIn { email: EMAIL.into(), password: password.into() };
    engine.sign_in(credentials, from(address)).await
}

fn kind<T>(result: Result<T>) -> ProblemKind {
    match result {
        Err(Error::Problem(problem)) => problem.kind,
        Err(error) => panic!("a fault: {error:?}"),
        Ok(_) => panic!("it was done"),
    }
}

async fn events(engine: &Engine, actor: &Actor) -> Vec<EventKind> {
    let scoped = engine.parts.store.scoped(Scope(actor.organisation));
    let events = scoped.events(&EventQuery::default(), 200).await.unwrap();
    events.into_iter().map(|event| event.kind).rev().collect()
}

/// R-SEC-5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_claims_one_makes_the_owner_and_the_setup_is_over() {
    engines(async |engine| {
        let token = setup_token(&engine);
        let claims = (0..100).map(|i| {
            let claim = Claim { email: format!("{i}@example.org"), ..claim_with(token.clone()) };
            engine.claim(claim, from("10.0.0.1"))
        });
        let results = futures::future::join_all(claims).await;
        let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 99));
        assert!(lost.into_iter().all(|claim| kind(claim) == ProblemKind::Forbidden));
        let accounts = engine.admin_list_users().await.unwrap();
        assert_eq!((accounts.len(), accounts[0].role), (1, Role::Owner));
        assert!(engine.setup_link().is_none() && !engine.is_unclaimed().await.unwrap());
        assert!(!engine.config().data.join("setup-link").exists());
        assert_eq!(kind(engine.claim(claim_with(token), from("10.0.0.1")).await), ProblemKind::Forbidden);
    })
    .await;
}

/// R-SEC-5: two programs on one database, so that nothing but the database decides.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_berths_on_one_database_make_one_owner() {
    on_both(async |config: Config| {
        let (one, two) =
            (Engine::open(config.clone()).await.unwrap(), Engine::open(config.clone()).await.unwrap());
        let token = setup_token(&two);
        let claims = (0..10).map(|i| {
            let claim = Claim { email: format!("{i}@example.org"), ..claim_with(token.clone()) };
            if i % 2 == 0 { &one } else { &two }.claim(claim, from("10.0.0.1"))
        });
        let results = futures::future::join_all(claims).await;
        assert_eq!(results.iter().filter(|claim| claim.is_ok()).count(), 1);
        assert_eq!(one.admin_list_users().await.unwrap().len(), 1);
    })
    .await;
}

/// R-SEC-5
#[tokio::test]
async fn a_claim_needs_the_token_and_a_restart_keeps_it() {
    on_both(async |config: Config| {
        let engine = Engine::open(config.clone()).await.unwrap();
        let file = config.data.join("setup-link");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let link = engine.setup_link().unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap().trim(), link);
        let wrong = claim_with("not the token".into());
        assert_eq!(kind(engine.claim(wrong, from("10.0.0.1")).await), ProblemKind::Forbidden);
        assert_eq!(
            kind(engine.claim(claim_with(String::new()), from("10.0.0.1")).await),
            ProblemKind::Forbidden
        );
        let weak = Claim { password: "short".into(), ..claim_with(setup_token(&engine)) };
        assert_eq!(kind(engine.claim(weak, from("10.0.0.1")).await), ProblemKind::Invalid);
        let moved = Config { public_url: "https://berth.example.org/".into(), ..config.clone() };
        let again = Engine::open(moved).await.unwrap().setup_link().unwrap();
        assert!(again.starts_with("https://berth.example.org/setup?token="));
        assert_eq!(
            again.split_once("token="),
            link.split_once("token=").map(|(_, t)| (again.split_once("token=").unwrap().0, t))
        );
        claimed(&engine).await;
        let restarted = Engine::open(config).await.unwrap();
        assert!(restarted.setup_link().is_none() && !file.exists());
    })
    .await;
}

#[tokio::test]
async fn a_session_is_known_until_it_is_ended() {
    engines(async |engine| {
        let owner = actor(&engine, &claimed(&engine).await).await;
        let session = sign_in(&engine, PASSWORD, "10.0.0.2").await.unwrap();
        let second = actor(&engine, &session).await;
        assert_eq!((second.role, second.name.as_str()), (Role::Owner, EMAIL));
        let me = engine.acting_as(&second).me().await.unwrap();
        assert_eq!((me.email.as_str(), me.organisation.as_str()), (EMAIL, "Berth"));
        let sessions = engine.acting_as(&second).sessions().await.unwrap();
        assert_eq!(sessions.iter().map(|s| s.current).filter(|current| *current).count(), 1);
        assert_eq!(sessions.len(), 2);
        engine.acting_as(&second).sign_out().await.unwrap();
        engine.acting_as(&second).sign_out().await.unwrap();
        assert!(engine.authenticate_session(&session.cookie, &from("10.0.0.2")).await.unwrap().is_none());
        let third = sign_in(&engine, PASSWORD, "10.0.0.2").await.unwrap();
        engine.acting_as(&owner).sign_out_everywhere().await.unwrap();
        assert!(engine.authenticate_session(&third.cookie, &from("10.0.0.2")).await.unwrap().is_none());
        let expected = [
            EventKind::OrganisationClaimed,
            EventKind::SignedIn,
            EventKind::SignedOut,
            EventKind::SignedIn,
            EventKind::SignedOutEverywhere,
        ];
        assert_eq!(events(&engine, &owner).await, expected);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_secret_of_ours_is_nobody() {
    engines(async |engine| {
        let session = claimed(&engine).await;
        let origin = from("10.0.0.1");
        for wrong in ["", "x", &"a".repeat(43), &"a".repeat(10_000), &format!("{}'", session.cookie)] {
            assert!(engine.authenticate_session(wrong, &origin).await.unwrap().is_none());
            assert!(engine.authenticate_token(wrong, &origin).await.unwrap().is_none());
            assert!(engine.authenticate_token(&format!("berth_{wrong}"), &origin).await.unwrap().is_none());
        }
        assert!(engine.authenticate_token(&session.cookie, &origin).await.unwrap().is_none());
    })
    .await;
}

/// R-SEC-7
#[tokio::test]
async fn a_new_password_ends_every_session_and_token() {
    engines(async |engine| {
        let first = claimed(&engine).await;
        let owner = actor(&engine, &first).await;
        let second = sign_in(&engine, PASSWORD, "10.0.0.2").await.unwrap();
        let token = CreateToken { name: "ci".into(), role: Role::Admin, expires_in_days: None };
        let token = engine.acting_as(&owner).create_token(token).await.unwrap();
        let origin = from("10.0.0.1");
        assert!(engine.authenticate_token(&token.secret, &origin).await.unwrap().is_some());
        let change = |current: &str, new: &str| ChangePassword { current: current.into(), new: new.into() };
        let acting = engine.acting_as(&owner);
        let wrong = acting.change_password(change("wrong", "another password")).await;
        assert_eq!(kind(wrong), ProblemKind::Invalid);
        assert_eq!(kind(acting.change_password(change(PASSWORD, "short")).await), ProblemKind::Invalid);
        acting.change_password(change(PASSWORD, "another password")).await.unwrap();
        for session in [&first, &second] {
            assert!(engine.authenticate_session(&session.cookie, &origin).await.unwrap().is_none());
        }
        assert!(engine.authenticate_token(&token.secret, &origin).await.unwrap().is_none());
        assert_eq!(kind(sign_in(&engine, PASSWORD, "10.0.0.3").await), ProblemKind::Unauthenticated);
        sign_in(&engine, "another password", "10.0.0.3").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn guessing_is_slowed_down_and_is_told() {
    engines(async |engine| {
        let owner = actor(&engine, &claimed(&engine).await).await;
        for _ in 0..5 {
            let guess = sign_in(&engine, "a wrong password", "10.0.0.9").await;
            assert_eq!(kind(guess), ProblemKind::Unauthenticated);
        }
        assert_eq!(kind(sign_in(&engine, PASSWORD, "10.0.0.9").await), ProblemKind::TooMany);
        sign_in(&engine, PASSWORD, "10.0.0.1").await.expect("the owner comes in from elsewhere");
        let stranger = SignIn { email: "hunter2 is my password".into(), password: PASSWORD.into() };
        let refused = engine.sign_in(stranger, from("10.0.0.8")).await;
        assert_eq!(kind(refused), ProblemKind::Unauthenticated);
        let failures = events(&engine, &owner).await;
        assert_eq!(failures.iter().filter(|kind| **kind == EventKind::SignInFailed).count(), 6);
        let scoped = engine.parts.store.scoped(Scope(owner.organisation));
        let told = scoped.events(&EventQuery::default(), 200).await.unwrap();
        assert!(
            told.iter().all(|event| !event.message.contains("hunter2") && !event.actor.contains("hunter2"))
        );
    })
    .await;
}

#[tokio::test]
async fn the_operator_helps_with_the_panel_stopped() {
    on_both(async |config: Config| {
        let engine = Engine::open(config.clone()).await.unwrap();
        assert_eq!(kind(engine.admin_add_user("a@example.org", Role::Viewer).await), ProblemKind::Conflict);
        let session = claimed(&engine).await;
        drop(engine);
        let stopped = Engine::open(config.clone()).await.unwrap();
        assert_eq!(kind(stopped.admin_reset_password("nobody@example.org").await), ProblemKind::NotFound);
        let password = stopped.admin_reset_password("Owner@Example.org").await.unwrap();
        let added = stopped.admin_add_user("Viewer@example.org", Role::Viewer).await.unwrap();
        assert_eq!(
            kind(stopped.admin_add_user("viewer@example.org", Role::Owner).await),
            ProblemKind::Conflict
        );
        drop(stopped);
        let engine = Engine::open(config).await.unwrap();
        assert!(engine.authenticate_session(&session.cookie, &from("10.0.0.1")).await.unwrap().is_none());
        let owner = actor(&engine, &sign_in(&engine, &password, "10.0.0.1").await.unwrap()).await;
        let credentials = SignIn { email: "viewer@example.org".into(), password: added };
        let viewer = actor(&engine, &engine.sign_in(credentials, from("10.0.0.1")).await.unwrap()).await;
        assert_eq!(viewer.role, Role::Viewer);
        let told = events(&engine, &owner).await;
        assert!(told.contains(&EventKind::PasswordChanged) && told.contains(&EventKind::MemberAdded));
    })
    .await;
}

/// R-SEC-3: nothing that a person can read holds a secret, nor what is stored of it.
#[tokio::test]
async fn no_view_and_no_event_shows_a_secret() {
    engines(async |engine| {
        let session = claimed(&engine).await;
        let owner = actor(&engine, &session).await;
        let acting = engine.acting_as(&owner);
        let token = CreateToken { name: "ci".into(), role: Role::Viewer, expires_in_days: Some(7) };
        let token = acting.create_token(token).await.unwrap();
        let scoped = engine.parts.store.scoped(Scope(owner.organisation));
        let shown = serde_json::json!([
            acting.me().await.unwrap(),
            acting.sessions().await.unwrap(),
            acting.tokens().await.unwrap(),
            scoped.events(&EventQuery::default(), 200).await.unwrap(),
            format!("{owner:?} {:?}", engine.admin_list_users().await.unwrap()),
        ])
        .to_string();
        let hashes = [secrets::hash(&session.cookie), secrets::hash(&token.secret)];
        let account = engine.parts.store.account_by_email(EMAIL).await.unwrap().unwrap();
        let canaries =
            [&session.cookie, &token.secret, PASSWORD, &hashes[0], &hashes[1], &account.password_hash];
        for canary in canaries {
            assert!(!shown.contains(canary), "{canary} in {shown}");
        }
    })
    .await;
}
