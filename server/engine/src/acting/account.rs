//! Verbs about the actor's own account.

use super::Acting;
use crate::Result;
use berth_domain::{
    account::{ChangePassword, CreateToken, CreatedToken, Me, SessionView, TokenView},
    ids::{SessionId, TokenId},
};

impl Acting {
    /// Who is asking.
    pub async fn me(&self) -> Result<Me> {
        todo!()
    }

    /// Replaces the password; every session and token of the account ends, this one too.
    pub async fn change_password(&self, _request: ChangePassword) -> Result<()> {
        todo!()
    }

    /// The browsers that are signed in to the account.
    pub async fn sessions(&self) -> Result<Vec<SessionView>> {
        todo!()
    }

    /// Ends one session of the account.
    pub async fn end_session(&self, _session: SessionId) -> Result<()> {
        todo!()
    }

    /// Ends the session that asks.
    pub async fn sign_out(&self) -> Result<()> {
        todo!()
    }

    /// Ends every session of the account.
    pub async fn sign_out_everywhere(&self) -> Result<()> {
        todo!()
    }

    /// The account's API tokens.
    pub async fn tokens(&self) -> Result<Vec<TokenView>> {
        todo!()
    }

    /// Makes an API token and shows its secret once.
    pub async fn create_token(&self, _request: CreateToken) -> Result<CreatedToken> {
        todo!()
    }

    /// Ends an API token.
    pub async fn revoke_token(&self, _token: TokenId) -> Result<()> {
        todo!()
    }
}
