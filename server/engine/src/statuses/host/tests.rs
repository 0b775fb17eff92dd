use super::*;
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use std::sync::{Arc, Mutex};
use tokio::task::JoinSet;

const COMMIT: &str = "1111111111111111111111111111111111111111";

fn report(stage: Stage) -> Report {
    Report {
        deployment: DeploymentId(uuid::Uuid::nil()),
        commit: COMMIT.into(),
        stage,
        words: "Live (#3)".into(),
        url: "http://panel.example/projects/shop/production/web/deployments/3".into(),
        context: "berth/shop/production/web".into(),
    }
}

#[test]
fn each_hosts_interface_is_where_it_documents_it() {
    let asked = |url: &str, told_by: Option<Provider>| {
        Host::of(url, told_by, "t".into()).map(|host| host.request(&report(Stage::Failure)))
    };
    let (url, body) = asked("https://github.com/o/app.git", None).unwrap();
    assert_eq!(url, format!("https://api.github.com/repos/o/app/statuses/{COMMIT}"));
    assert_eq!((&body["state"], &body["context"]), (&json!("failure"), &json!("berth/shop/production/web")));
    let (url, body) = asked("https://gitlab.com/group/sub/app.git", None).unwrap();
    assert_eq!(url, format!("https://gitlab.com/api/v4/projects/group%2Fsub%2Fapp/statuses/{COMMIT}"));
    assert_eq!(body["state"], "failed");
    let (url, _) = asked("https://git.example:3000/o/app", Some(Provider::Gitea)).unwrap();
    assert_eq!(url, format!("https://git.example:3000/api/v1/repos/o/app/statuses/{COMMIT}"));
    let (url, _) = asked("https://git.example/o/app", Some(Provider::GitHub)).unwrap();
    assert!(url.starts_with("https://git.example/api/v3/repos/o/app/"), "{url}");
    let (url, body) = asked("https://bitbucket.org/o/app.git", None).unwrap();
    assert_eq!(
        url,
        format!("https://api.bitbucket.org/2.0/repositories/o/app/commit/{COMMIT}/statuses/build")
    );
    assert_eq!((&body["state"], body["key"].as_str().map(str::len)), (&json!("FAILED"), Some(40)));
    for (url, told_by) in [
        ("https://git.example/o/app", Some(Provider::Bitbucket)),
        ("https://git.example/o/app", None),
        ("git@github.com:o/app.git", None),
        ("https://github.com/app", None),
    ] {
        assert!(asked(url, told_by).is_none(), "{url}");
    }
}

type Seen = Arc<Mutex<Vec<(String, HeaderMap, Value)>>>;

async fn answer(State(seen): State<Seen>, uri: Uri, head: HeaderMap, Json(body): Json<Value>) -> StatusCode {
    let refuses = uri.path().contains("/busy/");
    seen.lock().unwrap().push((uri.path().to_owned(), head, body));
    if refuses { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::CREATED }
}

#[tokio::test]
async fn a_host_is_told_with_the_token_in_a_header_and_nowhere_else() {
    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(seen.clone());
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });

    for (provider, header, value) in [
        (Provider::GitHub, "authorization", "Bearer canary-token"),
        (Provider::GitLab, "private-token", "canary-token"),
        (Provider::Gitea, "authorization", "token canary-token"),
    ] {
        let host = Host::of(&format!("{origin}/o/app.git"), Some(provider), "canary-token".into()).unwrap();
        host.tell(&report(Stage::Success)).await.unwrap();
        let (path, head, body) = seen.lock().unwrap().pop().unwrap();
        assert_eq!(head[header], value, "{provider}");
        assert_eq!(body["state"], "success");
        assert!(path.ends_with(COMMIT) && !format!("{path}{body}").contains("canary"), "{path} {body}");
    }
    let busy = Host::of(&format!("{origin}/busy/app"), Some(Provider::Gitea), "canary-token".into()).unwrap();
    let refused = busy.tell(&report(Stage::Success)).await.unwrap_err();
    assert!(refused.again && refused.why.contains("503") && !refused.why.contains("canary"), "{refused:?}");
    let gone = Host::of("http://127.0.0.1:1/o/app", Some(Provider::Gitea), "canary-token".into()).unwrap();
    let refused = gone.tell(&report(Stage::Success)).await.unwrap_err();
    assert!(refused.again && refused.why.contains("did not answer"), "{refused:?}");
}
