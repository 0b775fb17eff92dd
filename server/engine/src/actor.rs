//! Who asks.

use berth_domain::{
    ids::{KeyId, OrganisationId, SessionId, TokenId, UserId},
    permission::{Permission, Role},
};

/// The one who asks for something, authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub kind: ActorKind,
    pub organisation: OrganisationId,
    pub role: Role,
    /// The name in the audit trail: an e-mail address, a token's name, `webhook`, `berth`.
    pub name: String,
    /// Where the request came from.
    pub address: Option<String>,
}

/// What kind of actor it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// A person in a browser.
    User { user: UserId, session: SessionId },
    /// A program with an API token, made by a person.
    Token { token: TokenId, user: UserId },
    /// A person's git, with an SSH key of the account.
    Key { key: KeyId, user: UserId },
    /// A git host that signed its call.
    Webhook,
    /// Berth itself.
    System,
}

impl Actor {
    /// Whether the actor's role allows that.
    pub fn may(&self, permission: Permission) -> bool {
        self.role.allows(permission)
    }

    /// Berth itself, acting for an organisation.
    pub fn system(organisation: OrganisationId) -> Self {
        Self { kind: ActorKind::System, organisation, role: Role::Owner, name: "berth".into(), address: None }
    }

    /// A git host whose signature was right.
    pub fn webhook(organisation: OrganisationId, address: Option<String>) -> Self {
        Self { kind: ActorKind::Webhook, organisation, role: Role::Deployer, name: "webhook".into(), address }
    }

    /// The person behind a session or a token.
    pub fn user(&self) -> Option<UserId> {
        match self.kind {
            ActorKind::User { user, .. } | ActorKind::Token { user, .. } | ActorKind::Key { user, .. } => {
                Some(user)
            }
            ActorKind::Webhook | ActorKind::System => None,
        }
    }
}
