//! Traefik's Prometheus metrics, as far as they are of use.

use std::collections::BTreeMap;

/// The requests that one Traefik service has answered since the proxy started.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServiceCounts {
    /// Its name as in our files, without `@file`: `<service>-at-<deployment>`.
    pub name: String,
    /// Answers below 500.
    pub served: u64,
    /// Answers of 500 and above.
    pub failed: u64,
    /// The time that all answers took together.
    pub seconds: f64,
}

impl ServiceCounts {
    /// The service's key and the deployment's id, where it is one of ours.
    pub fn service_and_deployment(&self) -> Option<(&str, &str)> {
        self.name.split_once("-at-")
    }
}

/// Sums the requests and durations of each service over codes, methods and protocols.
pub(super) fn parse(text: &str) -> Vec<ServiceCounts> {
    let mut counts: BTreeMap<String, ServiceCounts> = BTreeMap::new();
    for line in text.lines() {
        let Some((metric, labels, value)) = sample(line) else { continue };
        let Some(name) = label(labels, "service").and_then(|name| name.strip_suffix("@file")) else {
            continue;
        };
        let entry = counts
            .entry(name.to_owned())
            .or_insert_with(|| ServiceCounts { name: name.to_owned(), ..Default::default() });
        let failed =
            label(labels, "code").and_then(|code| code.parse::<u16>().ok()).is_some_and(|code| code >= 500);
        match metric {
            "requests_total" if failed => entry.failed += value as u64,
            "requests_total" => entry.served += value as u64,
            "request_duration_seconds_sum" => entry.seconds += value,
            _ => {}
        }
    }
    counts.into_values().collect()
}

/// A metric of a service, with its labels and value.
fn sample(line: &str) -> Option<(&str, &str, f64)> {
    let (metric, rest) = line.strip_prefix("traefik_service_")?.split_once('{')?;
    let (labels, value) = rest.rsplit_once("} ")?;
    let value = value.trim().parse::<f64>().ok().filter(|value| *value >= 0.0)?;
    Some((metric, labels, value))
}

/// Our names have no quotes or commas in them; what another provider's have does not matter.
fn label<'a>(labels: &'a str, wanted: &str) -> Option<&'a str> {
    labels.split(',').find_map(|label| label.strip_prefix(wanted)?.strip_prefix("=\"")?.strip_suffix('"'))
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
traefik_service_request_duration_seconds_sum{code=\"200\",method=\"GET\",protocol=\"http\",service=\"web-at-d1@file\"} 0.5
traefik_service_request_duration_seconds_count{code=\"200\"} 1
";
        let counts = parse(text);
        assert_eq!(counts, [ServiceCounts { name: "web-at-d1".into(), served: 8, failed: 2, seconds: 0.5 }]);
        assert_eq!(counts[0].service_and_deployment(), Some(("web", "d1")));
    }
}
