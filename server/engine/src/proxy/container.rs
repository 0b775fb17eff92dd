//! The proxy's container: Traefik's static configuration, as arguments.

use std::time::Duration;

use berth_domain::domain_settings::IpRange;
use sha2::{Digest, Sha256};
use tracing::warn;

use super::base::ENTRY_POINT;
use super::error::ProxyError;
use super::{ProxyConfig, files, own_network, public};
use crate::docker::{DockerError, InstanceSpec, Labels, Mount, Restart, Runtime};

/// The label that says of which definition a container is.
const DEFINITION: &str = "berth.definition";
/// The label that names the published ports which it was made without, such as `tcp/20003`.
pub(super) const LEFT_OUT: &str = "berth.ports-left-out";
/// Says that an object is the proxy's and no service's.
pub const ROLE: &str = "berth.role";
/// Where Traefik sees the watched folder.
const WATCHED: &str = "/routes";
/// Where it keeps bodies that are held until they are complete.
const BODIES: &str = "/tmp";
/// Above 1023, so that Traefik needs no power to listen.
pub(super) const WEB_PORT: u16 = 8000;
/// The same for HTTPS.
pub(super) const SECURE_PORT: u16 = 8443;
pub(super) const INTERNAL_PORT: u16 = 8079;
/// How long open requests may go on when the proxy is replaced.
const GRACE: Duration = Duration::from_secs(10);

pub(super) async fn ensure(config: &ProxyConfig, runtime: &dyn Runtime) -> Result<(), ProxyError> {
    let wanted = spec(config, &[]);
    let found = runtime.inspect_instance(&wanted.name).await?;
    match found {
        Some(found) if found.labels.get(DEFINITION) == wanted.labels.get(DEFINITION) => {
            if !found.running {
                start_again(config, runtime).await?;
            }
        }
        found => {
            if runtime.inspect_image(&wanted.image).await?.is_none() {
                runtime.pull_image(&wanted.image, None, &|_| ()).await?;
            }
            if found.is_some() {
                remove(config, runtime).await?;
            }
            own_network::ensure(config, runtime).await?;
            make(config, runtime).await?;
        }
    }
    join_all(config, runtime).await
}

/// Starts one that ended. After a restart of the machine another program may have come first to a published port: then it
/// is made anew without that.
async fn start_again(config: &ProxyConfig, runtime: &dyn Runtime) -> Result<(), ProxyError> {
    match runtime.start_instance(&config.container_name()).await {
        Err(error) if !config.ports.is_empty() => {
            warn!(%error, "the proxy does not start; it is made anew");
            runtime.remove_instance(&config.container_name()).await?;
            make(config, runtime).await
        }
        started => Ok(started?),
    }
}

/// Makes and starts it. What it is there for is HTTP: a published port that another program has is left out, and when it
/// does not start with the others either, they all are.
async fn make(config: &ProxyConfig, runtime: &dyn Runtime) -> Result<(), ProxyError> {
    let taken = public::taken(config);
    if !taken.is_empty() {
        warn!(ports = taken.join(" "), "other programs of this machine have ports that services were to get");
    }
    let Err(error) = make_without(config, runtime, &taken).await else { return Ok(()) };
    if config.ports.is_empty() {
        return Err(error);
    }
    runtime.remove_instance(&config.container_name()).await?;
    warn!(%error, "the proxy does not start with published ports; it is tried without them");
    let without = make_without(config, runtime, &public::names(config)).await;
    if without.is_err() {
        // The next attempt is with them again.
        runtime.remove_instance(&config.container_name()).await?;
    }
    without
}

async fn make_without(
    config: &ProxyConfig,
    runtime: &dyn Runtime,
    left_out: &[String],
) -> Result<(), ProxyError> {
    let wanted = spec(config, left_out);
    runtime.create_instance(&wanted).await?;
    join_all(config, runtime).await?;
    Ok(runtime.start_instance(&wanted.name).await?)
}

