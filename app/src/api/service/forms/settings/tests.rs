use super::*;
use berth_domain::service::{CanaryStep, Isolation, ProbeKind, ProbeSettings, Process, RestartPolicy};

/// Settings of which each field that the form has differs from its default.
fn everything_set() -> ServiceSettings {
    ServiceSettings {
        routed: false,
        port: Some(8080),
        command: Some(vec!["serve".into(), "two words".into()]),
        replicas: 3,
        strategy: Strategy::Canary {
            steps: vec![
                CanaryStep { percent: 10, hold_s: Some(90) },
                CanaryStep { percent: 50, hold_s: None },
            ],
            max_error_percent: 2,
            max_latency_ms: Some(800),
        },
        processes: vec![
            Process { name: "worker".parse().unwrap(), command: vec!["work".into()], replicas: 2 },
            Process {
                name: "clock".parse().unwrap(),
                command: vec!["tick".into(), "1 s".into()],
                replicas: 1,
            },
        ],
        release_command: Some(vec!["migrate".into(), "--all".into()]),
        after_command: Some(vec!["warm".into()]),
        command_timeout_s: 90,
        cpu_millis: Some(1_500),
        memory_mib: Some(256),
        restart: RestartPolicy::OnFailure,
        isolation: Isolation {
            user: Some("1000:1000".into()),
            read_only_root: true,
            pids_limit: Some(64),
            drop_capabilities: true,
        },
        drain_ms: 2_500,
        stop_grace_ms: 3_000,
        build_timeout_s: 60,
        build_variables: vec!["NPM_TOKEN".into(), "OTHER".into()],
        probe: probe_set(),
        ..ServiceSettings::default()
    }
}

fn probe_set() -> ProbeSettings {
    ProbeSettings {
        kind: ProbeKind::Http {
            path: "/healthz".into(),
            status_from: 200,
            status_to: 299,
            headers: [("Host", "shop.example"), ("X-Who", "a probe: berth")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            body_contains: Some("all is well".into()),
        },
        start_period_ms: 5_000,
        interval_ms: 200,
        timeout_ms: 300,
        threshold: 4,
    }
}

#[test]
fn settings_survive_their_form() {
    let settings = everything_set();
    let form = SettingsForm::of(&settings);
    assert_eq!(form.settings(ServiceSettings::default()).ok(), Some(settings));
}

#[test]
fn every_kind_of_probe_survives_its_form() {
    for kind in [
        ProbeKind::Tcp,
        ProbeKind::http("/up"),
        ProbeKind::Grpc { service: None },
        ProbeKind::Grpc { service: Some("shop.v1.Orders".into()) },
    ] {
        let probe = ProbeSettings { kind, ..ProbeSettings::default() };
        let settings = ServiceSettings { probe, ..ServiceSettings::default() };
        let form = SettingsForm::of(&settings);
        assert_eq!(form.settings(ServiceSettings::default()).ok(), Some(settings));
    }
}

#[test]
fn a_line_that_is_no_header_is_refused_at_its_field() {
    let mut form = SettingsForm::of(&ServiceSettings {
        probe: ProbeSettings { kind: ProbeKind::http("/"), ..ProbeSettings::default() },
        ..ServiceSettings::default()
    });
    form.probe.probe_headers = "Accept".into();
    let problem = form.settings(ServiceSettings::default()).unwrap_err();
    assert!(format!("{problem:?}").contains("\"probe_headers\""), "{problem:?}");
}

#[test]
fn every_strategy_survives_its_form() {
    for strategy in [
        Strategy::Rolling { surge: 4 },
        Strategy::BlueGreen,
        Strategy::StopFirst,
        Strategy::Canary {
            steps: vec![CanaryStep { percent: 99, hold_s: None }],
            max_error_percent: 0,
            max_latency_ms: None,
        },
    ] {
        let settings = ServiceSettings { strategy, ..ServiceSettings::default() };
        let form = SettingsForm::of(&settings);
        assert_eq!(form.settings(ServiceSettings::default()).ok(), Some(settings));
    }
}

#[test]
fn what_the_form_does_not_have_stays() {
    let volume = berth_domain::service::VolumeMount {
        name: "data".parse().unwrap(),
        path: "/data".into(),
        read_only: true,
    };
    let present = ServiceSettings { auto_deploy: false, volumes: vec![volume], ..ServiceSettings::default() };
    let form = SettingsForm::of(&ServiceSettings::default());
    assert_eq!(form.settings(present.clone()).ok(), Some(present));
}

#[test]
fn empty_rows_are_no_processes_and_keep_the_places_of_the_others() {
    let mut form = SettingsForm::of(&everything_set());
    form.processes[0] = ProcessRow::default();
    form.processes.push(ProcessRow { replicas: "1".into(), ..ProcessRow::default() });
    let names: Vec<_> = form.settings(ServiceSettings::default()).unwrap().processes;
    assert_eq!(names.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["clock"]);
    form.processes[1].command = "\"open".into();
    assert_eq!(wrong_field(&form), "processes[1][command]");
}

#[test]
fn what_is_wrong_is_said_at_the_field_of_the_form() {
    let wrong = |change: fn(&mut SettingsForm)| {
        let mut form = SettingsForm::of(&everything_set());
        change(&mut form);
        wrong_field(&form)
    };
    assert_eq!(wrong(|form| form.cpus = "0.001".into()), "cpus");
    assert_eq!(wrong(|form| form.rollout.replicas = "0".into()), "replicas");
    assert_eq!(wrong(|form| form.rollout.replicas = "many".into()), "replicas");
    assert_eq!(wrong(|form| form.rollout.canary_steps = "50% for 1s, 10% for 1s".into()), "canary_steps");
    assert_eq!(wrong(|form| form.rollout.canary_steps = "soon".into()), "canary_steps");
    assert_eq!(wrong(|form| form.rollout.canary_steps = String::new()), "canary_steps");
    assert_eq!(wrong(|form| form.rollout.max_error_percent = "101".into()), "max_error_percent");
    assert_eq!(wrong(|form| form.rollout.max_latency_ms = "-1".into()), "max_latency_ms");
    assert_eq!(wrong(|form| form.rollout.release_command = "'".into()), "release_command");
    assert_eq!(wrong(|form| form.rollout.command_timeout = "0".into()), "command_timeout");
    assert_eq!(wrong(|form| form.processes[1].name = "worker".into()), "processes[1][name]");
    assert_eq!(wrong(|form| form.processes[1].name = "web".into()), "processes[1][name]");
    assert_eq!(wrong(|form| form.processes[1].name = "Not A Name".into()), "processes[1][name]");
    assert_eq!(wrong(|form| form.processes[0].command = " ".into()), "processes[0][command]");
    assert_eq!(wrong(|form| form.processes[0].replicas = "101".into()), "processes[0][replicas]");
    assert_eq!(wrong(|form| form.probe.probe_status_to = "99".into()), "probe_status_to");
    let rolling = |form: &mut SettingsForm| {
        form.rollout.strategy = "rolling".into();
        form.rollout.surge = "0".into();
    };
    assert_eq!(wrong(rolling), "surge");
}

fn wrong_field(form: &SettingsForm) -> String {
    let problem = form.settings(ServiceSettings::default()).unwrap_err().0;
    problem.field.unwrap_or_default()
}
