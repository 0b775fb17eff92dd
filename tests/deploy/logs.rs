//! Logs of services: kept, searched, followed without gap or double.

use crate::fixture::Shipped;
use berth_tests::{
    prelude::*,
    sse::Events,
    verbs::{self, text},
};

/// Waits until the service's log has this many lines with a text.
async fn logged(shipped: &Shipped, search: &str, lines: usize) -> Result<()> {
    eventually(&format!("{lines} lines with {search:?} are logged"), || async {
        let page = shipped.owner.log(&shipped.web, &format!("search={search}&limit=5000")).await?;
        ensure!(page.lines.len() == lines, "there are {}", page.lines.len());
        Ok(())
    })
    .await
}

/// R-LOG-2: what an old release said is still there after it is gone, and so are a crashed one's last words.
#[tokio::test]
async fn r_log_2_logs_are_kept_across_redeployments() -> Result<()> {
    let shipped = Shipped::live().await?;
    shipped.body("/log?n=3&text=from-the-first").await?;
    logged(&shipped, "from-the-first", 3).await?;
    shipped.owner.ship_version(&shipped.web, "two").await?;
    shipped.body("/log?n=2&text=from-the-second&stream=stderr").await?;
    logged(&shipped, "from-the-second", 2).await?;
    logged(&shipped, "from-the-first", 3).await?;
    let errors = shipped.owner.log(&shipped.web, "stream=err&search=from-the").await?;
    ensure!(errors.lines.len() == 2, "{errors:?}");
    let nothing = shipped.owner.log(&shipped.web, "search=from-the&until=2020-01-01T00:00:00Z").await?;
    ensure!(nothing.lines.is_empty(), "{nothing:?}");
    Ok(())
}

/// R-LOG-4: a viewer that comes back gets every line once.
#[tokio::test]
async fn r_log_4_a_follower_resumes_without_gap_or_double() -> Result<()> {
    let shipped = Shipped::live().await?;
    let stream = format!("{}/logs/stream", verbs::of(&shipped.web));
    let mut feed = Events::open(&shipped.owner, &stream, None).await?;
    shipped.body("/log?n=2000&text=counted").await?;
    let mut seen = Vec::new();
    while seen.len() < 500 {
        let batch = feed.find(Duration::from_secs(10), |event| event.event == "lines").await?;
        seen.extend(counted(&batch.data)?);
    }
    let cursor = feed.last_id.clone();
    drop(feed);
    shipped.body("/log?n=3000&text=counted").await?;
    let mut feed = Events::open(&shipped.owner, &stream, cursor.as_deref()).await?;
    while seen.len() < 5_000 {
        let batch = feed.find(Duration::from_secs(10), |event| event.event == "lines").await?;
        seen.extend(counted(&batch.data)?);
    }
    let wanted: Vec<u32> = (1..=2_000).chain(1..=3_000).collect();
    ensure!(seen == wanted, "{} lines were seen, not each once and in order", seen.len());
    Ok(())
}

/// The numbers in a batch of `counted <n>` lines.
fn counted(data: &str) -> Result<Vec<u32>> {
    let lines: Vec<berth_domain::log::LogLine> = serde_json::from_str(data)?;
    let numbers = lines.iter().filter_map(|line| line.text.strip_prefix("counted ")?.parse().ok());
    Ok(numbers.collect())
}

/// The whole log is downloaded as text.
#[tokio::test]
async fn the_log_is_downloaded_as_text() -> Result<()> {
    let shipped = Shipped::live().await?;
    shipped.body("/log?n=6000&text=downloaded").await?;
    eventually("the last line is logged", || async {
        let page = shipped.owner.log(&shipped.web, "limit=1&search=downloaded").await?;
        ensure!(text(&page).contains("downloaded 6000"), "{page:?}");
        Ok(())
    })
    .await?;
    let answer = shipped.owner.get(&format!("{}/logs/download", verbs::of(&shipped.web))).await?;
    ensure!(answer.header("content-disposition").contains("attachment"), "{:?}", answer.headers);
    ensure!(answer.text.lines().filter(|line| line.contains("downloaded")).count() == 6_000);
    Ok(())
}

/// A build's log is followed while it grows, from its beginning to its end.
#[tokio::test]
async fn a_deployments_log_is_followed_to_its_end() -> Result<()> {
    let shipped = Shipped::live().await?;
    let queued = shipped.owner.deploy(&shipped.web).await?;
    let stream = format!("{}/deployments/{}/log/stream", verbs::of(&shipped.web), queued.number);
    let mut feed = Events::open(&shipped.owner, &stream, None).await?;
    let mut lines = 0;
    while let Some(event) = feed.next().await? {
        if event.event == "end" {
            break;
        }
        lines += serde_json::from_str::<Vec<Value>>(&event.data)?.len();
    }
    let whole = shipped.owner.deployment_log(&shipped.web, queued.number).await?;
    ensure!(lines > 3 && lines == whole.lines().count(), "{lines} of {} lines came", whole.lines().count());
    Ok(())
}

/// R-DISK-1: a container's own log is limited.
#[tokio::test]
async fn r_disk_1_containers_run_with_a_log_size_limit() -> Result<()> {
    let shipped = Shipped::live().await?;
    let docker = Docker::connect().await?;
    let label = format!("{}={}", berth_tests::docker::INSTANCE, shipped.berth.instance);
    for container in docker.containers(&label).await? {
        let inspected = docker.api.inspect_container(&container.id.unwrap_or_default(), None).await?;
        let log = inspected
            .host_config
            .and_then(|host| host.log_config)
            .and_then(|log| log.config)
            .unwrap_or_default();
        ensure!(log.contains_key("max-size"), "{:?} has {log:?}", inspected.name);
    }
    Ok(())
}
