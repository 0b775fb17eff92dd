//! What a container uses, computed as `docker stats` does.

use bollard::models::{ContainerBlkioStats, ContainerCpuStats, ContainerMemoryStats, ContainerStatsResponse};
use bollard::query_parameters::StatsOptionsBuilder;
use futures::StreamExt;

use super::connection::Docker;
use super::error::{Asked, DockerError, ObjectKind};
use super::names::checked_name;
use super::observed::InstanceStats;

pub(super) async fn measure(docker: &Docker, name: &str) -> Result<InstanceStats, DockerError> {
    checked_name("container name", name)?;
    // Without `one_shot` Docker samples twice, a second apart, so that a rate can be told.
    let options = StatsOptionsBuilder::default().stream(false).one_shot(false).build();
    let asked = Asked::to("measure", ObjectKind::Container, name);
    let mut samples = docker.api.stats(name, Some(options));
    match samples.next().await {
        Some(sample) => sample.map(|s| stats_of(&s)).map_err(docker.failed(asked)),
        None => Ok(InstanceStats::default()),
    }
}

fn stats_of(sample: &ContainerStatsResponse) -> InstanceStats {
    let memory = sample.memory_stats.clone().unwrap_or_default();
    let networks = sample.networks.as_ref();
    let total = |of: fn(&bollard::models::ContainerNetworkStats) -> Option<u64>| {
        networks.map_or(0, |all| all.values().filter_map(of).sum())
    };
    let blocks = sample.blkio_stats.clone().unwrap_or_default();
    InstanceStats {
        cpu_percent: cpu_percent(sample.precpu_stats.as_ref(), sample.cpu_stats.as_ref()),
        memory: working_set(&memory),
        memory_limit: memory.limit.unwrap_or_default(),
        network_received: total(|n| n.rx_bytes),
        network_sent: total(|n| n.tx_bytes),
        block_read: blocks_of(&blocks, "read"),
        block_written: blocks_of(&blocks, "write"),
        pids: sample.pids_stats.as_ref().and_then(|p| p.current).unwrap_or_default(),
    }
}

#[allow(clippy::cast_precision_loss)]
fn cpu_percent(before: Option<&ContainerCpuStats>, now: Option<&ContainerCpuStats>) -> f64 {
    let (Some(before), Some(now)) = (before, now) else {
        return 0.0;
    };
    let used = |s: &ContainerCpuStats| s.cpu_usage.as_ref().and_then(|u| u.total_usage).unwrap_or_default();
    let passed = |s: &ContainerCpuStats| s.system_cpu_usage.unwrap_or_default();
    let used = used(now).saturating_sub(used(before)) as f64;
    let passed = passed(now).saturating_sub(passed(before)) as f64;
    let per_core = now.cpu_usage.as_ref().and_then(|u| u.percpu_usage.as_ref()).map_or(1, Vec::len);
    let cores = now.online_cpus.filter(|&n| n > 0).map_or(per_core as f64, f64::from);
    if passed > 0.0 { used / passed * cores * 100.0 } else { 0.0 }
}

/// Usage without the page cache that the kernel can take back: cgroup v1 and v2 name it differently.
fn working_set(memory: &ContainerMemoryStats) -> u64 {
    let usage = memory.usage.unwrap_or_default();
    let stats = memory.stats.as_ref();
    let inactive =
        stats.and_then(|s| s.get("total_inactive_file").or_else(|| s.get("inactive_file"))).copied();
    match inactive {
        Some(inactive) if inactive < usage => usage - inactive,
        _ => usage,
    }
}

fn blocks_of(blocks: &ContainerBlkioStats, kind: &str) -> u64 {
    let entries = blocks.io_service_bytes_recursive.as_deref().unwrap_or_default();
    entries
        .iter()
        .filter(|e| e.op.as_deref().is_some_and(|op| op.eq_ignore_ascii_case(kind)))
        .filter_map(|e| e.value)
        .sum()
}

#[cfg(test)]
mod tests {
    use bollard::models::ContainerCpuUsage;

    use super::*;

    fn cpu(total: u64, system: u64) -> ContainerCpuStats {
        ContainerCpuStats {
            cpu_usage: Some(ContainerCpuUsage { total_usage: Some(total), ..Default::default() }),
            system_cpu_usage: Some(system),
            online_cpus: Some(2),
            ..Default::default()
        }
    }

    #[test]
    fn a_busy_core_of_two_is_one_hundred_per_cent() {
        let percent = cpu_percent(Some(&cpu(0, 0)), Some(&cpu(500, 1000)));
        assert!((percent - 100.0).abs() < f64::EPSILON, "{percent}");
        assert!(cpu_percent(Some(&cpu(5, 5)), Some(&cpu(5, 5))) == 0.0);
    }

    #[test]
    fn page_cache_is_not_counted_as_used() {
        let memory = ContainerMemoryStats {
            usage: Some(100),
            stats: Some([("inactive_file".to_owned(), 30)].into()),
            ..Default::default()
        };
        assert_eq!(working_set(&memory), 70);
    }
}
