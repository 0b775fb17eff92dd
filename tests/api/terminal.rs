//! What people look at and look after from a terminal, through the same API.

use crate::account::token;
use berth_tests::{
    prelude::*,
    verbs::{self, git},
    webhook::Delivery,
};

const WEB: &str = "shop/production/web";

/// `berth ...` as a program of the owner.
struct Terminal<'a> {
    berth: &'a Berth,
    token: String,
}

impl Terminal<'_> {
    fn says(&self, words: &[&str]) -> Result<String> {
        let url = self.berth.url();
        self.berth.cli(&[words, &["--url", &url, "--token", &self.token]].concat())
    }
}

both_databases! {
    async fn a_domain_is_added_listed_and_removed_in_a_terminal(berth) {
        let owner = berth.owner().await?;
        let web = path(WEB);
        owner.create_service(&web, git("https://git.invalid/team/web.git"), json!({})).await?;
        let terminal = Terminal { berth: &berth, token: token(&owner, "terminal", "owner").await? };
        let host = "shop.example.com";
        let added = terminal.says(&["domains", "add", WEB, host, "--port", "9000"])?;
        ensure!(added.contains(host), "{added}");
        let listed = terminal.says(&["domains", "list", WEB])?;
        ensure!(listed.lines().any(|line| line.contains(host) && line.contains("9000")), "{listed}");
        let removed = terminal.says(&["domains", "remove", WEB, host])?;
        ensure!(removed.contains("is removed"), "{removed}");
        ensure!(!terminal.says(&["domains", "list", WEB])?.contains(host), "it is there");
        let missing = terminal.says(&["domains", "remove", WEB, host]).expect_err("it is gone already");
        ensure!(format!("{missing:#}").contains("has no domain"), "{missing:#}");
        for (words, head) in [
            (&["certificates", "list"][..], "NAMES"),
            (&["volumes", "list", WEB], "VOLUME"),
            (&["previews", "list", WEB], "PULL REQUEST"),
            (&["deployments", WEB], "NUMBER"),
        ] {
            let said = terminal.says(words)?;
            ensure!(said.starts_with(head), "{words:?} says {said}");
        }
        Ok(())
    }

    async fn deliveries_are_listed_and_replayed_in_a_terminal(berth) {
        let owner = berth.owner().await?;
        let web = path(WEB);
        owner.create_service(&web, git("https://git.invalid/team/web.git"), json!({})).await?;
        let terminal = Terminal { berth: &berth, token: token(&owner, "terminal", "owner").await? };
        ensure!(terminal.says(&["webhook", "show", WEB])?.contains("No secret is set"));
        let made: Value = serde_json::from_str(&terminal.says(&["webhook", "secret", WEB, "--json"])?)?;
        let (url, secret) = (made["url"].as_str().context("url")?, made["secret"].as_str().context("secret")?);
        let push = Delivery::push("elsewhere", &"1".repeat(40), "Elsewhere", secret);
        push.send(&berth.anonymous()?, url).await?.done()?;
        let listed = terminal.says(&["webhook", "deliveries", WEB])?;
        ensure!(listed.lines().any(|line| line.contains("push") && line.contains("ignored")), "{listed}");
        let all: Value = serde_json::from_str(&terminal.says(&["webhook", "deliveries", WEB, "--json"])?)?;
        let id = all[0]["id"].as_str().context("an id")?;
        ensure!(listed.contains(id), "{listed}");
        let replayed = terminal.says(&["webhook", "replay", WEB, id])?;
        ensure!(replayed.starts_with("ignored: "), "{replayed}");
        let all: Value = owner.get(&format!("{}/webhook/deliveries", verbs::of(&web))).await?.ok()?;
        ensure!(all["items"].as_array().is_some_and(|items| items.len() == 2), "{all}");
        Ok(())
    }
}
