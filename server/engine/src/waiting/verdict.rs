//! What becomes of a request in the waiting room: a pure function of how its service stands.

use std::time::Duration;

use berth_domain::{
    ids::EnvironmentId,
    service::ServiceState,
    traffic::{Share, Traffic},
};
use chrono::{DateTime, Utc};

use super::absent::names_another_port;
use crate::store::Standing;

/// Why nobody answers: what a visitor is told, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// No service has this host and path.
    NoSuchDomain,
    /// It was asked over HTTPS, and has no certificate yet.
    NoCertificate,
    /// Nothing was ever deployed.
    NeverDeployed,
    /// It answers no requests.
    Unrouted,
    /// A deployment is on its way.
    Starting,
    /// It was stopped on purpose.
    Stopped,
    /// It should run and does not.
    Down,
    /// It runs, and listens elsewhere.
    WrongPort,
    /// Its people are at work on it, and say this.
    Maintenance { message: Option<String> },
    /// Too many wait already, or it waited for too long.
    Busy,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Closed(Closed),
    /// It goes to this instance.
    Open {
        environment: EnvironmentId,
        instance: String,
        port: u16,
    },
    /// It waits for so long, unless something changes before.
    Waits(Duration),
}

/// Judges a request. `absent` says what is known of the instances beyond what is written down, `dice` chooses one.
pub(super) fn judge(
    standing: &Standing,
    port: Option<u16>,
    absent: Option<Closed>,
    now: DateTime<Utc>,
    dice: u32,
) -> Verdict {
    if let Some(maintenance) = &standing.maintenance {
        return Verdict::Closed(Closed::Maintenance { message: maintenance.message.clone() });
    }
    let left = |until: Option<DateTime<Utc>>| {
        until.and_then(|until| (until - now).to_std().ok()).filter(|left| !left.is_zero())
    };
    if let Some(wait) = left(standing.paused_until).or_else(|| left(standing.traffic.held_until)) {
        return Verdict::Waits(wait);
    }
    let Some((instance, port)) = chosen(&standing.traffic, port, dice) else {
        return Verdict::Closed(closed(standing));
    };
    match absent {
        Some(_) if standing.deploying => Verdict::Closed(Closed::Starting),
        Some(absent) => Verdict::Closed(absent),
        None => Verdict::Open { environment: standing.environment, instance, port },
    }
}

/// Why a service has nobody who answers.
fn closed(standing: &Standing) -> Closed {
    if !standing.routed {
        return Closed::Unrouted;
    }
    match standing.state {
        _ if standing.deploying => Closed::Starting,
        _ if standing.stopped => Closed::Stopped,
        _ if standing.failed.as_deref().is_some_and(names_another_port) => Closed::WrongPort,
        ServiceState::New => Closed::NeverDeployed,
        ServiceState::Deploying | ServiceState::Live => Closed::Starting,
        ServiceState::Stopped => Closed::Stopped,
        ServiceState::Down => Closed::Down,
    }
}

