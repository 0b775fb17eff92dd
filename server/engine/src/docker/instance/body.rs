//! An [`InstanceSpec`] in the words of Docker's API.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HostConfig, HostConfigLogConfig, Mount as ApiMount,
    MountTmpfsOptions, MountType, NetworkingConfig, PortBinding, RestartPolicy, RestartPolicyNameEnum,
};

use super::super::error::DockerError;
use super::super::names::{checked_name, image_reference, shown};
use super::super::spec::{InstanceSpec, Mount, PublishedPort, Restart};

/// What is left of Docker's own set is what ordinary images need to start as root and become somebody else: CHOWN,
/// SETUID, SETGID, DAC_OVERRIDE, FOWNER, KILL and NET_BIND_SERVICE. Raw sockets allow spoofing on a shared network; the
/// others only give powers back, make devices, or write the machine's audit log.
const ALWAYS_DROPPED: [&str; 7] =
    ["AUDIT_WRITE", "FSETID", "MKNOD", "NET_RAW", "SETFCAP", "SETPCAP", "SYS_CHROOT"];
/// Docker's own log files are only the source of ours, so there is a limit. Whoever follows a file that is rotated
/// away unread loses lines (seen with Docker 20.10: 870,000 of a million written at once with three files of 10 MB,
/// none with one of 64), so the limit has room for a burst.
const LOG_FILE_SIZE: &str = "64m";
const LOG_FILES: &str = "2";

pub(super) fn of(spec: &InstanceSpec) -> Result<ContainerCreateBody, DockerError> {
    image_reference(&spec.image)?;
    Ok(ContainerCreateBody {
        image: Some(spec.image.clone()),
        env: Some(environment(spec)?),
        cmd: spec.command.clone(),
        // An empty string is how the API spells "no entry point".
        entrypoint: spec.entrypoint.clone().map(|e| if e.is_empty() { vec![String::new()] } else { e }),
        labels: Some(spec.labels.clone().into_iter().collect()),
        user: spec.user.clone(),
        working_dir: spec.working_dir.clone(),
        exposed_ports: Some(
            spec.ports.iter().map(|p| format!("{}/{}", p.container_port, p.protocol)).collect(),
        ),
        stop_signal: spec.stop_signal.clone(),
        stop_timeout: spec.stop_timeout.and_then(|t| i64::try_from(t.as_secs()).ok()),
        host_config: Some(host_config(spec)?),
        networking_config: networking(spec)?,
        ..Default::default()
    })
}

fn environment(spec: &InstanceSpec) -> Result<Vec<String>, DockerError> {
    let entry = |(key, value): &(String, String)| {
        let reason = if key.is_empty() || key.contains(['=', '\0']) {
            "a variable's name has no `=` and no NUL, and is not empty"
        } else if value.contains('\0') {
            "a variable's value cannot contain NUL"
        } else {
            return Ok(format!("{key}={value}"));
        };
        // The value may be a secret; only the name is told.
        Err(DockerError::Invalid { what: "variable", value: shown(key), reason: reason.into() })
    };
    spec.env.iter().map(entry).collect()
}

fn host_config(spec: &InstanceSpec) -> Result<HostConfig, DockerError> {
    let dropped =
        ALWAYS_DROPPED.iter().map(ToString::to_string).chain(spec.cap_drop.iter().cloned()).collect();
    let log = HostConfigLogConfig {
        typ: Some("json-file".into()),
        config: Some(
            [("max-size", LOG_FILE_SIZE), ("max-file", LOG_FILES)]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
        ),
    };
    Ok(HostConfig {
        network_mode: spec.network.clone(),
        mounts: Some(spec.mounts.iter().map(mount).collect::<Result<_, _>>()?),
        port_bindings: Some(bindings(&spec.ports)),
        nano_cpus: spec.nano_cpus,
        memory: spec.memory,
        // Equal to `memory`: swap would only make a leak slower to see.
        memory_swap: spec.memory,
        pids_limit: spec.pids_limit,
        restart_policy: Some(restart(spec.restart)),
        readonly_rootfs: Some(spec.read_only),
        log_config: Some(log),
        security_opt: Some(vec!["no-new-privileges".into()]),
        cap_drop: Some(dropped),
        cap_add: (!spec.cap_add.is_empty()).then(|| spec.cap_add.clone()),
        init: Some(spec.init),
        ..Default::default()
    })
}

