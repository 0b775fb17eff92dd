//! The proxy against real Docker and real Traefik.

#[path = "lab/lab.rs"]
mod lab;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use berth_engine::docker::{InstanceSpec, Runtime};
use berth_engine::proxy::{Backend, Proxy, ProxyConfig, ProxyError, Route, Server, ServiceRoutes};
use lab::{Lab, eventually};

const HOST: &str = "shop.example.test";

/// A proxy of the test's own, with a network that it has joined.
struct Front {
    lab: Lab,
    folder: tempfile::TempDir,
    proxy: Proxy,
    network: String,
    client: reqwest::Client,
}

impl Front {
    async fn open() -> Self {
        let lab = Lab::open().await;
        let folder = tempfile::tempdir().expect("a folder");
        let config = ProxyConfig {
            image: std::env::var("BERTH_PROXY_IMAGE").unwrap_or_else(|_| "traefik:v3.7".into()),
            http_port: free_port(),
            api_port: free_port(),
            ..ProxyConfig::new(&lab.instance, folder.path())
        };
        let proxy = Proxy::open(config).await.expect("opened");
        proxy.ensure_running(&lab.docker).await.expect("runs");
        let network = lab.name("shop-production");
        lab.docker.ensure_network(&network, &lab.labels()).await.expect("a network");
        proxy.attach(&lab.docker, &network).await.expect("joined");
        proxy.attach(&lab.docker, &network).await.expect("joined already");
        let client =
            reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().expect("a client");
        Self { lab, folder, proxy, network, client }
    }

    /// An instance that answers with its version, ready.
    async fn instance(&self, version: &str) -> Server {
        let spec = InstanceSpec {
            network: Some(self.network.clone()),
            env: vec![("VERSION".into(), version.into())],
            ..self.lab.spec(version)
        };
        self.lab.run(&spec).await;
        eventually("it listens", async || {
            let ports = self.lab.docker.listening_ports(&spec.name).await.expect("asked").unwrap_or_default();
            if ports.is_empty() { Err("nothing") } else { Ok(()) }
        })
        .await;
        Server { container: spec.name, port: 8080 }
    }

    fn routes(&self, version: &str, server: Server) -> ServiceRoutes {
        let backend = Backend { deployment: version.into(), servers: vec![server], weight: 1 };
        ServiceRoutes::to_one("shop-web", vec![route(HOST, "/", false)], backend, nonce())
    }

    async fn switch(&self, routes: &ServiceRoutes) -> Duration {
        assert!(self.proxy.write_routes(routes).await.expect("written"));
        self.proxy.confirm(routes, Duration::from_secs(10)).await.expect("confirmed")
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.proxy.config().http_port)
    }

    async fn ask(&self, host: &str, path: &str) -> (u16, String) {
        let answer = self.client.get(self.url(path)).header("host", host).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }
}

fn route(host: &str, path: &str, strip_path: bool) -> Route {
    let mut route = Route::new(host.parse().expect("a host"), path.parse().expect("a path"));
    route.settings.forwarded_path = strip_path.then(berth_domain::domain_name::PathPrefix::root);
    route
}

fn nonce() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

#[tokio::test]
async fn a_service_is_reached_once_confirmed_and_not_before() {
    let front = Front::open().await;
    assert_eq!(front.ask(HOST, "/").await.0, 404);
    let routes = front.routes("v1", front.instance("v1").await);
    let took = front.switch(&routes).await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert_eq!(front.ask(HOST, "/").await, (200, "v1".into()));
    assert_eq!(front.ask("other.example.test", "/").await.0, 404);
    assert!(!front.proxy.write_routes(&routes).await.expect("asked"), "equal routes are not written again");
    assert_eq!(front.proxy.services_on_disk().await.expect("listed"), ["shop-web"]);

    front.proxy.remove_routes("shop-web").await.expect("removed");
    eventually("the route is gone", async || match front.ask(HOST, "/").await.0 {
        404 => Ok(()),
        other => Err(other),
    })
    .await;
}