/// An instance by its share, and the port to ask it at.
fn chosen(traffic: &Traffic, port: Option<u16>, dice: u32) -> Option<(String, u16)> {
    let answers = |share: &&Share| {
        share.percent > 0 && !share.instances.is_empty() && (port.is_some() || share.port.is_some())
    };
    let all: u32 = traffic.shares.iter().filter(answers).map(|share| u32::from(share.percent)).sum();
    let mut at = dice.checked_rem(all)?;
    for share in traffic.shares.iter().filter(answers) {
        match at.checked_sub(share.percent.into()) {
            Some(rest) => at = rest,
            None => {
                let index = (dice / all) as usize % share.instances.len();
                return Some((share.instances[index].clone(), port.or(share.port)?));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use berth_domain::{ids::DeploymentId, waiting::Maintenance};
    use uuid::Uuid;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000, 0).unwrap()
    }

    fn later(seconds: i64) -> Option<DateTime<Utc>> {
        Some(now() + chrono::TimeDelta::seconds(seconds))
    }

    fn share(percent: u8, instances: &[&str]) -> Share {
        Share {
            deployment: DeploymentId(Uuid::nil()),
            number: 1,
            percent,
            port: Some(8080),
            instances: instances.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn standing() -> Standing {
        Standing {
            service: Uuid::nil().into(),
            environment: Uuid::nil().into(),
            routed: true,
            stopped: false,
            state: ServiceState::Live,
            deploying: false,
            failed: None,
            maintenance: None,
            paused_until: None,
            traffic: Traffic::to(vec![share(100, &["a"])]),
            pages: Vec::new(),
        }
    }

    fn judged(standing: &Standing) -> Verdict {
        judge(standing, None, None, now(), 0)
    }

    #[test]
    fn what_is_open_goes_to_an_instance() {
        let open = |port| Verdict::Open { environment: Uuid::nil().into(), instance: "a".into(), port };
        assert_eq!(judged(&standing()), open(8080));
        assert_eq!(judge(&standing(), Some(9000), None, now(), 7), open(9000));
    }

    #[test]
    fn maintenance_goes_before_a_pause_and_a_pause_before_the_rest() {
        let message = Some("Back at nine.".to_owned());
        let maintenance = Some(Maintenance { message: message.clone(), by: "a".into(), since: now() });
        let paused = Standing { paused_until: later(5), ..standing() };
        assert_eq!(judged(&paused), Verdict::Waits(Duration::from_secs(5)));
        let both = Standing { maintenance, ..paused };
        assert_eq!(judged(&both), Verdict::Closed(Closed::Maintenance { message }));
        assert!(matches!(
            judged(&Standing { paused_until: Some(now()), ..standing() }),
            Verdict::Open { .. }
        ));
    }

    #[test]
    fn between_an_old_release_and_a_new_one_requests_wait_to_the_end_and_no_longer() {
        let held = Standing { traffic: Traffic::held(later(60).unwrap()), deploying: true, ..standing() };
        assert_eq!(judged(&held), Verdict::Waits(Duration::from_secs(60)));
        let over = Standing { traffic: Traffic::held(now()), ..held };
        assert_eq!(judged(&over), Verdict::Closed(Closed::Starting));
    }

    #[test]
    fn r_trf_4_each_reason_is_told_from_the_others() {
        let nobody = Standing { traffic: Traffic::default(), ..standing() };
        let cases = [
            (Standing { state: ServiceState::New, ..nobody.clone() }, Closed::NeverDeployed),
            (Standing { state: ServiceState::New, deploying: true, ..nobody.clone() }, Closed::Starting),
            (Standing { stopped: true, ..nobody.clone() }, Closed::Stopped),
            (Standing { stopped: true, deploying: true, ..nobody.clone() }, Closed::Starting),
            (Standing { state: ServiceState::Down, ..nobody.clone() }, Closed::Down),
            (Standing { routed: false, ..nobody.clone() }, Closed::Unrouted),
        ];
        for (standing, closed) in cases {
            assert_eq!(judged(&standing), Verdict::Closed(closed), "{standing:?}");
        }
        let dead = judge(&standing(), None, Some(Closed::Down), now(), 0);
        assert_eq!(dead, Verdict::Closed(Closed::Down));
        let starting = Standing { deploying: true, ..standing() };
        assert_eq!(judge(&starting, None, Some(Closed::Down), now(), 0), Verdict::Closed(Closed::Starting));
    }

    #[test]
    fn shares_are_kept_among_those_who_answer() {
        let traffic = Traffic::to(vec![share(10, &["n"]), share(0, &["x"]), share(90, &["o1", "o2"])]);
        let mut counts = std::collections::BTreeMap::new();
        for dice in 0..1_000 {
            let (name, _) = chosen(&traffic, None, dice).unwrap();
            *counts.entry(name).or_insert(0) += 1;
        }
        assert_eq!(
            counts.into_iter().collect::<Vec<_>>(),
            [("n".to_owned(), 100), ("o1".to_owned(), 450), ("o2".to_owned(), 450)]
        );
    }
}
