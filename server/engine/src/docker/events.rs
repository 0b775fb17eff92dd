//! What happens in Docker, as a stream that does not end.

use std::collections::VecDeque;
use std::time::Duration;

use bollard::errors::Error as Bollard;
use bollard::models::{EventMessage, EventMessageTypeEnum};
use bollard::query_parameters::EventsOptionsBuilder;
use futures::stream::{BoxStream, StreamExt};

use super::connection::Docker;
use super::error::chain;
use super::observed::RuntimeEvent;
use super::spec::Labels;

/// How long to wait before asking a Docker that was lost again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

struct Listening {
    docker: Docker,
    labels: Labels,
    messages: Option<BoxStream<'static, Result<EventMessage, Bollard>>>,
    ready: VecDeque<RuntimeEvent>,
    lost: bool,
}

pub(super) fn listen(docker: &Docker, labels: &Labels) -> BoxStream<'static, RuntimeEvent> {
    let state = Listening {
        docker: docker.clone(),
        labels: labels.clone(),
        messages: None,
        ready: VecDeque::new(),
        lost: false,
    };
    futures::stream::unfold(state, |mut state| async move {
        let event = state.next_event().await;
        Some((event, state))
    })
    .boxed()
}

impl Listening {
    async fn next_event(&mut self) -> RuntimeEvent {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return event;
            }
            let Some(messages) = &mut self.messages else {
                self.connect().await;
                continue;
            };
            match messages.next().await {
                Some(Ok(message)) => self.ready.extend(event_of(message, &self.labels)),
                Some(Err(error)) => self.lose(chain(&error)),
                None => self.lose("the connection ended".into()),
            }
        }
    }

    /// Asks only when Docker answers, so that `Connected` is true when it is said.
    async fn connect(&mut self) {
        if self.lost {
            tokio::time::sleep(ASK_AGAIN).await;
        }
        if let Err(error) = self.docker.api.ping().await {
            if !self.lost {
                self.lose(chain(&error));
            }
            self.lost = true;
            return;
        }
        let filter = [("type", vec!["container", "network"])].into();
        let options = EventsOptionsBuilder::default().filters(&filter).build();
        self.messages = Some(self.docker.api.events(Some(options)).boxed());
        self.lost = false;
        self.ready.push_back(RuntimeEvent::Connected);
    }

    fn lose(&mut self, reason: String) {
        self.messages = None;
        self.lost = true;
        self.ready.push_back(RuntimeEvent::Lost { reason });
    }
}

/// Our word for Docker's, or `None` where it is not about our objects.
fn event_of(message: EventMessage, wanted: &Labels) -> Option<RuntimeEvent> {
    let actor = message.actor.unwrap_or_default();
    let mut attributes: Labels = actor.attributes.unwrap_or_default().into_iter().collect();
    let at = message.time_nano.unwrap_or_default();
    let action = message.action.unwrap_or_default();
    let name = attributes.remove("name").unwrap_or_default();
    let id = actor.id.unwrap_or_default();
    match message.typ {
        // `exec_...` is what terminals and health checks do all the time; nobody's state changes by it.
        Some(EventMessageTypeEnum::CONTAINER) if !action.starts_with("exec_") => wanted
            .iter()
            .all(|(k, v)| attributes.get(k) == Some(v))
            .then_some(RuntimeEvent::Container { id, name, action, attributes, at }),
        // Docker does not tell a network's labels here; the listener knows its own networks' names.
        Some(EventMessageTypeEnum::NETWORK) => {
            Some(RuntimeEvent::Network { id, name, action, container: attributes.remove("container"), at })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::EventActor;

    use super::*;

    fn message(label: &str, action: &str) -> EventMessage {
        let attributes =
            [("berth.instance".to_owned(), label.to_owned()), ("name".to_owned(), "web-1".to_owned())];
        EventMessage {
            typ: Some(EventMessageTypeEnum::CONTAINER),
            action: Some(action.to_owned()),
            actor: Some(EventActor { id: Some("abc".into()), attributes: Some(attributes.into()) }),
            time_nano: Some(7),
            ..Default::default()
        }
    }

    #[test]
    fn only_our_containers_are_told_of_and_not_their_execs() {
        let ours: Labels = [("berth.instance".to_owned(), "main".to_owned())].into();
        assert!(event_of(message("main", "die"), &ours).is_some());
        assert!(event_of(message("other", "die"), &ours).is_none());
        assert!(event_of(message("main", "exec_die"), &ours).is_none());
    }
}
