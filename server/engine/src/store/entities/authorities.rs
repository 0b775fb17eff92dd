//! Certificates, and the accounts at the authorities.

use super::*;

entity! {
    /// Accounts at authorities, their credentials sealed.
    acme_accounts "acme_accounts" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        directory: String,
        sealed: Vec<u8>,
        created_at: Time,
    }
}

entity! {
    /// Orders that count towards the limits of authorities.
    acme_orders "acme_orders" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        directory: String,
        certificate_id: Uuid,
        registered: String,
        renewal: bool,
        given: Option<bool>,
        begun_at: Time,
    }
}

entity! {
    /// Zones in which Berth may put proofs.
    dns_zones "dns_zones" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        zone: String,
        host: String,
        sealed_token: Vec<u8>,
        created_at: Time,
    }
}

entity! {
    /// Certificates and the attempts to get them, their keys sealed.
    certificates "certificates" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        #[sea_orm(column_type = "JsonBinary")]
        names: Json,
        names_key: String,
        origin: String,
        state: String,
        chain: Option<String>,
        sealed_key: Option<Vec<u8>>,
        issuer: Option<String>,
        not_before: Option<Time>,
        not_after: Option<Time>,
        renew_at: Option<Time>,
        order_url: Option<String>,
        order_directory: Option<String>,
        sealed_order_key: Option<Vec<u8>>,
        last_attempt_at: Option<Time>,
        last_error: Option<String>,
        next_attempt_at: Option<Time>,
        failures: i32,
        warned_days: Option<i32>,
        directory: Option<String>,
        staged_at: Option<Time>,
        created_at: Time,
    }
}
