//! A service with a live release, without Docker.

use super::*;
use crate::store::{releases::ReleaseRow, scratch::engines};
use berth_domain::{
    deployment::{DeployRequest, State, Status},
    page::PageQuery,
    release::ReleaseSpec,
    service::{ServiceState, UpdateService},
    traffic::{Share, Traffic},
    variable::{AgainstRunning, ImportVariables, SetVariable},
};

/// Takes a service through a deployment, as a rollout does in the store.
pub(super) async fn go_live(acting: &Acting, path: &ServicePath) -> u64 {
    let engine = &acting.engine;
    let store = engine.store();
    acting.deploy(path, DeployRequest::default()).await.unwrap();
    let mut job = store.claim(engine.lease(), engine.now()).await.unwrap().unwrap();
    let variables = acting.rows().variables(job.service).await.unwrap();
    let release = ReleaseRow {
        id: engine.parts.ids.release(),
        organisation: job.organisation,
        service: job.service,
        number: job.number,
        spec: ReleaseSpec {
            image_id: "sha256:0".into(),
            image_name: "web".into(),
            commit: None,
            settings: job.settings.clone(),
            port: Some(8080),
            domains: vec![],
            published: Vec::new(),
            variables: variables.into_iter().map(|row| (row.key, row.digest)).collect(),
            files: Default::default(),
        },
        variables: vec![],
        created_at: engine.now(),
    };
    store.insert_release(&release).await.unwrap();
    job.release = Some(release);
    let share = Share {
        deployment: job.id,
        number: job.number,
        percent: 100,
        port: Some(8080),
        instances: vec!["one".into()],
    };
    store.move_traffic(&job, &Traffic::to(vec![share])).await.unwrap();
    job.begin(State::Live, engine.now());
    store.advance(&job).await.unwrap();
    job.number
}

fn plain(value: &str) -> SetVariable {
    SetVariable { value: value.into(), secret: false }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_env_3_a_restart_is_needed_exactly_when_what_runs_is_not_what_is_saved() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        project(&acting, "shop").await;
        let web = service(&acting, "shop/production/web").await.path;
        acting.set_variable(&web, "A", plain("1")).await.unwrap();
        let before = acting.set_variable(&web, "B", plain("1")).await.unwrap();
        assert!(!before.restart_needed);
        assert!(before.variables.iter().all(|v| v.against_running == AgainstRunning::Same));
        go_live(&acting, &web).await;
        let needed = async || acting.service(&web).await.unwrap().restart_needed;
        assert!(!needed().await);

        assert!(acting.set_variable(&web, "A", plain("2")).await.unwrap().restart_needed);
        assert!(needed().await);
        assert!(!acting.set_variable(&web, "A", plain("1")).await.unwrap().restart_needed);
        acting.set_variable(&web, "C", plain("3")).await.unwrap();
        let after = acting.delete_variable(&web, "B").await.unwrap();
        let got: Vec<_> = after.variables.iter().map(|v| (v.key.as_str(), v.against_running)).collect();
        use AgainstRunning::{Added, Removed, Same};
        assert_eq!(got, [("A", Same), ("B", Removed), ("C", Added)]);
        let import = ImportVariables { dotenv: "A=1\nB=1\n".into(), replace: true, secret: true };
        assert!(!acting.import_variables(&web, import).await.unwrap().restart_needed);

        let settings = ServiceSettings { memory_mib: Some(64), ..ServiceSettings::default() };
        let update = UpdateService { settings: Some(settings), ..UpdateService::default() };
        assert!(acting.update_service(&web, update).await.unwrap().restart_needed);
        go_live(&acting, &web).await;
        assert!(!needed().await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_services_page_has_its_live_and_its_newest_deployment() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        project(&acting, "shop").await;
        let web = service(&acting, "shop/production/web").await;
        assert_eq!((web.state, web.port, web.live, web.latest), (ServiceState::New, None, None, None));
        let web = web.path;
        assert_eq!(kind(acting.stop_service(&web).await), ProblemKind::Conflict);
        go_live(&acting, &web).await;
        let view = acting.service(&web).await.unwrap();
        assert_eq!(view.port, Some(8080));
        assert_eq!(view.live.as_ref().map(|live| (live.number, live.status)), Some((1, Status::Live)));
        assert_eq!(view.latest, view.live);
        acting.deploy(&web, DeployRequest::default()).await.unwrap();
        let view = acting.service(&web).await.unwrap();
        let numbers = (view.live.unwrap().number, view.latest.unwrap().number);
        assert_eq!(numbers, (1, 2));
        let listed = acting.search_services(PageQuery::default()).await.unwrap().items.remove(0);
        let brief = listed.deployment.unwrap();
        assert_eq!((brief.number, brief.status), (2, Status::Queued));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_service_stays_stopped_and_what_waits_is_cancelled() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        project(&acting, "shop").await;
        let web = service(&acting, "shop/production/web").await.path;
        go_live(&acting, &web).await;
        let waiting = acting.deploy(&web, DeployRequest::default()).await.unwrap();
        acting.stop_service(&web).await.unwrap();
        acting.stop_service(&web).await.unwrap();
        assert_eq!(acting.deployment(&web, waiting.number).await.unwrap().status, Status::Cancelled);
        let row = acting.service_row(&web).await.unwrap();
        assert_eq!(row.wanted, crate::store::Wanted::Stopped);
        let started = acting.start_service(&web).await.unwrap();
        assert_eq!(started.latest.as_ref().unwrap().status, Status::Queued);
        let again = acting.start_service(&web).await.unwrap();
        assert_eq!(again.latest.unwrap().number, started.latest.unwrap().number);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deployments_that_are_asked_for_at_once_each_get_a_number() {
    engines(async |engine| {
        let acting = owner(&engine).await;
        project(&acting, "shop").await;
        let web = service(&acting, "shop/production/web").await.path;
        let asked =
            futures::future::join_all((0..20).map(|_| acting.deploy(&web, DeployRequest::default()))).await;
        let mut numbers: Vec<u64> = asked.into_iter().map(|asked| asked.unwrap().number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
        let all = acting.deployments(&web, PageQuery::default()).await.unwrap().items;
        assert_eq!(all.iter().filter(|d| d.status == Status::Queued).count(), 1);
    })
    .await;
}
