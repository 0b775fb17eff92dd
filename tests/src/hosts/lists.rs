//! Accounts, repositories, branches, webhooks and statuses, in the form of each host.

use super::{Answer, Answered, Kept, OTHERS, allowed, ok, refused};
use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, patch, post, put},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Asked = Query<BTreeMap<String, String>>;

pub(super) fn routes() -> Router<Kept> {
    Router::new()
        .route("/api/v3/user", get(user))
        .route("/api/v3/user/repos", get(github))
        .route("/api/v3/installation/repositories", get(installed))
        .route("/api/v3/repos/{owner}/{name}/branches", get(branches))
        .route("/api/v3/repos/{owner}/{name}/hooks", get(hooks).post(add_hook))
        .route("/api/v3/repos/{owner}/{name}/hooks/{id}", patch(change_hook))
        .route("/api/v3/repos/{owner}/{name}/statuses/{commit}", post(status))
        .route("/api/v4/user", get(user))
        .route("/api/v4/projects", get(gitlab))
        .route("/api/v4/projects/{id}/repository/branches", get(branches))
        .route("/api/v4/projects/{id}/hooks", get(hooks).post(add_hook))
        .route("/api/v1/user", get(user))
        .route("/api/v1/repos/search", get(gitea))
        .route("/api/v1/repos/{owner}/{name}/branches", get(branches))
        .route("/api/v1/repos/{owner}/{name}/hooks", get(hooks).post(add_hook))
        .route("/2.0/repositories/{workspace}", get(bitbucket))
        .route("/2.0/repositories/{workspace}/{name}/refs/branches", get(bitbucket_branches))
        .route("/2.0/repositories/{workspace}/{name}/hooks", get(bitbucket_hooks).post(add_hook))
        .route("/2.0/repositories/{workspace}/{name}/pullrequests/{number}/comments", post(comment))
        .route("/2.0/repositories/{workspace}/{name}/pullrequests/{number}/comments/{id}", put(edit_comment))
}

async fn user(State(kept): State<Kept>, headers: HeaderMap) -> Answered {
    allowed(&kept, &headers)?;
    // GitHub and Gitea say `login`, GitLab `username`.
    ok(json!({ "id": 1, "login": "octocat", "username": "octocat" }))
}

fn names() -> Vec<String> {
    let others = (0..OTHERS).map(|number| format!("team/repo-{number:03}"));
    others.chain(["team/site".to_owned()]).collect()
}

/// A page of what there is, and whether there is another.
fn page(all: Vec<String>, asked: &Asked, size: &str) -> (Vec<String>, bool) {
    let number = |name: &str, usual: usize| {
        asked.get(name).and_then(|text| text.parse::<usize>().ok()).unwrap_or(usual).max(1)
    };
    let (size, page) = (number(size, 30).min(100), number("page", 1));
    let more = all.len() > size * page;
    (all.into_iter().skip(size * (page - 1)).take(size).collect(), more)
}

fn linked(body: Value, more: bool) -> Response {
    let mut response = Json(body).into_response();
    if more {
        let link = HeaderValue::from_static("<https://host.example/list?page=9>; rel=\"next\"");
        response.headers_mut().insert("link", link);
    }
    response
}

fn full(kept: &Kept, name: &str) -> Value {
    let origin = kept.known().origin.clone();
    json!({
        "id": 1, "full_name": name, "private": true, "clone_url": format!("{origin}/{name}.git"),
        "html_url": format!("{origin}/{name}"), "default_branch": "main",
    })
}

/// It does not search: Berth has to look through all pages.
async fn github(State(kept): State<Kept>, asked: Asked, headers: HeaderMap) -> Result<Response, Answer> {
    allowed(&kept, &headers)?;
    let (names, more) = page(names(), &asked, "per_page");
    Ok(linked(names.iter().map(|name| full(&kept, name)).collect(), more))
}

async fn installed(State(kept): State<Kept>, asked: Asked, headers: HeaderMap) -> Result<Response, Answer> {
    allowed(&kept, &headers)?;
    let (names, more) = page(names(), &asked, "per_page");
    let all: Value = names.iter().map(|name| full(&kept, name)).collect();
    Ok(linked(json!({ "total_count": OTHERS + 1, "repositories": all }), more))
}

fn searched(asked: &Asked, key: &str) -> Vec<String> {
    let wanted = asked.get(key).cloned().unwrap_or_default();
    names().into_iter().filter(|name| name.contains(&wanted)).collect()
}

async fn gitlab(State(kept): State<Kept>, asked: Asked, headers: HeaderMap) -> Result<Response, Answer> {
    allowed(&kept, &headers)?;
    let origin = kept.known().origin.clone();
    let one = |name: &String| {
        json!({
            "id": 1, "path_with_namespace": name, "default_branch": "main",
            "http_url_to_repo": format!("{origin}/{name}.git"), "visibility": "private",
        })
    };
    let (names, more) = page(searched(&asked, "search"), &asked, "per_page");
    Ok(linked(names.iter().map(one).collect(), more))
}

