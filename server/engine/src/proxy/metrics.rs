//! Traefik's Prometheus metrics, as far as they are of use.

use std::collections::BTreeMap;

/// The requests that one Traefik service has answered since the proxy started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceCounts {
    /// Its name as in our files, without `@file`: `<service>-at-<deployment>`.
    pub name: String,
    /// Answers below 500.
    pub served: u64,
    /// Answers of 500 and above.
    pub failed: u64,
}

impl ServiceCounts {
    /// The service's key and the deployment's id, where it is one of ours.
    pub fn service_and_deployment(&self) -> Option<(&str, &str)> {
        self.name.split_once("-at-")
    }
}

/// Sums `traefik_service_requests_total` over methods and protocols.
pub(super) fn parse(text: &str) -> Vec<ServiceCounts> {
    let mut counts: BTreeMap<String, ServiceCounts> = BTreeMap::new();
    for line in text.lines() {
        let Some((code, service, value)) = sample(line) else { continue };
        let Some(name) = service.strip_suffix("@file") else { continue };
        let entry = counts
            .entry(name.to_owned())
            .or_insert_with(|| ServiceCounts { name: name.to_owned(), ..Default::default() });
        if code >= 500 { entry.failed += value } else { entry.served += value }
    }
    counts.into_values().collect()
}

fn sample(line: &str) -> Option<(u16, &str, u64)> {
    let rest = line.strip_prefix("traefik_service_requests_total{")?;
    let (labels, value) = rest.rsplit_once("} ")?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let value = value.trim().parse::<f64>().ok().filter(|v| *v >= 0.0)? as u64;
    let label = |wanted: &str| {
        // Our names have no quotes or commas in them; other providers' samples are skipped above.
        labels.split(',').find_map(|l| l.strip_prefix(wanted)?.strip_prefix("=\"")?.strip_suffix('"'))
    };
    Some((label("code")?.parse().ok()?, label("service")?, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_per_deployment() {
        let text = "\
# TYPE traefik_service_requests_total counter
traefik_service_requests_total{code=\"200\",method=\"GET\",protocol=\"http\",service=\"web-at-d1@file\"} 7
traefik_service_requests_total{code=\"404\",method=\"GET\",protocol=\"http\",service=\"web-at-d1@file\"} 1
traefik_service_requests_total{code=\"502\",method=\"GET\",protocol=\"http\",service=\"web-at-d1@file\"} 2
traefik_service_requests_total{code=\"200\",method=\"GET\",protocol=\"http\",service=\"api@internal\"} 9
traefik_service_request_duration_seconds_count{code=\"200\"} 1
";
        let counts = parse(text);
        assert_eq!(counts, [ServiceCounts { name: "web-at-d1".into(), served: 8, failed: 2 }]);
        assert_eq!(counts[0].service_and_deployment(), Some(("web", "d1")));
    }
}
