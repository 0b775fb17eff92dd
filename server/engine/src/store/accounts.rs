//! People, their sessions and their tokens.
//!
//! Who is asking is not known before these answer, so the first look-ups go without a scope and give the row's own.

use super::{
    Scope, Store, StoreResult, Write,
    entities::{members, meta, organisations, sessions, tokens, users},
    json::{At, clean},
    now,
};
use berth_domain::{
    account::TokenView,
    ids::{OrganisationId, SessionId, TokenId, UserId},
    permission::Role,
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

/// The fact that somebody has claimed this Berth; its key is unique, so it happens once.
const CLAIMED: &str = "claimed";

/// A member of an organisation, with what is needed to check a password.
#[derive(Clone)]
pub struct Account {
    pub user: UserId,
    pub email: String,
    pub password_hash: String,
    pub organisation: OrganisationId,
    pub role: Role,
    pub created_at: DateTime<Utc>,
}

/// A session as it is kept: without its secret.
#[derive(Debug, Clone)]
pub struct SessionRow {
    pub id: SessionId,
    pub user: UserId,
    pub organisation: OrganisationId,
    pub secret_hash: String,
    pub user_agent: String,
    pub address: String,
    pub created_at: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// A token as it is kept: without its secret.
#[derive(Debug, Clone)]
pub struct TokenRow {
    pub user: UserId,
    pub organisation: OrganisationId,
    pub secret_hash: String,
    pub view: TokenView,
}

impl Store {
    /// Whether somebody has claimed this Berth.
    pub async fn is_claimed(&self) -> StoreResult<bool> {
        Ok(self.meta(CLAIMED).await?.is_some())
    }

    /// The account with this address, which is in lower case.
    pub async fn account_by_email(&self, email: &str) -> StoreResult<Option<Account>> {
        let user = users::Entity::find().filter(users::Column::Email.eq(email)).one(&self.reads).await?;
        let Some(user) = user else { return Ok(None) };
        let member = members::Entity::find()
            .filter(members::Column::UserId.eq(user.id))
            .order_by_asc(members::Column::CreatedAt)
            .one(&self.reads)
            .await?;
        member.map(|member| account(user, member)).transpose()
    }

    /// A person as a member of an organisation.
    pub async fn account(&self, scope: Scope, user: UserId) -> StoreResult<Option<Account>> {
        let member = members::Entity::find()
            .filter(members::Column::OrganisationId.eq(scope.0.0))
            .filter(members::Column::UserId.eq(user.0))
            .one(&self.reads)
            .await?;
        let user = users::Entity::find_by_id(user.0).one(&self.reads).await?;
        user.zip(member).map(|(user, member)| account(user, member)).transpose()
    }

    /// Every account of every organisation; for the operator on the machine.
    pub async fn accounts(&self) -> StoreResult<Vec<Account>> {
        let people = users::Entity::find().order_by_asc(users::Column::CreatedAt).all(&self.reads).await?;
        let members = members::Entity::find().all(&self.reads).await?;
        let pairs = members.into_iter().filter_map(|member| {
            let user = people.iter().find(|user| user.id == member.user_id)?;
            Some(account(user.clone(), member))
        });
        pairs.collect()
    }

    /// The organisation that was made first, with its name.
    pub async fn first_organisation(&self) -> StoreResult<Option<(OrganisationId, String)>> {
        let first = organisations::Entity::find().order_by_asc(organisations::Column::CreatedAt);
        Ok(first.one(&self.reads).await?.map(|row| (row.id.into(), row.name)))
    }

    /// The name of an organisation.
    pub async fn organisation_name(&self, scope: Scope) -> StoreResult<Option<String>> {
        Ok(organisations::Entity::find_by_id(scope.0.0).one(&self.reads).await?.map(|row| row.name))
    }

    /// The session whose secret has this hash.
    pub async fn session_by_hash(&self, hash: &str) -> StoreResult<Option<SessionRow>> {
        let found = sessions::Entity::find().filter(sessions::Column::SecretHash.eq(hash));
        Ok(found.one(&self.reads).await?.map(session))
    }

    /// The token whose secret has this hash.
    pub async fn token_by_hash(&self, hash: &str) -> StoreResult<Option<TokenRow>> {
        let found = tokens::Entity::find().filter(tokens::Column::SecretHash.eq(hash));
        found.one(&self.reads).await?.map(token).transpose()
    }

    /// A person's sessions, the last used first.
    pub async fn sessions(&self, scope: Scope, user: UserId) -> StoreResult<Vec<SessionRow>> {
        let rows = sessions::Entity::find()
            .filter(sessions::Column::OrganisationId.eq(scope.0.0))
            .filter(sessions::Column::UserId.eq(user.0))
            .order_by_desc(sessions::Column::SeenAt);
        Ok(rows.all(&self.reads).await?.into_iter().map(session).collect())
    }

    /// A person's tokens, the newest first.
    pub async fn tokens(&self, scope: Scope, user: UserId) -> StoreResult<Vec<TokenRow>> {
        let rows = tokens::Entity::find()
            .filter(tokens::Column::OrganisationId.eq(scope.0.0))
            .filter(tokens::Column::UserId.eq(user.0))
            .order_by_desc(tokens::Column::CreatedAt);
        rows.all(&self.reads).await?.into_iter().map(token).collect()
    }

    /// Notes that a session was used, which also makes it last longer.
    pub async fn touch_session(
        &self,
        id: SessionId,
        seen_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> StoreResult<()> {
        sessions::Entity::update_many()
            .col_expr(sessions::Column::SeenAt, Expr::value(seen_at))
            .col_expr(sessions::Column::ExpiresAt, Expr::value(expires_at))
            .filter(sessions::Column::Id.eq(id.0))
            .exec(&self.writes)
            .await?;
        Ok(())
    }

    /// Notes that a token was used.
    pub async fn touch_token(&self, id: TokenId, used_at: DateTime<Utc>) -> StoreResult<()> {
        tokens::Entity::update_many()
            .col_expr(tokens::Column::UsedAt, Expr::value(used_at))
            .filter(tokens::Column::Id.eq(id.0))
            .exec(&self.writes)
            .await?;
        Ok(())
    }

    /// Removes the sessions and tokens that have run out.
    pub async fn forget_expired(&self, at: DateTime<Utc>) -> StoreResult<()> {
        let sessions = sessions::Entity::delete_many().filter(sessions::Column::ExpiresAt.lt(at));
        sessions.exec(&self.writes).await?;
        let tokens = tokens::Entity::delete_many().filter(tokens::Column::ExpiresAt.lt(at));
        tokens.exec(&self.writes).await?;
        Ok(())
    }
}

impl Write {
    /// Marks this Berth as claimed; refused by the key of the table when it is already.
    pub async fn claim(&self) -> StoreResult<()> {
        let row = meta::ActiveModel { key: Set(CLAIMED.into()), value: Set(now().to_rfc3339()) };
        meta::Entity::insert(row).exec_without_returning(&self.transaction).await?;
        Ok(())
    }

    /// Makes an organisation.
    pub async fn insert_organisation(&self, name: &str) -> StoreResult<OrganisationId> {
        let id = Uuid::now_v7();
        let row = organisations::ActiveModel { id: Set(id), name: Set(clean(name)), created_at: Set(now()) };
        organisations::Entity::insert(row).exec_without_returning(&self.transaction).await?;
        Ok(id.into())
    }

    /// Makes a person with an account in an organisation; refused when the address is taken.
    pub async fn insert_account(
        &self,
        scope: Scope,
        email: &str,
        password_hash: &str,
        role: Role,
    ) -> StoreResult<UserId> {
        let (id, at) = (Uuid::now_v7(), now());
        let user = users::ActiveModel {
            id: Set(id),
            email: Set(clean(email)),
            password_hash: Set(password_hash.to_owned()),
            created_at: Set(at),
            changed_at: Set(at),
        };
        users::Entity::insert(user).exec_without_returning(&self.transaction).await?;
        let member = members::ActiveModel {
            id: Set(Uuid::now_v7()),
            organisation_id: Set(scope.0.0),
            user_id: Set(id),
            role: Set(role.to_string()),
            created_at: Set(at),
        };
        members::Entity::insert(member).exec_without_returning(&self.transaction).await?;
        Ok(id.into())
    }

    /// A member's account, locked: what depends on the password or the role does not change until the commit.
    pub async fn lock_account(&self, scope: Scope, user: UserId) -> StoreResult<Option<Account>> {
        let locked = users::Entity::find_by_id(user.0).lock_exclusive().one(&self.transaction).await?;
        let member = members::Entity::find()
            .filter(members::Column::OrganisationId.eq(scope.0.0))
            .filter(members::Column::UserId.eq(user.0))
            .one(&self.transaction)
            .await?;
        locked.zip(member).map(|(user, member)| account(user, member)).transpose()
    }

    /// Replaces a password and ends every session, token and SSH key of the person, in whatever organisation.
    pub async fn replace_password(&self, user: UserId, password_hash: &str) -> StoreResult<()> {
        users::Entity::update_many()
            .col_expr(users::Column::PasswordHash, Expr::value(password_hash))
            .col_expr(users::Column::ChangedAt, Expr::value(now()))
            .filter(users::Column::Id.eq(user.0))
            .exec(&self.transaction)
            .await?;
        self.delete_sessions(user).await?;
        let tokens = tokens::Entity::delete_many().filter(tokens::Column::UserId.eq(user.0));
        tokens.exec(&self.transaction).await?;
        self.delete_keys(user).await
    }

    /// Opens a session.
    pub async fn insert_session(&self, new: SessionRow) -> StoreResult<()> {
        let row = sessions::ActiveModel {
            id: Set(new.id.0),
            organisation_id: Set(new.organisation.0),
            user_id: Set(new.user.0),
            secret_hash: Set(new.secret_hash),
            user_agent: Set(clean(&new.user_agent)),
            address: Set(clean(&new.address)),
            created_at: Set(new.created_at),
            seen_at: Set(new.seen_at),
            expires_at: Set(new.expires_at),
        };
        sessions::Entity::insert(row).exec_without_returning(&self.transaction).await?;
        Ok(())
    }

    /// Ends a session of a person; answers whether there was one.
    pub async fn delete_session(&self, scope: Scope, user: UserId, id: SessionId) -> StoreResult<bool> {
        let its = Condition::all()
            .add(sessions::Column::Id.eq(id.0))
            .add(sessions::Column::OrganisationId.eq(scope.0.0))
            .add(sessions::Column::UserId.eq(user.0));
        let gone = sessions::Entity::delete_many().filter(its).exec(&self.transaction).await?;
        Ok(gone.rows_affected == 1)
    }

    /// Whether a session of a person is still there.
    pub async fn has_session(&self, scope: Scope, user: UserId, id: SessionId) -> StoreResult<bool> {
        let found = sessions::Entity::find_by_id(id.0).one(&self.transaction).await?;
        Ok(found.is_some_and(|row| row.user_id == user.0 && row.organisation_id == scope.0.0))
    }

    /// Ends every session of a person.
    pub async fn delete_sessions(&self, user: UserId) -> StoreResult<()> {
        let all = sessions::Entity::delete_many().filter(sessions::Column::UserId.eq(user.0));
        all.exec(&self.transaction).await?;
        Ok(())
    }

    /// Keeps a token.
    pub async fn insert_token(&self, new: &TokenRow) -> StoreResult<()> {
        let row = tokens::ActiveModel {
            id: Set(new.view.id.0),
            organisation_id: Set(new.organisation.0),
            user_id: Set(new.user.0),
            name: Set(clean(&new.view.name)),
            role: Set(new.view.role.to_string()),
            secret_hash: Set(new.secret_hash.clone()),
            created_at: Set(new.view.created_at),
            expires_at: Set(new.view.expires_at),
            used_at: Set(new.view.used_at),
        };
        tokens::Entity::insert(row).exec_without_returning(&self.transaction).await?;
        Ok(())
    }

    /// Ends a token of a person; answers its name when there was one.
    pub async fn delete_token(&self, scope: Scope, user: UserId, id: TokenId) -> StoreResult<Option<String>> {
        let its = Condition::all()
            .add(tokens::Column::Id.eq(id.0))
            .add(tokens::Column::OrganisationId.eq(scope.0.0))
            .add(tokens::Column::UserId.eq(user.0));
        let found = tokens::Entity::find().filter(its.clone()).one(&self.transaction).await?;
        let gone = tokens::Entity::delete_many().filter(its).exec(&self.transaction).await?;
        Ok(found.filter(|_| gone.rows_affected == 1).map(|row| row.name))
    }
}

fn account(user: users::Model, member: members::Model) -> StoreResult<Account> {
    let role = At { table: "members", id: member.id }.text("role", &member.role)?;
    Ok(Account {
        user: user.id.into(),
        email: user.email,
        password_hash: user.password_hash,
        organisation: member.organisation_id.into(),
        role,
        created_at: user.created_at,
    })
}

fn session(row: sessions::Model) -> SessionRow {
    SessionRow {
        id: row.id.into(),
        user: row.user_id.into(),
        organisation: row.organisation_id.into(),
        secret_hash: row.secret_hash,
        user_agent: row.user_agent,
        address: row.address,
        created_at: row.created_at,
        seen_at: row.seen_at,
        expires_at: row.expires_at,
    }
}

fn token(row: tokens::Model) -> StoreResult<TokenRow> {
    let role = At { table: "tokens", id: row.id }.text("role", &row.role)?;
    let view = TokenView {
        id: row.id.into(),
        name: row.name,
        role,
        created_at: row.created_at,
        expires_at: row.expires_at,
        used_at: row.used_at,
    };
    Ok(TokenRow {
        user: row.user_id.into(),
        organisation: row.organisation_id.into(),
        secret_hash: row.secret_hash,
        view,
    })
}
