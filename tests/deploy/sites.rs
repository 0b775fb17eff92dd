//! Images without a Dockerfile: a folder of files behind a web server, and what is found by looking.

use berth_tests::{
    berth::shipped_image,
    git::Repository,
    prelude::*,
    verbs::{self, BUILD, swift},
};

/// A Berth whose web server for sites is the test program: it listens where it is told to, and shows any file.
async fn berth() -> Result<Berth> {
    let environment = vec![("BERTH_STATIC_IMAGE".to_owned(), shipped_image())];
    let berth = Berth::start(Options { environment, ..Options::default() }).await?;
    berth.proxy_is_up().await?;
    Ok(berth)
}

fn source(repository: &Repository, builder: Value) -> Value {
    json!({ "type": "git", "url": repository.url, "builder": builder })
}

/// The port is the web server's.
fn settings() -> Value {
    let mut settings = swift();
    settings["port"] = Value::Null;
    settings
}

async fn shows(berth: &Berth, host: &str, file: &str, wanted: &str) -> Result<()> {
    verbs::answers(berth.http_port, host, &format!("/read?path=/public/{file}"), wanted).await
}

#[tokio::test]
async fn a_folder_is_served_and_nothing_else_of_the_repository() -> Result<()> {
    let berth = berth().await?;
    let owner = berth.owner().await?;
    let server = GitServer::start().await?;
    let repository = server.repository("site")?;
    let files = [
        ("site/index.html", "<h1>one</h1>"),
        ("secret.txt", "not for visitors"),
        ("site/.well-known/x", "x"),
    ];
    repository.commit("First", &files)?;
    let web = path("shop/production/web");
    let folder = source(&repository, json!({ "type": "static", "publish": "site" }));
    let service = owner.create_service(&web, folder, settings()).await?;
    let number = owner.deploy(&web).await?.number;
    owner.live(&web, number, BUILD).await?;
    let host = verbs::host(&service)?;
    shows(&berth, &host, "index.html", "<h1>one</h1>").await?;
    shows(&berth, &host, ".well-known/x", "x").await?;
    for absent in ["secret.txt", "Dockerfile", ".git/HEAD"] {
        let answer = verbs::visit(berth.http_port, &host, &format!("/read?path=/public/{absent}")).await?;
        ensure!(answer.status != 200, "{absent} is served: {}", answer.text());
    }
    Ok(())
}

#[tokio::test]
async fn a_command_makes_the_files_in_its_own_image() -> Result<()> {
    let berth = berth().await?;
    let owner = berth.owner().await?;
    let server = GitServer::start().await?;
    let repository = server.repository("site")?;
    repository.commit("First", &[("page.txt", "made of this")])?;
    let web = path("shop/production/web");
    let built = |command: String| {
        let site = json!({ "type": "static", "publish": "out", "image": "debian:bookworm-slim", "command": command });
        source(&repository, site)
    };
    // Quotes, dollars and lines reach the shell as they are; what fails in between ends it.
    let command = format!(
        "# {}\nmkdir out\nwords='a \"b\" $c'\necho \"$words\" >out/index.html\ncat page.txt >>out/index.html",
        berth.instance
    );
    let service = owner.create_service(&web, built(command), settings()).await?;
    let number = owner.deploy(&web).await?.number;
    owner.live(&web, number, BUILD).await?;
    shows(&berth, &verbs::host(&service)?, "index.html", "a \"b\" $c\nmade of this").await?;

    let failing = built(format!("# {}\nfalse\nmkdir out", berth.instance));
    owner.patch(&verbs::of(&web), json!({ "source": failing })).await?.done()?;
    let number = owner.deploy(&web).await?.number;
    owner.failed(&web, number, BUILD).await.map(drop)
}

#[tokio::test]
async fn what_would_be_built_is_shown_before_it_is() -> Result<()> {
    let berth = berth().await?;
    let owner = berth.owner().await?;
    let server = GitServer::start().await?;
    let repository = server.repository("site")?;
    repository.commit("First", &[("main.c", "int main;")])?;
    let web = path("shop/production/web");
    let service =
        owner.create_service(&web, source(&repository, json!({ "type": "auto" })), settings()).await?;
    let at = format!("{}/build-plan", verbs::of(&web));
    let plan: Value = owner.get(&at).await?.ok()?;
    ensure!(plan["builder"].is_null() && plan["because"].to_string().contains("Add a Dockerfile"), "{plan}");
    let number = owner.deploy(&web).await?.number;
    let failed = owner.failed(&web, number, BUILD).await?;
    ensure!(
        failed.reason.as_ref().is_some_and(|why| why.contains("Add a Dockerfile")),
        "{:?}",
        failed.reason
    );

    repository.commit("Second", &[("public/index.html", "found")])?;
    let plan: Value = owner.get(&at).await?.ok()?;
    ensure!(plan["builder"]["type"] == "static" && plan["builder"]["publish"] == "public", "{plan}");
    ensure!(plan["dockerfile"].as_str().is_some_and(|text| text.contains("src/public/")), "{plan}");
    ensure!(plan["commit"].as_str().is_some_and(|commit| commit.ends_with("Second")), "{plan}");
    let number = owner.deploy(&web).await?.number;
    owner.live(&web, number, BUILD).await?;
    shows(&berth, &verbs::host(&service)?, "index.html", "found").await?;
    let log = owner.deployment_log(&web, number).await?;
    ensure!(log.contains("There is public/index.html"), "{log}");

    repository.commit("Third", &[("Dockerfile", &crate::git::dockerfile("three"))])?;
    let plan: Value = owner.get(&at).await?.ok()?;
    ensure!(plan["builder"]["type"] == "dockerfile" && plan["dockerfile"].is_null(), "{plan}");
    Ok(())
}