fn mount(mount: &Mount) -> Result<ApiMount, DockerError> {
    let target = match mount {
        Mount::Volume { target, .. } | Mount::Bind { target, .. } | Mount::Tmpfs { target, .. } => target,
    };
    if !target.starts_with('/') || target == "/" || target.split('/').any(|part| part == "..") {
        return Err(DockerError::Invalid {
            what: "mount path",
            value: shown(target),
            reason: "use an absolute path inside the container, such as `/data`".into(),
        });
    }
    let target = Some(target.clone());
    Ok(match mount {
        Mount::Volume { name, read_only, .. } => {
            checked_name("volume name", name)?;
            ApiMount {
                target,
                typ: Some(MountType::VOLUME),
                source: Some(name.clone()),
                read_only: Some(*read_only),
                ..Default::default()
            }
        }
        Mount::Bind { source, read_only, .. } => ApiMount {
            target,
            typ: Some(MountType::BIND),
            source: Some(source.to_string_lossy().into_owned()),
            read_only: Some(*read_only),
            ..Default::default()
        },
        Mount::Tmpfs { size, .. } => ApiMount {
            target,
            typ: Some(MountType::TMPFS),
            tmpfs_options: Some(MountTmpfsOptions { size_bytes: Some(*size), ..Default::default() }),
            ..Default::default()
        },
    })
}

fn bindings(ports: &[PublishedPort]) -> HashMap<String, Option<Vec<PortBinding>>> {
    let mut bindings: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
    for published in ports {
        let key = format!("{}/{}", published.container_port, published.protocol);
        bindings.entry(key).or_default().get_or_insert_default().push(PortBinding {
            host_ip: Some(published.address.to_string()),
            host_port: Some(published.port.to_string()),
        });
    }
    bindings
}

pub(super) fn restart(restart: Restart) -> RestartPolicy {
    let (name, maximum_retry_count) = match restart {
        Restart::No => (RestartPolicyNameEnum::NO, None),
        Restart::UnlessStopped => (RestartPolicyNameEnum::UNLESS_STOPPED, None),
        Restart::OnFailure(times) => (RestartPolicyNameEnum::ON_FAILURE, Some(i64::from(times))),
    };
    RestartPolicy { name: Some(name), maximum_retry_count }
}

fn networking(spec: &InstanceSpec) -> Result<Option<NetworkingConfig>, DockerError> {
    let Some(network) = &spec.network else {
        return Ok(None);
    };
    checked_name("network name", network)?;
    let endpoint = EndpointSettings { aliases: Some(spec.aliases.clone()), ..Default::default() };
    Ok(Some(NetworkingConfig { endpoints_config: Some([(network.clone(), endpoint)].into()) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> InstanceSpec {
        InstanceSpec { name: "web-1".into(), image: "nginx:1".into(), ..Default::default() }
    }

    #[test]
    fn every_instance_has_small_logs_and_few_powers() {
        let body = of(&spec()).expect("a body");
        let host = body.host_config.expect("host config");
        assert_eq!(host.security_opt, Some(vec!["no-new-privileges".to_owned()]));
        assert!(host.cap_drop.expect("drops").contains(&"NET_RAW".to_owned()));
        let log = host.log_config.expect("log").config.expect("config");
        assert_eq!(log.get("max-size").map(String::as_str), Some(LOG_FILE_SIZE));
    }

    #[test]
    fn the_environment_is_sent_as_it_is() {
        let value = "a b\n\"$x\" `y` \u{1F980} {{z}}";
        let spec = InstanceSpec { env: vec![("K".into(), value.into())], ..spec() };
        assert_eq!(of(&spec).expect("a body").env, Some(vec![format!("K={value}")]));
    }

    #[test]
    fn what_cannot_be_sent_is_refused_by_name_and_without_the_value() {
        let spec = InstanceSpec { env: vec![("K".into(), "hush\0".into())], ..spec() };
        let message = of(&spec).expect_err("refused").to_string();
        assert!(message.contains('K') && !message.contains("hush"), "{message}");
    }

    #[test]
    fn a_mount_stays_inside_the_container() {
        for target in ["data", "/", "/a/../b"] {
            let mount = Mount::Volume { name: "v".into(), target: target.into(), read_only: false };
            assert!(of(&InstanceSpec { mounts: vec![mount], ..spec() }).is_err(), "{target}");
        }
    }
}
