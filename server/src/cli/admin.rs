//! `berth admin`: accounts, straight from the data folder.

use super::{Failure, print};
use crate::settings::DataArgs;
use berth_domain::{domain_name::HostName, permission::Role};
use berth_engine::{Engine, Error};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Give an account a fresh password and end its sessions and tokens
    ResetPassword(Account),
    /// Make an account with a fresh password
    AddUser {
        #[command(flatten)]
        account: Account,
        /// What the account may do: viewer, deployer, developer, admin or owner
        #[arg(long, default_value = "developer")]
        role: Role,
    },
    /// Make another organisation, which sees nothing of the others, and its owner's account
    AddOrganisation {
        /// What it is called
        name: String,
        /// The e-mail address of its owner
        #[arg(long)]
        owner: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Show where the panel is reached, and give it a host name or take it away
    PanelDomain {
        /// The host name, such as panel.example.com
        host: Option<HostName>,
        /// Reach it at its port alone again
        #[arg(long, conflicts_with = "host")]
        remove: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// List the accounts
    ListUsers {
        #[command(flatten)]
        data: DataArgs,
    },
}

/// An account and where it is kept.
#[derive(Debug, Args)]
pub struct Account {
    /// The account's e-mail address
    email: String,
    #[command(flatten)]
    data: DataArgs,
}

/// Runs one of the commands.
pub async fn run(command: AdminCommand) -> Result<(), Failure> {
    match command {
        AdminCommand::ResetPassword(account) => {
            let engine = open(&account.data).await?;
            let password = engine.admin_reset_password(&account.email).await.map_err(told)?;
            print::line(&format!("The new password of {}: {password}", account.email))?;
            print::line("Its sessions and tokens have ended.")
        }
        AdminCommand::AddUser { account, role } => {
            let engine = open(&account.data).await?;
            let password = engine.admin_add_user(&account.email, role).await.map_err(told)?;
            print::line(&format!("{} is {role}; the password: {password}", account.email))
        }
        AdminCommand::AddOrganisation { name, owner, data } => {
            let password = open(&data).await?.admin_add_organisation(&name, &owner).await.map_err(told)?;
            print::line(&format!("{owner} owns {name}; the password: {password}"))
        }
        AdminCommand::PanelDomain { host, remove, data } => {
            let engine = open(&data).await?;
            if remove || host.is_some() {
                engine.admin_set_panel_domain(host).await.map_err(told)?;
            }
            match engine.admin_panel_domain().await.map_err(told)? {
                Some(host) => print::line(&format!("The panel has the host name {host}.")),
                None => print::line("The panel has no host name: it is reached at its port."),
            }
        }
        AdminCommand::ListUsers { data } => {
            let accounts = open(&data).await?.admin_list_users().await.map_err(told)?;
            let mut rows = vec![["E-MAIL", "ROLE", "SINCE"].map(str::to_owned)];
            rows.extend(accounts.into_iter().map(|account| {
                let since = account.created_at.format("%Y-%m-%d").to_string();
                [account.email, account.role.to_string(), since]
            }));
            print::table(&rows)
        }
    }
}

async fn open(data: &DataArgs) -> Result<Engine, Failure> {
    // A mistyped folder must not become a fresh Berth.
    if !data.data.join("master.key").exists() {
        let folder = data.data.display();
        let words = format!("{folder} is not the data folder of a Berth: set --data or BERTH_DATA.");
        return Err(Failure::trouble(words));
    }
    Engine::open(data.config()).await.map_err(Failure::trouble)
}

fn told(error: Error) -> Failure {
    match error {
        Error::Problem(problem) => Failure::trouble(problem),
        Error::Internal { context, source } => Failure::trouble(format!("cannot {context}: {source}")),
    }
}
