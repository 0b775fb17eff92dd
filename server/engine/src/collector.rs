//! Carries the instances' output into Berth's own log store, where it outlives them.

use std::{sync::Arc, time::Duration};

use berth_domain::{
    ids::ServiceId,
    log::{LogQuery, LogStream},
};
use chrono::DateTime;
use dashmap::DashMap;
use tokio::sync::{mpsc, watch};
use tokio_stream::StreamExt as _;
use tracing::{debug, warn};

use crate::{
    Engine,
    docker::{LogLine, LogStreamKind},
    logs::{NewLine, Stream},
    mask::Masker,
    naming::{number_of, service_of},
    supervisor::Jobs,
};

/// The most lines that are written at a time.
const BATCH: usize = 2_048;

/// How long lines are gathered before they are written: Docker sends each line by itself, and a write for each of them
/// costs a flood ten times what the lines themselves do.
const GATHERED: Duration = Duration::from_millis(10);

/// How long a stopped instance's last lines may take to arrive.
const REST_WITHIN: Duration = Duration::from_secs(5);

/// Instances to follow, by container and service.
pub(crate) type Requests = mpsc::UnboundedReceiver<(String, ServiceId)>;

/// Which instances are being followed, and where to ask for more.
pub(crate) struct Collector {
    following: DashMap<String, watch::Receiver<()>>,
    wanted: mpsc::UnboundedSender<(String, ServiceId)>,
}

impl Collector {
    /// A collector and the requests that its task works on.
    pub fn new() -> (Self, Requests) {
        let (wanted, requests) = mpsc::unbounded_channel();
        (Self { following: DashMap::new(), wanted }, requests)
    }
}

impl Engine {
    /// Follows an instance's output from where it was left.
    pub(crate) fn collect_logs(&self, container: &str, service: ServiceId) {
        // The collector's task ends only with the engine; then nobody needs the line.
        let _ = self.parts.collector.wanted.send((container.to_owned(), service));
    }

    /// Waits until everything that a stopped instance wrote is kept, within reason.
    pub(crate) async fn collect_rest(&self, container: &str) {
        let following = self.parts.collector.following.get(container).map(|entry| entry.clone());
        if let Some(mut ended) = following
            && tokio::time::timeout(REST_WITHIN, ended.changed()).await.is_err()
        {
            warn!(container, "some of the last log lines may be missing");
        }
    }
}

/// Follows what is asked for, for ever.
pub(crate) async fn run(engine: Engine, mut requests: Requests) {
    let mut jobs = Jobs::new();
    loop {
        tokio::select! {
            Some((container, service)) = requests.recv() => {
                let (ended, following) = watch::channel(());
                if engine.parts.collector.following.contains_key(&container) {
                    continue;
                }
                engine.parts.collector.following.insert(container.clone(), following);
                let engine = engine.clone();
                jobs.start(async move {
                    follow(&engine, &container, service).await;
                    engine.parts.collector.following.remove(&container);
                    drop(ended);
                });
            }
            () = jobs.one_ended() => {}
        }
    }
}

async fn follow(engine: &Engine, container: &str, service: ServiceId) {
    let Ok(docker) = engine.docker().await else { return };
    let Ok(Some(instance)) = docker.inspect_instance(container).await else { return };
    let number = number_of(&instance.labels);
    debug_assert_eq!(service_of(&instance.labels), Some(service));
    let origin: Arc<str> = origin_of(engine, service, container).into();
    let masker = engine.masker_of(service, number).await;
    let since = last_kept(engine, service, &origin).await;
    let batches = docker.follow_logs(container, since, None).chunks_timeout(BATCH, GATHERED);
    let mut batches = std::pin::pin!(batches);
    while let Some(batch) = futures::StreamExt::next(&mut batches).await {
        let mut lines = Vec::with_capacity(batch.len());
        for line in batch {
            match line {
                Ok(line) => lines.push(kept(line, &origin, &masker)),
                Err(error) => {
                    debug!(%error, container, "the output of an instance ended");
                    break;
                }
            }
        }
        if let Err(error) = engine.parts.logs.append(Stream::Service(service), &lines).await {
            warn!(%error, container, "could not keep log lines");
        }
    }
}

/// What people call a container in a log: `#12`, or `#12 worker 2` where a release has several.
fn origin_of(engine: &Engine, service: ServiceId, container: &str) -> String {
    let short = container.strip_prefix(&engine.parts.naming.prefix(service)).unwrap_or(container);
    let words = short.replace('-', " ");
    format!("#{}", words.strip_suffix(" web 1").unwrap_or(&words))
}

fn kept(line: LogLine, origin: &Arc<str>, masker: &Masker) -> NewLine {
    NewLine {
        at: DateTime::from_timestamp_nanos(line.at),
        stream: match line.stream {
            LogStreamKind::Stdout => LogStream::Out,
            LogStreamKind::Stderr => LogStream::Err,
        },
        origin: origin.clone(),
        text: masker.mask(&line.text).into_owned().into(),
    }
}

/// The time of the newest line that is kept of this instance, in nanoseconds since 1970.
async fn last_kept(engine: &Engine, service: ServiceId, origin: &str) -> Option<i64> {
    let query = LogQuery { limit: Some(1), origin: Some(origin.to_owned()), ..LogQuery::default() };
    let page = engine.parts.logs.page(Stream::Service(service), &query).await.ok()?;
    page.lines.last()?.at.timestamp_nanos_opt()
}