pub(super) async fn remove(config: &ProxyConfig, runtime: &dyn Runtime) -> Result<(), DockerError> {
    let name = config.container_name();
    runtime.stop_instance(&name, GRACE + Duration::from_secs(2)).await?;
    runtime.remove_instance(&name).await
}

/// Every environment's network: a new container starts where the old one was, and one that a person took out returns.
async fn join_all(config: &ProxyConfig, runtime: &dyn Runtime) -> Result<(), ProxyError> {
    let name = config.container_name();
    let joined = runtime.inspect_instance(&name).await?.map(|seen| seen.addresses).unwrap_or_default();
    let ours: Labels = [("berth.instance".to_owned(), config.instance.clone())].into();
    for network in runtime.networks(&ours).await? {
        if network.name != config.network_name() && !joined.contains_key(&network.name) {
            runtime.connect_network(&network.name, &name, &[]).await?;
        }
    }
    Ok(())
}

pub(super) fn own_labels(config: &ProxyConfig) -> Labels {
    [("berth.instance", config.instance.as_str()), (ROLE, "proxy")]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into()
}

/// The container as wanted; of the same definition whatever had to be left out.
fn spec(config: &ProxyConfig, left_out: &[String]) -> InstanceSpec {
    let folder = config.folder_for_docker.as_deref().unwrap_or(&config.folder);
    let mut spec = InstanceSpec {
        name: config.container_name(),
        image: config.image.clone(),
        labels: own_labels(config),
        command: Some(arguments(config)),
        network: Some(config.network_name()),
        mounts: vec![
            Mount::Bind { source: files::routes(folder), target: WATCHED.into(), read_only: true },
            Mount::Bind { source: files::bodies(folder), target: BODIES.into(), read_only: false },
        ],
        ports: public::all(config),
        restart: Restart::UnlessStopped,
        // The owner of the files, which nobody else may read.
        user: Some(format!("{}:{}", nix::unistd::getuid(), nix::unistd::getgid())),
        read_only: true,
        cap_drop: vec!["ALL".into()],
        stop_timeout: Some(GRACE + Duration::from_secs(2)),
        ..Default::default()
    };
    let definition = definition(&spec);
    spec.labels.insert(DEFINITION.into(), definition);
    spec.ports = public::without(spec.ports, config, left_out);
    spec.labels.insert(LEFT_OUT.into(), left_out.join(" "));
    spec
}

/// Traefik's static configuration. Its defaults stand where nothing is said, among them: forwarded headers of clients
/// that are no trusted proxies are not believed, and a request's address is the connection's.
fn arguments(config: &ProxyConfig) -> Vec<String> {
    let mut arguments = vec![
        format!("--providers.file.directory={WATCHED}"),
        "--providers.file.watch=true".into(),
        // The default of 2 s would delay every switch by up to that.
        "--providers.providersThrottleDuration=50ms".into(),
    ];
    arguments.extend(public_entry_point(super::WEB, WEB_PORT, &config.trusted));
    if config.https_port != 0 {
        arguments.extend(public_entry_point(super::SECURE, SECURE_PORT, &config.trusted));
    }
    arguments.push(format!("--entryPoints.{ENTRY_POINT}.address=:{INTERNAL_PORT}"));
    arguments.extend(public::entry_points(config));
    let rest = [
        "--api=true",
        "--api.dashboard=false",
        "--ping=true",
        "--ping.manualRouting=true",
        "--metrics.prometheus=true",
        "--metrics.prometheus.manualRouting=true",
        "--metrics.prometheus.addServicesLabels=true",
        "--metrics.prometheus.addEntryPointsLabels=false",
        "--serversTransport.maxIdleConnsPerHost=200",
        "--serversTransport.forwardingTimeouts.dialTimeout=10s",
        "--log.format=json",
        "--log.level=WARN",
        "--global.checkNewVersion=false",
        "--global.sendAnonymousUsage=false",
    ];
    arguments.extend(rest.map(str::to_owned));
    arguments
}

