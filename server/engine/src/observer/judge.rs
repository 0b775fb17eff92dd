//! What a service is, judged by what should be and what was seen.

use berth_domain::service::{RestartPolicy, ServiceState};

use super::Looked;
use crate::{
    docker::InstanceState,
    store::deployments::{LiveRelease, Wanted},
};

/// A container that should run.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub name: String,
    /// What people call it: `web 2`.
    pub short: String,
    pub routed: bool,
    pub network: String,
}

/// What is to be written down, and whether something can be done about it.
#[derive(Debug, PartialEq)]
pub(super) struct Verdict {
    pub state: ServiceState,
    pub reason: Option<String>,
    pub mend: bool,
}

impl Verdict {
    fn plain(state: ServiceState) -> Self {
        Self { state, reason: None, mend: false }
    }
}

/// Judges a service; only what was seen makes it live.
pub(super) fn judge(wanted: &Wanted, expected: &[Expected], seen: &[Looked]) -> Verdict {
    if wanted.stopped {
        return Verdict::plain(ServiceState::Stopped);
    }
    let Some(live) = &wanted.live else {
        return match (wanted.deploying, wanted.last_failed) {
            (true, _) => Verdict::plain(ServiceState::Deploying),
            (false, true) => Verdict {
                reason: Some("The last deployment failed; nothing runs yet.".into()),
                ..Verdict::plain(ServiceState::Down)
            },
            (false, false) => Verdict::plain(ServiceState::New),
        };
    };
    let troubles: Vec<_> = expected.iter().filter_map(|one| trouble(live, one, seen)).collect();
    let surplus = seen.iter().any(|looked| {
        looked.view.running
            && looked.view.deployment == Some(live.number)
            && !expected.iter().any(|one| one.name == looked.view.name)
    });
    let mend = !wanted.deploying && (surplus || troubles.iter().any(|trouble| trouble.mend));
    let serving = expected.iter().any(|one| one.routed);
    let counts = |one: &&Expected| one.routed || !serving;
    let all = expected.iter().filter(counts).count();
    let bad = troubles.iter().filter(|trouble| counts(&trouble.of)).count();
    // It runs and nobody can reach it: the plan that mends it gives it the requests.
    let mend = mend || (!wanted.deploying && wanted.unrouted && serving);
    let Some(first) = troubles.first() else { return Verdict { mend, ..Verdict::plain(ServiceState::Live) } };
    let (state, reason) = match (bad, all) {
        (bad, all) if bad == all => (ServiceState::Down, first.words.clone()),
        (0, _) => (ServiceState::Live, first.words.clone()),
        (bad, all) => {
            (ServiceState::Live, format!("{} of {all} instances are well. {}", all - bad, first.words))
        }
    };
    Verdict { state, reason: Some(reason), mend }
}

struct Trouble<'a> {
    of: &'a Expected,
    words: String,
    /// Starting it again, or joining it, can help.
    mend: bool,
}

