//! Server functions over HTTP. An ordinary form POST is answered by a redirect; its problem travels in a cookie that only
//! the next page sees, not in the address where anybody could make up a message.

use super::{Panel, cookies};
use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use leptos::prelude::provide_context;

/// The paths of all server functions, for the test that tries each as everybody.
pub fn server_functions() -> Vec<&'static str> {
    let mut paths: Vec<_> = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
    paths.sort_unstable();
    paths
}

/// Runs a server function.
pub async fn answer(State(panel): State<Panel>, request: Request) -> Response {
    let engine = panel.engine;
    let context = move || provide_context(engine.clone());
    let mut response = leptos_axum::handle_server_fns_with_context(context, request).await.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let background = headers.contains_key(leptos::server_fn::redirect::REDIRECT_HEADER);
    let Some(location) =
        headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned)
    else {
        return response;
    };
    if background {
        return response;
    }
    let (location, problem) = without_problem(&location);
    if let Ok(location) = HeaderValue::from_str(&location) {
        headers.insert(header::LOCATION, location);
    }
    if let Some(cookie) = problem.and_then(|problem| HeaderValue::from_str(&problem).ok()) {
        headers.append(header::SET_COOKIE, cookie);
    }
    // After a POST the next page is fetched by GET, whatever the browser thinks of 302.
    *response.status_mut() = StatusCode::SEE_OTHER;
    response
}

/// Takes the error that Leptos put into the address back out of it, as a cookie. Also drops the former flash.
fn without_problem(location: &str) -> (String, Option<String>) {
    let Some((base, query)) = location.split_once('?') else { return (location.to_owned(), None) };
    let path = cookies::query_value(query, "__path");
    let error = cookies::query_value(query, "__err");
    let Some((path, error)) = path.zip(error) else {
        return (location.trim_end_matches('?').to_owned(), None);
    };
    let kept: Vec<_> = query
        .split('&')
        .filter(|pair| !["__path=", "__err=", "flash="].iter().any(|key| pair.starts_with(key)))
        .collect();
    let location = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    let cookie =
        format!("{}={path}|{error}; Path=/; Max-Age=60; HttpOnly; SameSite=Strict", cookies::PROBLEM);
    (location, Some(cookie))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_leaves_the_address() {
        let (location, cookie) =
            without_problem("http://h/sign-in?next=%2Fa&flash=x&__path=%2Fpanel%2Fsign-in&__err=e30%3D");
        assert_eq!(location, "http://h/sign-in?next=%2Fa");
        assert!(cookie.is_some_and(|cookie| cookie.starts_with("berth_problem=/panel/sign-in|e30=;")));
    }
}