#[tokio::test]
async fn the_internal_entry_point_asks_for_the_key() {
    let front = Front::open().await;
    let config = front.proxy.config().clone();
    front.proxy.health().await.expect("well");
    for path in ["/ping", "/metrics", "/api/rawdata", "/dashboard/", "/api/http/routers"] {
        let url = format!("http://127.0.0.1:{}{path}", config.api_port);
        assert_eq!(front.client.get(&url).send().await.expect("an answer").status(), 404, "{path}");
        assert_eq!(front.ask("localhost", path).await.0, 404, "{path} at the public entry point");
    }
    // Not even with the key is it at the public entry point.
    let key = std::fs::read_to_string(front.folder.path().join("key")).expect("the key");
    let answer = front
        .client
        .get(front.url("/api/rawdata"))
        .header("X-Berth-Key", key)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn a_backend_that_does_not_answer_is_not_confirmed() {
    let front = Front::open().await;
    let elsewhere = Server { port: 9, ..front.instance("v1").await };
    let routes = front.routes("v1", elsewhere);
    front.proxy.write_routes(&routes).await.expect("written");
    let error = front.proxy.confirm(&routes, Duration::from_secs(2)).await.expect_err("nobody there");
    assert!(matches!(&error, ProxyError::NotConfirmed { reason, .. } if reason.contains("502")), "{error}");
    // Routes that were never written are not confirmed either.
    let unwritten = front.routes("v2", front.instance("v2").await);
    let error = front.proxy.confirm(&unwritten, Duration::from_millis(500)).await.expect_err("not written");
    assert!(error.to_string().contains("earlier routes"), "{error}");
}

#[tokio::test]
async fn paths_lead_to_their_services_and_are_stripped_where_asked() {
    let front = Front::open().await;
    let site = front.routes("site", front.instance("site").await);
    front.switch(&site).await;
    let server = front.instance("api").await;
    let backend = Backend { deployment: "api".into(), servers: vec![server], weight: 1 };
    let api = ServiceRoutes::to_one("shop-api", vec![route(HOST, "/api", true)], backend, nonce());
    front.switch(&api).await;
    assert_eq!(front.ask(HOST, "/").await.1, "site");
    assert_eq!(front.ask(HOST, "/api").await.1, "api");
    assert_eq!(front.ask(HOST, "/api/healthz").await.0, 200);
    assert_eq!(front.ask(HOST, "/apix").await.0, front.ask(HOST, "/no-such-page").await.0);
}

#[tokio::test]
async fn weights_share_the_requests_and_are_counted() {
    let front = Front::open().await;
    let mut routes = front.routes("v1", front.instance("v1").await);
    routes.backends[0].weight = 3;
    routes.backends.push(Backend {
        deployment: "v2".into(),
        servers: vec![front.instance("v2").await],
        weight: 1,
    });
    front.switch(&routes).await;
    let mut second = 0;
    for _ in 0..40 {
        second += u32::from(front.ask(HOST, "/").await.1 == "v2");
    }
    assert!((8..=12).contains(&second), "{second} of 40");
    let counts = front.proxy.counts().await.expect("counted");
    let of = |deployment: &str| {
        counts
            .iter()
            .find(|c| c.service_and_deployment() == Some(("shop-web", deployment)))
            .map_or(0, |c| c.served)
    };
    assert!(of("v1") >= 28 && of("v2") >= 8, "{counts:?}");
}

#[tokio::test]
async fn routes_survive_a_restart_of_the_proxy_and_its_replacement() {
    let front = Front::open().await;
    let routes = front.routes("v1", front.instance("v1").await);
    front.switch(&routes).await;
    let name = front.proxy.config().container_name();
    let first = front.lab.docker.inspect_instance(&name).await.expect("asked").expect("there").id;
    front.proxy.ensure_running(&front.lab.docker).await.expect("runs");
    let same = front.lab.docker.inspect_instance(&name).await.expect("asked").expect("there").id;
    assert_eq!(first, same, "a proxy that is as wanted is left alone");

    front.lab.docker.stop_instance(&name, Duration::from_secs(15)).await.expect("stopped");
    front.proxy.ensure_running(&front.lab.docker).await.expect("runs");
    assert_eq!(front.ask(HOST, "/").await.1, "v1");

    let config = ProxyConfig { http_port: free_port(), ..front.proxy.config().clone() };
    let moved = Proxy::open(config.clone()).await.expect("opened");
    moved.ensure_running(&front.lab.docker).await.expect("runs");
    let other = front.lab.docker.inspect_instance(&name).await.expect("asked").expect("there").id;
    assert_ne!(first, other, "another definition is another container");
    let url = format!("http://127.0.0.1:{}/", config.http_port);
    let answer = front.client.get(url).header("host", HOST).send().await.expect("an answer");
    assert_eq!(answer.text().await.expect("a body"), "v1", "joined to the environment's network again");
}

#[tokio::test]
async fn an_event_stream_comes_as_it_is_written() {
    let front = Front::open().await;
    let routes = front.routes("v1", front.instance("v1").await);
    front.switch(&routes).await;
    let started = Instant::now();
    let mut answer =
        front.client.get(front.url("/sse?n=3&ms=400")).header("host", HOST).send().await.expect("an answer");
    assert!(answer.chunk().await.expect("a chunk").is_some());
    assert!(started.elapsed() < Duration::from_millis(600), "{:?}", started.elapsed());
}

/// Asks as fast as it can, half of it over fresh connections, and counts what went wrong.
struct Load {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
    workers: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

impl Load {
    #[allow(clippy::disallowed_methods)]
    fn start(front: &Front) -> Self {
        let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let work = |fresh: bool| {
            let (stop, asked, url) = (Arc::clone(&stop), Arc::clone(&asked), front.url("/"));
            tokio::spawn(async move {
                let idle = if fresh { 0 } else { 8 };
                let builder = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10));
                let client = builder.pool_max_idle_per_host(idle).build().expect("a client");
                let mut wrong = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    match client.get(&url).header("host", HOST).send().await {
                        Ok(answer) if answer.status().is_success() => {
                            if let Err(error) = answer.bytes().await {
                                wrong.push(format!("{error:?}"));
                            }
                        }
                        Ok(answer) => wrong.push(answer.status().to_string()),
                        Err(error) => wrong.push(format!("{error:?}")),
                    }
                    asked.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(4)).await;
                }
                wrong
            })
        };
        let workers = (0..4).map(|n| work(n % 2 == 0)).collect();
        Self { stop, asked, workers }
    }

    async fn end(self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let mut wrong = Vec::new();
        for worker in self.workers {
            wrong.extend(worker.await.expect("a worker"));
        }
        (self.asked.load(Ordering::Relaxed), wrong)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_dep_1_no_request_is_lost_over_ten_switches() {
    let front = Front::open().await;
    let mut routes = front.routes("v0", front.instance("v0").await);
    front.switch(&routes).await;
    let load = Load::start(&front);
    let mut switches = Vec::new();
    for n in 1..=10 {
        let before = routes.backends[0].servers[0].container.clone();
        let version = format!("v{n}");
        routes = front.routes(&version, front.instance(&version).await);
        switches.push(front.switch(&routes).await);
        // The program ends at once on SIGTERM, so what is still on its way must have a moment.
        tokio::time::sleep(Duration::from_millis(300)).await;
        front.lab.docker.stop_instance(&before, Duration::from_secs(2)).await.expect("stopped");
    }
    let (asked, wrong) = load.end().await;
    switches.sort();
    println!("{asked} requests, switch median {:?}, slowest {:?}", switches[5], switches[9]);
    assert!(asked > 500, "{asked}");
    assert!(wrong.is_empty(), "{} of {asked}: {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joining_another_network_loses_no_request() {
    let front = Front::open().await;
    let routes = front.routes("v1", front.instance("v1").await);
    front.switch(&routes).await;
    let load = Load::start(&front);
    for name in ["a", "zz", "0"] {
        let network = front.lab.name(name);
        front.lab.docker.ensure_network(&network, &front.lab.labels()).await.expect("a network");
        front.proxy.attach(&front.lab.docker, &network).await.expect("joined");
        tokio::time::sleep(Duration::from_millis(300)).await;
        front.proxy.detach(&front.lab.docker, &network).await.expect("left");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let (asked, wrong) = load.end().await;
    assert!(wrong.is_empty(), "{} of {asked}: {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
}