/// What is wrong with a container that should run.
fn trouble<'a>(live: &LiveRelease, of: &'a Expected, seen: &[Looked]) -> Option<Trouble<'a>> {
    let (number, name) = (live.number, &of.short);
    let trouble = |words: String, mend: bool| Some(Trouble { of, words, mend });
    let Some(looked) = seen.iter().find(|looked| looked.view.name == of.name) else {
        return trouble(
            format!("The container {name} of release #{number} is gone; Berth starts it again."),
            true,
        );
    };
    if live.image_id.as_deref().is_some_and(|id| id != looked.view.image) {
        let words =
            format!("The container {name} runs another image than release #{number}. Restart to repair it.");
        return trouble(words, false);
    }
    if !looked.view.running {
        // What Docker itself starts again, or what may rest, is left alone.
        let mend =
            looked.state != InstanceState::Restarting && live.settings.restart == RestartPolicy::Always;
        let state = &looked.view.state;
        return trouble(format!("The container {name} of release #{number} does not run: {state}."), mend);
    }
    if !looked.networks.contains_key(&of.network) {
        let words =
            format!("The container {name} of release #{number} has lost its network; Berth joins it again.");
        return trouble(words, true);
    }
    if let Some(complaint) = looked.complaint.as_ref().filter(|_| of.routed) {
        let words = format!(
            "The container {name} of release #{number} does not answer its probe: {complaint}. Requests still go to it."
        );
        return trouble(words, false);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::deployments::Before;
    use berth_domain::service::{InstanceView, ServiceSettings};
    use std::collections::BTreeMap;

    fn wanted() -> Wanted {
        Wanted {
            organisation: uuid::Uuid::nil().into(),
            service: uuid::Uuid::nil().into(),
            environment: uuid::Uuid::nil().into(),
            stopped: false,
            live: Some(LiveRelease {
                number: 3,
                image_id: Some("sha256:a".into()),
                settings: ServiceSettings::default(),
                port: Some(8080),
            }),
            settings: ServiceSettings::default(),
            deploying: false,
            last_failed: false,
            unrouted: false,
            before: Before::default(),
        }
    }

    fn expected(count: u16) -> Vec<Expected> {
        let one = |n| Expected {
            name: format!("web-{n}"),
            short: format!("web {n}"),
            routed: true,
            network: "net".into(),
        };
        (1..=count).map(one).collect()
    }

    fn seen(name: &str, running: bool, image: &str) -> Looked {
        Looked {
            service: None,
            id: name.into(),
            state: if running { InstanceState::Running } else { InstanceState::Exited },
            networks: [("net".to_owned(), None)].into(),
            complaint: None,
            view: InstanceView {
                name: name.into(),
                deployment: Some(3),
                process: "web".into(),
                running,
                state: if running { "running".into() } else { "exited (1)".into() },
                started_at: None,
                restarts: 0,
                image: image.into(),
                probe: None,
            },
        }
    }

    #[test]
    fn r_dep_2_live_is_what_was_observed() {
        let judged = |seen: &[Looked]| {
            let verdict = judge(&wanted(), &expected(1), seen);
            (verdict.state, verdict.reason.unwrap_or_default(), verdict.mend)
        };
        assert_eq!(judged(&[seen("web-1", true, "sha256:a")]), (ServiceState::Live, String::new(), false));
        let (state, reason, mend) = judged(&[seen("web-1", false, "sha256:a")]);
        assert!(state == ServiceState::Down && reason.contains("exited (1)") && mend, "{reason}");
        let (state, reason, mend) = judged(&[seen("web-1", true, "sha256:b")]);
        assert!(state == ServiceState::Down && reason.contains("another image") && !mend, "{reason}");
        let (state, reason, mend) = judged(&[]);
        assert!(state == ServiceState::Down && reason.contains("gone") && mend, "{reason}");
        let astray = Looked { networks: BTreeMap::new(), ..seen("web-1", true, "sha256:a") };
        let (state, reason, mend) = judged(&[astray]);
        assert!(state == ServiceState::Down && reason.contains("lost its network") && mend, "{reason}");
    }

    #[test]
    fn one_of_several_that_does_not_run_is_told_and_the_rest_is_live() {
        let seen = [seen("web-1", true, "sha256:a"), seen("web-2", false, "sha256:a")];
        let verdict = judge(&wanted(), &expected(2), &seen);
        assert_eq!(verdict.state, ServiceState::Live);
        assert!(verdict.reason.unwrap().starts_with("1 of 2 instances are well. The container web 2"));
    }

    #[test]
    fn r_hc_3_what_does_not_answer_its_probe_is_told_and_not_mended() {
        let ill = |name: &str| Looked {
            complaint: Some("status 500 instead of 200-399".into()),
            ..seen(name, true, "sha256:a")
        };
        let verdict = judge(&wanted(), &expected(2), &[ill("web-1"), seen("web-2", true, "sha256:a")]);
        assert!(verdict.state == ServiceState::Live && !verdict.mend);
        assert!(verdict.reason.unwrap().starts_with("1 of 2 instances are well. The container web 1"));
        let verdict = judge(&wanted(), &expected(1), &[ill("web-1")]);
        assert!(verdict.state == ServiceState::Down && !verdict.mend);
        assert!(verdict.reason.unwrap().contains("status 500"));
    }

    #[test]
    fn more_than_is_wanted_is_mended_too_but_never_during_a_deployment() {
        let seen = [seen("web-1", true, "sha256:a"), seen("web-2", true, "sha256:a")];
        assert!(judge(&wanted(), &expected(1), &seen).mend);
        assert!(!judge(&Wanted { deploying: true, ..wanted() }, &expected(1), &seen).mend);
    }

    #[test]
    fn what_runs_and_gets_no_requests_is_mended() {
        let seen = [seen("web-1", true, "sha256:a")];
        let unrouted = Wanted { unrouted: true, ..wanted() };
        assert!(judge(&unrouted, &expected(1), &seen).mend);
        assert!(!judge(&Wanted { deploying: true, ..unrouted }, &expected(1), &seen).mend);
    }

    #[test]
    fn what_never_ran_is_new_and_what_was_stopped_is_stopped() {
        let state = |wanted: Wanted| judge(&wanted, &[], &[]).state;
        assert_eq!(state(Wanted { live: None, ..wanted() }), ServiceState::New);
        assert_eq!(state(Wanted { live: None, deploying: true, ..wanted() }), ServiceState::Deploying);
        assert_eq!(state(Wanted { live: None, last_failed: true, ..wanted() }), ServiceState::Down);
        assert_eq!(state(Wanted { stopped: true, ..wanted() }), ServiceState::Stopped);
    }
}