fn public_entry_point(name: &str, port: u16, trusted: &[IpRange]) -> Vec<String> {
    let point = format!("--entryPoints.{name}");
    let mut arguments = vec![
        format!("{point}.address=:{port}"),
        // Traefik's 60 s bound the whole request: it cuts long uploads, and server-sent events after a minute.
        format!("{point}.transport.respondingTimeouts.readTimeout=0s"),
        format!("{point}.transport.respondingTimeouts.writeTimeout=0s"),
        format!("{point}.transport.respondingTimeouts.idleTimeout=180s"),
        format!("{point}.transport.lifeCycle.graceTimeOut={}s", GRACE.as_secs()),
    ];
    if !trusted.is_empty() {
        let all: Vec<_> = trusted.iter().map(IpRange::as_str).collect();
        arguments.push(format!("{point}.forwardedHeaders.trustedIPs={}", all.join(",")));
    }
    arguments
}

/// A fingerprint of all that would need another container.
fn definition(spec: &InstanceSpec) -> String {
    let parts = format!(
        "{:?}",
        (
            &spec.image,
            &spec.command,
            &spec.network,
            &spec.mounts,
            &spec.ports,
            &spec.user,
            &spec.cap_drop,
            spec.read_only,
            // A machine that has got IPv6 gets a network with it.
            own_network::has_ipv6()
        )
    );
    hex::encode(&Sha256::digest(parts)[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use berth_domain::published_port::Protocol;

    #[test]
    fn another_port_or_image_is_another_definition() {
        let config = ProxyConfig::new("main", "/var/lib/berth/proxy");
        let definition = |config: &ProxyConfig| spec(config, &[]).labels.remove(DEFINITION);
        assert_eq!(definition(&config), definition(&config.clone()));
        assert_ne!(definition(&config), definition(&ProxyConfig { http_port: 8080, ..config.clone() }));
        assert_ne!(definition(&config), definition(&ProxyConfig { https_port: 8443, ..config.clone() }));
        assert_ne!(definition(&config), definition(&ProxyConfig { ports: vec![20000], ..config.clone() }));
        assert_ne!(definition(&config), definition(&ProxyConfig { image: "traefik:v3.8".into(), ..config }));
    }

    #[test]
    fn only_proxies_that_are_named_are_believed() {
        let said = |text: &str| {
            let trusted = berth_domain::domain_settings::ranges(text).expect("ranges");
            let config = ProxyConfig { trusted, ..ProxyConfig::new("main", "/x") };
            arguments(&config).into_iter().find(|argument| argument.contains("forwardedHeaders"))
        };
        assert_eq!(said(""), None);
        let two = "--entryPoints.web.forwardedHeaders.trustedIPs=10.0.0.0/8,2001:db8::1";
        assert_eq!(said("10.0.0.0/8, 2001:db8::1").as_deref(), Some(two));
    }

    #[test]
    fn what_is_left_out_makes_no_other_definition() {
        let config = ProxyConfig { ports: vec![20000, 20001], ..ProxyConfig::new("main", "/x") };
        let (whole, part) = (spec(&config, &[]), spec(&config, &["tcp/20001".into()]));
        assert_eq!(whole.labels.get(DEFINITION), part.labels.get(DEFINITION));
        let has = |spec: &InstanceSpec, protocol| {
            spec.ports.iter().any(|one| one.port == 20001 && one.protocol == protocol)
        };
        assert!(has(&whole, Protocol::Tcp) && !has(&part, Protocol::Tcp) && has(&part, Protocol::Udp));
        assert_eq!(part.labels.get(LEFT_OUT).map(String::as_str), Some("tcp/20001"));
    }

    #[test]
    fn the_own_network_sorts_before_any_environments() {
        let config = ProxyConfig::new("main", "/x");
        assert!(config.network_name().as_str() < "berth-main-0");
        assert!(config.network_name().as_str() < "berth-main-a-production");
    }
}
