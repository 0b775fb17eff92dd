//! What the operator does on the machine itself, with the panel running or stopped.

use crate::{
    Actor, Engine, Error, Result,
    password::random_password,
    store::{NewEvent, Scope, Subject, now},
};
use berth_domain::{account::check_email, domain_name::HostName, event::EventKind, permission::Role};
use chrono::{DateTime, Utc};

/// An account, as the operator sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountSummary {
    pub email: String,
    pub role: Role,
    pub created_at: DateTime<Utc>,
}

impl Engine {
    /// Gives an account a new random password and ends its sessions and tokens; answers the password, once.
    pub async fn admin_reset_password(&self, email: &str) -> Result<String> {
        let email = email.trim().to_lowercase();
        let account = self.parts.store.account_by_email(&email).await?;
        let account = account.ok_or_else(|| Error::not_found("account"))?;
        let password = random_password();
        let hash = self.parts.front.passwords.hash(&password).await?;
        let mut write = self.parts.store.begin().await?;
        write.replace_password(account.user, &hash).await?;
        let message =
            format!("The operator gave {email} a new password; every session and token of it ended.");
        let actor = Actor::system(account.organisation);
        write.record(NewEvent::new(&actor, EventKind::PasswordChanged, Subject::organisation(), message));
        write.commit().await?;
        self.parts.front.forget();
        Ok(password)
    }

    /// Every account.
    pub async fn admin_list_users(&self) -> Result<Vec<AccountSummary>> {
        let accounts = self.parts.store.accounts().await?.into_iter();
        Ok(accounts
            .map(|a| AccountSummary { email: a.email, role: a.role, created_at: a.created_at })
            .collect())
    }

    /// Makes an account in the first organisation; answers its random password, once.
    pub async fn admin_add_user(&self, email: &str, role: Role) -> Result<String> {
        check_email(email.trim())?;
        let email = email.trim().to_lowercase();
        let Some((organisation, name)) = self.parts.store.first_organisation().await? else {
            return Err(Error::conflict("Nobody has claimed this Berth yet: open the setup link first."));
        };
        let password = random_password();
        let hash = self.parts.front.passwords.hash(&password).await?;
        let mut write = self.parts.store.begin().await?;
        write
            .insert_account(Scope(organisation), &email, &hash, role)
            .await
            .map_err(|error| error.or_conflict(|| format!("{email} has an account already.")))?;
        let message = format!("The operator added {email} to {name} as {role}.");
        let actor = Actor::system(organisation);
        write.record(NewEvent::new(&actor, EventKind::MemberAdded, Subject::organisation(), message));
        write.commit().await?;
        Ok(password)
    }

    /// The panel's host name.
    pub async fn admin_panel_domain(&self) -> Result<Option<HostName>> {
        Ok(self.parts.store.panel_domain().await?)
    }

    /// Gives the panel a host name, or takes its own away. A panel that runs knows it within seconds.
    pub async fn admin_set_panel_domain(&self, host: Option<HostName>) -> Result<()> {
        let Some((organisation, _)) = self.parts.store.first_organisation().await? else {
            return Err(Error::conflict("Nobody has claimed this Berth yet: open the setup link first."));
        };
        self.change_panel_domain(&Actor::system(organisation), host).await.map(drop)
    }

    /// Makes another organisation with its owner's account; answers the random password, once.
    pub async fn admin_add_organisation(&self, name: &str, owner: &str) -> Result<String> {
        check_email(owner.trim())?;
        let email = owner.trim().to_lowercase();
        let password = random_password();
        let hash = self.parts.front.passwords.hash(&password).await?;
        let mut write = self.parts.store.begin().await?;
        let organisation = write.insert_organisation(name.trim()).await?;
        write
            .insert_account(Scope(organisation), &email, &hash, Role::Owner)
            .await
            .map_err(|error| error.or_conflict(|| format!("{email} has an account already.")))?;
        let message = format!("The operator made {name}, owned by {email}.");
        let actor = Actor::system(organisation);
        write.record(NewEvent::new(&actor, EventKind::MemberAdded, Subject::organisation(), message));
        write.commit().await?;
        Ok(password)
    }

    /// Removes the sessions and tokens that have run out; called now and then.
    pub async fn forget_expired_sessions(&self) -> Result<()> {
        Ok(self.parts.store.forget_expired(now()).await?)
    }
}
