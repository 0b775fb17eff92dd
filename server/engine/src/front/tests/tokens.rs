//! API tokens.

use super::*;
use crate::store::{TokenRow, now};
use berth_domain::account::CreatedToken;
use chrono::TimeDelta;

fn wanted(role: Role) -> CreateToken {
    CreateToken { name: "ci".into(), role, expires_in_days: Some(30) }
}

async fn token_of(engine: &Engine, owner: &Actor, role: Role) -> (CreatedToken, Actor) {
    let made = engine.acting_as(owner).create_token(wanted(role)).await.unwrap();
    let actor = engine.authenticate_token(&made.secret, &from("10.0.0.7")).await.unwrap().unwrap();
    (made, actor)
}

/// Somebody with a role below the owner's, signed in.
async fn member(engine: &Engine, email: &str, role: Role) -> Actor {
    let password = engine.admin_add_user(email, role).await.unwrap();
    let credentials = SignIn { email: email.into(), password };
    actor(engine, &engine.sign_in(credentials, from("10.0.0.3")).await.unwrap()).await
}

#[tokio::test]
async fn a_token_acts_with_its_role_until_it_is_revoked() {
    engines(async |engine| {
        let owner = actor(&engine, &claimed(&engine).await).await;
        let (made, program) = token_of(&engine, &owner, Role::Deployer).await;
        assert!(made.secret.starts_with("berth_"));
        assert_eq!((program.role, program.name.as_str()), (Role::Deployer, "ci"));
        assert_eq!(engine.acting_as(&program).me().await.unwrap().role, Role::Deployer);
        let listed = engine.acting_as(&owner).tokens().await.unwrap();
        assert!(listed.len() == 1 && listed[0].used_at.is_some());
        engine.acting_as(&owner).revoke_token(made.token.id).await.unwrap();
        assert!(engine.authenticate_token(&made.secret, &from("10.0.0.7")).await.unwrap().is_none());
        let again = engine.acting_as(&owner).revoke_token(made.token.id).await;
        assert_eq!(kind(again), ProblemKind::NotFound);
    })
    .await;
}

/// R-SEC-6: for every pair of roles, twice.
#[tokio::test]
async fn nobody_makes_a_token_above_their_own_role() {
    engines(async |engine| {
        claimed(&engine).await;
        for role in Role::ALL {
            let email = format!("one-{role}@example.org");
            let maker = member(&engine, &email, *role).await;
            for wish in Role::ALL.iter().flat_map(|wish| [*wish, *wish]) {
                let made = engine.acting_as(&maker).create_token(wanted(wish)).await;
                assert_eq!(made.is_ok(), wish <= *role, "{role} makes {wish}");
            }
        }
    })
    .await;
}

/// The token of somebody whose role was lowered is lowered with it.
#[tokio::test]
async fn a_token_is_never_above_the_present_role_of_its_maker() {
    engines(async |engine| {
        claimed(&engine).await;
        let maker = member(&engine, "viewer@example.org", Role::Viewer).await;
        let (secret, secret_hash) = new_token().unwrap();
        let view = engine.acting_as(&maker).create_token(wanted(Role::Viewer)).await.unwrap().token;
        let view =
            berth_domain::account::TokenView { id: uuid::Uuid::now_v7().into(), role: Role::Owner, ..view };
        let row =
            TokenRow { user: maker.user().unwrap(), organisation: maker.organisation, secret_hash, view };
        let write = engine.parts.store.begin().await.unwrap();
        write.insert_token(&row).await.unwrap();
        write.commit().await.unwrap();
        let program = engine.authenticate_token(&secret, &from("10.0.0.7")).await.unwrap().unwrap();
        assert_eq!(program.role, Role::Viewer);
    })
    .await;
}

#[tokio::test]
async fn a_token_runs_out() {
    engines(async |engine| {
        let owner = actor(&engine, &claimed(&engine).await).await;
        let (made, _) = token_of(&engine, &owner, Role::Viewer).await;
        let (secret, secret_hash) = new_token().unwrap();
        let mut view = made.token;
        view.id = uuid::Uuid::now_v7().into();
        view.expires_at = Some(now() - TimeDelta::seconds(1));
        let row =
            TokenRow { user: owner.user().unwrap(), organisation: owner.organisation, secret_hash, view };
        let write = engine.parts.store.begin().await.unwrap();
        write.insert_token(&row).await.unwrap();
        write.commit().await.unwrap();
        assert!(engine.authenticate_token(&secret, &from("10.0.0.7")).await.unwrap().is_none());
        engine.forget_expired_sessions().await.unwrap();
        assert_eq!(engine.acting_as(&owner).tokens().await.unwrap().len(), 1);
    })
    .await;
}

/// R-SEC-7: a stolen token cannot be made into a lasting account.
#[tokio::test]
async fn a_token_cannot_make_tokens_nor_touch_the_account() {
    engines(async |engine| {
        let owner = actor(&engine, &claimed(&engine).await).await;
        let (other, _) = token_of(&engine, &owner, Role::Viewer).await;
        let (own, program) = token_of(&engine, &owner, Role::Owner).await;
        let acting = engine.acting_as(&program);
        let change = ChangePassword { current: PASSWORD.into(), new: "another password".into() };
        assert_eq!(kind(acting.create_token(wanted(Role::Viewer)).await), ProblemKind::Forbidden);
        assert_eq!(kind(acting.change_password(change).await), ProblemKind::Forbidden);
        assert_eq!(kind(acting.sessions().await), ProblemKind::Forbidden);
        assert_eq!(kind(acting.sign_out_everywhere().await), ProblemKind::Forbidden);
        assert_eq!(kind(acting.revoke_token(other.token.id).await), ProblemKind::Forbidden);
        acting.sign_out().await.expect("a token may end itself");
        assert!(engine.authenticate_token(&own.secret, &from("10.0.0.7")).await.unwrap().is_none());
    })
    .await;
}

/// R-SEC-2: what belongs to somebody else is as unknown as what does not exist.
#[tokio::test]
async fn nobody_ends_what_is_somebody_elses() {
    engines(async |engine| {
        let owner = actor(&engine, &claimed(&engine).await).await;
        let (made, _) = token_of(&engine, &owner, Role::Viewer).await;
        let session = engine.acting_as(&owner).sessions().await.unwrap()[0].id;
        let other = engine.acting_as(&member(&engine, "admin@example.org", Role::Admin).await);
        assert_eq!(kind(other.revoke_token(made.token.id).await), ProblemKind::NotFound);
        assert_eq!(kind(other.end_session(session).await), ProblemKind::NotFound);
        assert_eq!(other.tokens().await.unwrap().len(), 0);
        assert_eq!(other.sessions().await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_token_has_a_name_and_a_term() {
    engines(async |engine| {
        let owner = actor(&engine, &claimed(&engine).await).await;
        let acting = engine.acting_as(&owner);
        let bad = [
            CreateToken { name: " ".into(), ..wanted(Role::Viewer) },
            CreateToken { name: "x".repeat(101), ..wanted(Role::Viewer) },
            CreateToken { name: "a\nb".into(), ..wanted(Role::Viewer) },
            CreateToken { expires_in_days: Some(0), ..wanted(Role::Viewer) },
            CreateToken { expires_in_days: Some(3_651), ..wanted(Role::Viewer) },
        ];
        for request in bad {
            assert_eq!(kind(acting.create_token(request).await), ProblemKind::Invalid);
        }
        assert_eq!(acting.tokens().await.unwrap().len(), 0);
    })
    .await;
}