async fn gitea(State(kept): State<Kept>, asked: Asked, headers: HeaderMap) -> Result<Response, Answer> {
    allowed(&kept, &headers)?;
    if asked.get("uid").map(String::as_str) != Some("1") {
        // Without it a public host would list the repositories of all people.
        return Err(refused(StatusCode::UNPROCESSABLE_ENTITY, "whose?"));
    }
    let (names, more) = page(searched(&asked, "q"), &asked, "limit");
    let all: Value = names.iter().map(|name| full(&kept, name)).collect();
    Ok(linked(json!({ "ok": true, "data": all }), more))
}

async fn bitbucket(
    State(kept): State<Kept>,
    Path(workspace): Path<String>,
    asked: Asked,
    headers: HeaderMap,
) -> Answered {
    allowed(&kept, &headers)?;
    if workspace != "team" {
        return Err(refused(StatusCode::NOT_FOUND, "No workspace with this name"));
    }
    let origin = kept.known().origin.clone();
    let query = asked.get("q").cloned().unwrap_or_default();
    let wanted = query.trim_start_matches("name ~ \"").trim_end_matches('"').to_owned();
    let fitting = names().into_iter().filter(|name| name.contains(&wanted)).collect();
    let (names, more) = page(fitting, &asked, "pagelen");
    let one = |name: &String| {
        let href = format!("{}/{name}.git", origin.replace("://", "://octocat@"));
        json!({
            "full_name": name, "is_private": true, "mainbranch": { "type": "branch", "name": "main" },
            "links": { "clone": [{ "name": "https", "href": href }] },
        })
    };
    let mut body = json!({ "pagelen": 50, "values": names.iter().map(one).collect::<Value>() });
    if more {
        body["next"] = json!("https://api.bitbucket.org/2.0/next");
    }
    ok(body)
}

fn all_branches() -> Value {
    json!([{ "name": "main" }, { "name": "feature/search" }])
}

async fn branches(State(kept): State<Kept>, headers: HeaderMap) -> Answered {
    allowed(&kept, &headers)?;
    ok(all_branches())
}

async fn bitbucket_branches(State(kept): State<Kept>, headers: HeaderMap) -> Answered {
    allowed(&kept, &headers)?;
    ok(json!({ "values": all_branches() }))
}

async fn hooks(State(kept): State<Kept>, headers: HeaderMap) -> Answered {
    allowed(&kept, &headers)?;
    ok(Value::Array(kept.known().hooks.clone()))
}

async fn bitbucket_hooks(State(kept): State<Kept>, headers: HeaderMap) -> Answered {
    allowed(&kept, &headers)?;
    ok(json!({ "values": kept.known().hooks }))
}

async fn add_hook(State(kept): State<Kept>, headers: HeaderMap, Json(mut hook): Json<Value>) -> Answered {
    allowed(&kept, &headers)?;
    let mut known = kept.known();
    if known.hooks_refused {
        return Err(refused(StatusCode::FORBIDDEN, "Resource not accessible by personal access token"));
    }
    hook["id"] = json!(known.hooks.len() + 1);
    known.hooks.push(hook.clone());
    Ok((StatusCode::CREATED, Json(hook)))
}

async fn change_hook(
    State(kept): State<Kept>,
    Path((_, _, id)): Path<(String, String, u64)>,
    headers: HeaderMap,
    Json(mut hook): Json<Value>,
) -> Answered {
    allowed(&kept, &headers)?;
    let mut known = kept.known();
    hook["id"] = json!(id);
    let place = known.hooks.iter_mut().find(|known| known["id"] == id);
    *place.ok_or_else(|| refused(StatusCode::NOT_FOUND, "Not Found"))? = hook.clone();
    ok(hook)
}

async fn status(State(kept): State<Kept>, headers: HeaderMap, Json(told): Json<Value>) -> Answered {
    let token = allowed(&kept, &headers)?;
    kept.known().statuses.push((token, told));
    Ok((StatusCode::CREATED, Json(json!({}))))
}

async fn comment(State(kept): State<Kept>, headers: HeaderMap, Json(body): Json<Value>) -> Answered {
    allowed(&kept, &headers)?;
    let mut known = kept.known();
    known.comments.push(body);
    let id = known.comments.len();
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

async fn edit_comment(
    State(kept): State<Kept>,
    Path((_, _, _, id)): Path<(String, String, u64, usize)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answered {
    allowed(&kept, &headers)?;
    let mut known = kept.known();
    let place = known.comments.get_mut(id.wrapping_sub(1));
    *place.ok_or_else(|| refused(StatusCode::NOT_FOUND, "Not Found"))? = body;
    ok(json!({ "id": id }))
}
