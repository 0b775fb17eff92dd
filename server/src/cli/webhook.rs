//! `berth webhook`: what the git host told, and what became of it.

use super::{
    Failure,
    client::{self, Client},
    list::Whose,
    print,
};
use berth_domain::{
    ids::DeliveryId,
    page::Page,
    service::ServicePath,
    webhook::{DeliveryView, WebhookSecret, WebhookView},
};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Show the address that the git host calls
    Show(Whose),
    /// Make a fresh secret; it is shown once, and the former one ends
    Secret(Whose),
    /// List what came in with its verdict, the newest first
    Deliveries(DeliveriesArgs),
    /// Judge a delivery once more, and deploy when the verdict says so
    Replay {
        #[command(flatten)]
        of: Whose,
        /// Its id, as `berth webhook deliveries` shows it
        delivery: uuid::Uuid,
    },
}

#[derive(Debug, Args)]
pub struct DeliveriesArgs {
    #[command(flatten)]
    of: Whose,
    /// Only those that contain this text, such as a commit or a verdict
    search: Option<String>,
    /// How many; 200 at the most
    #[arg(long, default_value = "20")]
    limit: u16,
}

fn at(service: &ServicePath) -> String {
    format!("{}/webhook", client::service(service))
}

/// Does what was asked about a webhook.
pub async fn run(command: WebhookCommand) -> Result<(), Failure> {
    match command {
        WebhookCommand::Show(of) => show(of).await,
        WebhookCommand::Secret(of) => secret(of).await,
        WebhookCommand::Deliveries(args) => deliveries(args).await,
        WebhookCommand::Replay { of, delivery } => replay(of, DeliveryId(delivery)).await,
    }
}

async fn show(of: Whose) -> Result<(), Failure> {
    let view: WebhookView = of.remote.client()?.get(&at(&of.service), &[]).await?;
    if of.remote.json {
        return print::json(&view);
    }
    print::line(&view.url)?;
    let set = if view.secret_set { "A secret is set." } else { "No secret is set: nothing is believed yet." };
    print::line(set)
}

async fn secret(of: Whose) -> Result<(), Failure> {
    let path = format!("{}/secret", at(&of.service));
    let made: WebhookSecret = of.remote.client()?.send(Method::POST, &path, &Value::Null).await?;
    if of.remote.json {
        return print::json(&made);
    }
    let rows = [("address", made.url), ("secret", made.secret), ("GitLab signing token", made.signing_token)];
    print::table(&rows.map(|(name, value)| [name.to_owned(), value]))
}

async fn deliveries(args: DeliveriesArgs) -> Result<(), Failure> {
    let (client, limit) = (args.of.remote.client()?, args.limit.to_string());
    let mut query = vec![("limit", limit.as_str())];
    query.extend(args.search.as_deref().map(|search| ("search", search)));
    let page: Page<DeliveryView> =
        client.get(&format!("{}/deliveries", at(&args.of.service)), &query).await?;
    if args.of.remote.json {
        return print::json(&page.items);
    }
    let mut rows = vec![["DELIVERY", "WHEN", "EVENT", "VERDICT", "WHY"].map(str::to_owned)];
    rows.extend(page.items.iter().map(row));
    print::table(&rows)
}

fn row(view: &DeliveryView) -> [String; 5] {
    let [event, reason] = [&view.event, &view.reason].map(|text| print::harmless(text, false));
    let when = print::minute(view.received_at);
    [view.id.0.to_string(), when, event, view.verdict.to_string(), reason]
}

async fn replay(of: Whose, delivery: DeliveryId) -> Result<(), Failure> {
    let client: Client = of.remote.client()?;
    let path = format!("{}/deliveries/{}/replay", at(&of.service), delivery.0);
    let judged: DeliveryView = client.send(Method::POST, &path, &Value::Null).await?;
    if of.remote.json {
        return print::json(&judged);
    }
    let queued = judged.deployment.map(|number| format!(" ({}#{number})", of.service)).unwrap_or_default();
    print::line(&format!("{}{queued}: {}", judged.verdict, print::harmless(&judged.reason, false)))
}
