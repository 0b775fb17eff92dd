//! Organisations, people, sessions and tokens.

use super::*;

entity! {
    /// Facts about this Berth as a whole.
    meta "meta" {
        #[sea_orm(primary_key, auto_increment = false)]
        key: String,
        value: String,
    }
}

entity! {
    /// Tenants.
    organisations "organisations" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        name: String,
        created_at: Time,
    }
}

entity! {
    /// People; the e-mail address is in lower case.
    users "users" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        email: String,
        password_hash: String,
        created_at: Time,
        changed_at: Time,
    }
}

entity! {
    /// Who belongs to which organisation, and as what.
    members "members" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        user_id: Uuid,
        role: String,
        created_at: Time,
    }
}

entity! {
    /// Signed-in browsers.
    sessions "sessions" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        user_id: Uuid,
        secret_hash: String,
        user_agent: String,
        address: String,
        created_at: Time,
        seen_at: Time,
        expires_at: Time,
    }
}

entity! {
    /// API tokens.
    tokens "tokens" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        user_id: Uuid,
        name: String,
        role: String,
        secret_hash: String,
        created_at: Time,
        expires_at: Option<Time>,
        used_at: Option<Time>,
    }
}

entity! {
    /// Public SSH keys.
    ssh_keys "ssh_keys" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        user_id: Uuid,
        name: String,
        kind: String,
        fingerprint: String,
        public_key: String,
        created_at: Time,
        used_at: Option<Time>,
    }
}

entity! {
    /// The SSH keys of git hosts.
    known_hosts "known_hosts" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        host: String,
        keys: String,
        seen_at: Time,
    }
}
