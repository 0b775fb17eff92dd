//! People, their sessions and their tokens.

use crate::{
    ids::{KeyId, SessionId, TokenId, UserId},
    permission::Role,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The shortest password.
pub const MIN_PASSWORD: usize = 10;

/// Checks a new password; the length is what counts, not the kinds of characters.
pub fn check_password(password: &str) -> Result<(), (&'static str, String)> {
    let length = password.chars().count();
    if length < MIN_PASSWORD {
        return Err((
            "password",
            format!("A password has at least {MIN_PASSWORD} characters; this one has {length}."),
        ));
    }
    if password.len() > 1_000 {
        return Err(("password", "A password has at most 1000 bytes.".into()));
    }
    Ok(())
}

/// Checks an e-mail address loosely: one `@` with something on both sides.
pub fn check_email(email: &str) -> Result<(), (&'static str, String)> {
    let fits = email.len() <= 254
        && email.split_once('@').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty() && !b.contains('@'))
        && !email.chars().any(|c| c.is_whitespace() || c.is_control());
    if fits { Ok(()) } else { Err(("email", format!("{email:?} is not an e-mail address."))) }
}

/// Claims a fresh Berth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Claim {
    /// The one-time token from the setup link.
    pub token: String,
    pub email: String,
    pub password: String,
}

/// Signs in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignIn {
    pub email: String,
    pub password: String,
}

/// Replaces the password; every session and token of the account ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePassword {
    pub current: String,
    pub new: String,
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    pub id: UserId,
    pub email: String,
    pub role: Role,
    pub organisation: String,
}

/// A signed-in browser of the account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionView {
    pub id: SessionId,
    pub current: bool,
    pub user_agent: String,
    pub address: String,
    pub created_at: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
}

/// An API token; the secret itself is shown once, at its making.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenView {
    pub id: TokenId,
    pub name: String,
    pub role: Role,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub used_at: Option<DateTime<Utc>>,
}

/// Makes an API token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateToken {
    pub name: String,
    /// What the token may do, at most the maker's own role.
    pub role: Role,
    /// Days until it ends: 1 to 3650, or never when absent.
    #[serde(default)]
    pub expires_in_days: Option<u16>,
}

/// A fresh token with its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedToken {
    pub token: TokenView,
    /// `berth_...`; not shown again.
    pub secret: String,
}

/// A public SSH key of the account: with it, git reaches the repositories that Berth keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyView {
    pub id: KeyId,
    pub name: String,
    /// Its algorithm: `ssh-ed25519`.
    pub kind: String,
    /// `SHA256:...`, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
    pub created_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
}

/// Adds a public SSH key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddKey {
    /// What it is called; the key's own comment when empty.
    #[serde(default)]
    pub name: String,
    /// The line of the `.pub` file.
    pub public_key: String,
}
