//! `berth login`.

use super::{
    Failure,
    client::Client,
    print,
    profile::{self, Profile},
};
use berth_domain::account::Me;
use clap::Args;
use std::io::{IsTerminal, Read, stdin};

#[derive(Debug, Args)]
pub struct LoginArgs {
    /// The address of the Berth, such as https://berth.example
    url: String,
    /// An API token of the account page; asked for (or read from the standard input) when it is not given
    #[arg(long, env = "BERTH_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// Tries the token, and keeps it when it is good.
pub async fn run(args: LoginArgs) -> Result<(), Failure> {
    let token = match args.token.filter(|token| !token.trim().is_empty()) {
        Some(token) => token,
        None => asked()?,
    };
    let url = args.url.trim_end_matches('/').to_owned();
    let profile = Profile { url, token: token.trim().to_owned() };
    let me: Me = Client::new(profile.clone())?.get("/me", &[]).await?;
    let kept = profile::keep(&profile)?;
    print::line(&format!("Logged in at {} as {} ({}).", profile.url, me.email, me.role))?;
    print::line(&format!("The token is kept in {}.", kept.display()))
}

fn asked() -> Result<String, Failure> {
    if stdin().is_terminal() {
        return Ok(rpassword::prompt_password("Token: ")?);
    }
    let mut text = String::new();
    stdin().take(4_096).read_to_string(&mut text)?;
    Ok(text)
}
