//! What a form sends to a server function, without the function's types: every form of the panel is one piece of code in
//! the browser, where a typed action for each of them would be most of what a cold load transfers.

use crate::{api::PanelError, boot::Boot};
use leptos::{prelude::*, server_fn::ServerFn};
use serde::de::DeserializeOwned;

/// Where a form is sent, and how that went.
#[derive(Clone, Copy)]
pub struct Submission {
    url: &'static str,
    pending: RwSignal<bool>,
    /// The answer's text, or why there is none.
    outcome: RwSignal<Option<Result<String, PanelError>>>,
    version: RwSignal<u32>,
}

impl Submission {
    /// To this server function; it may have refused a form that was sent before the browser's part had loaded.
    pub fn to<S: ServerFn<Error = PanelError>>() -> Self {
        let url = S::url();
        let refused = Boot::current().problem.filter(|problem| problem.path == url);
        let outcome = refused.map(|problem| Err(PanelError::decode(&problem.error)));
        let (pending, version) = (RwSignal::new(false), RwSignal::new(0));
        Self { url, pending, outcome: RwSignal::new(outcome), version }
    }

    /// The path of the server function.
    pub fn url(self) -> &'static str {
        self.url
    }

    /// Whether an answer is awaited.
    pub fn pending(self) -> Signal<bool> {
        self.pending.into()
    }

    /// How many answers have come.
    pub fn version(self) -> Signal<u32> {
        self.version.into()
    }

    /// Whether the last answer was that it is done.
    pub fn is_done(self) -> bool {
        self.outcome.with(|outcome| matches!(outcome, Some(Ok(_))))
    }

    /// Why the last one was refused.
    pub fn problem(self) -> Option<PanelError> {
        self.outcome.with(|outcome| outcome.as_ref()?.as_ref().err().cloned())
    }

    /// What the last answer brought; `None` before, and when it was refused.
    pub fn output<T: DeserializeOwned>(self) -> Option<T> {
        self.outcome.with(|outcome| serde_json::from_str(outcome.as_ref()?.as_ref().ok()?).ok())
    }

    /// Whether nothing was answered yet.
    pub fn is_new(self) -> bool {
        self.outcome.with(Option::is_none)
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use super::Submission;
    use crate::api::PanelError;
    use gloo_net::http::Request;
    use leptos::{
        ev::SubmitEvent,
        prelude::*,
        server_fn::{
            error::{FromServerFnError, ServerFnErrorErr},
            redirect::{REDIRECT_HEADER, call_redirect_hook},
        },
        task::spawn_local,
        wasm_bindgen::{JsCast, JsValue},
    };
    use web_sys::{FormData, HtmlFormElement, UrlSearchParams};

    impl Submission {
        /// Sends the form of an event in the background.
        pub(in crate::components) fn send(self, event: &SubmitEvent) {
            if event.default_prevented() {
                return;
            }
            event.prevent_default();
            if self.pending.get_untracked() {
                return;
            }
            let Some(fields) = fields(event) else {
                return self.end(Err(unsent("the browser does not give its fields")));
            };
            self.pending.set(true);
            spawn_local(async move {
                let answered = post(self.url, fields).await;
                // The page may be another one by now.
                if self.pending.try_set(false).is_none() {
                    self.end(answered);
                }
            });
        }

        fn end(self, answered: Result<String, PanelError>) {
            self.outcome.set(Some(answered));
            self.version.update(|version| *version += 1);
        }
    }

    fn unsent(why: impl std::fmt::Display) -> PanelError {
        PanelError::from_server_fn_error(ServerFnErrorErr::Request(why.to_string()))
    }

    /// The fields as an ordinary POST would send them, the pressed button's among them.
    fn fields(event: &SubmitEvent) -> Option<UrlSearchParams> {
        let form: HtmlFormElement = event.target()?.dyn_into().ok()?;
        let data = FormData::new_with_form(&form).ok()?;
        if let Some(button) = event.submitter()
            && let (Some(name), Some(value)) = (button.get_attribute("name"), button.get_attribute("value"))
        {
            data.append_with_str(&name, &value).ok()?;
        }
        let data: &JsValue = data.unchecked_ref();
        UrlSearchParams::new_with_str_sequence_sequence(data).ok()
    }

    async fn post(url: &str, fields: UrlSearchParams) -> Result<String, PanelError> {
        let request = Request::post(url).header("Accept", "application/json").body(JsValue::from(fields));
        let answer = request.map_err(unsent)?.send().await.map_err(unsent)?;
        let (headers, failed) = (answer.headers(), answer.status() >= 400);
        let text = answer.text().await.map_err(unsent)?;
        if failed {
            return Err(PanelError::de(text.into()));
        }
        if headers.get(REDIRECT_HEADER).is_some()
            && let Some(location) = headers.get("Location")
        {
            call_redirect_hook(&location);
        }
        Ok(text)
    }
}
