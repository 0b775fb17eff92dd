//! What the headers of a call say, whoever made it.

use berth_domain::webhook::Provider;

/// A call without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub provider: Provider,
    /// The host's own id of the delivery.
    pub delivery: Option<String>,
    /// As the host names it.
    pub event: String,
    /// A signature over the body, in the host's own form.
    pub signature: Option<String>,
    /// A secret word in a header or in the address.
    pub token: Option<String>,
    /// When it was signed, in seconds, as the signature covers it.
    pub signed_at: Option<String>,
    /// The body is a form with the JSON in its field `payload`.
    pub form: bool,
}

/// Lower-case names with their values.
struct Headers<'a>(&'a [(String, String)]);

impl Headers<'_> {
    fn raw(&self, wanted: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.trim())
    }

    /// The first of these that says something, fit to be kept and shown.
    fn first<const N: usize>(&self, names: [&str; N]) -> Option<String> {
        let short = |value: &str| value.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
        names.into_iter().filter_map(|name| self.raw(name)).map(short).find(|value| !value.is_empty())
    }

    /// The first of these, whole: signatures are longer than what is shown.
    fn whole<const N: usize>(&self, names: [&str; N]) -> Option<String> {
        names.into_iter().find_map(|name| self.raw(name)).map(str::to_owned)
    }
}

impl Call {
    /// Reads the headers; `token` is what the address carries behind `?token=`.
    pub fn read(headers: &[(String, String)], token: Option<String>) -> Self {
        let headers = Headers(headers);
        let kind = headers.raw("content-type").unwrap_or_default().to_ascii_lowercase();
        let call = match provider(&headers, &kind, token.is_some()) {
            Provider::GitLab => gitlab(&headers),
            Provider::Gitea => gitea(&headers),
            Provider::Bitbucket => bitbucket(&headers),
            Provider::Registry => registry(&headers, token),
            Provider::GitHub => github(&headers, Provider::GitHub),
            _ => github(&headers, Provider::Generic),
        };
        Self { form: kind.starts_with("application/x-www-form-urlencoded"), ..call }
    }
}

/// Gitea names itself in GitHub's headers too, so it is looked for first.
fn provider(headers: &Headers, kind: &str, token: bool) -> Provider {
    let has = |name: &str| headers.raw(name).is_some();
    if has("x-forgejo-event") || has("x-gitea-event") || has("x-gogs-event") {
        Provider::Gitea
    } else if has("x-gitlab-event") {
        Provider::GitLab
    } else if has("x-event-key") {
        Provider::Bitbucket
    } else if has("x-github-event") {
        Provider::GitHub
    } else if token || kind.starts_with("application/vnd.docker.distribution.events") {
        Provider::Registry
    } else {
        Provider::Generic
    }
}

fn call(provider: Provider, event: Option<String>) -> Call {
    let event = event.unwrap_or_else(|| "push".to_owned());
    Call { provider, event, delivery: None, signature: None, token: None, signed_at: None, form: false }
}

/// GitHub's headers, and Berth's own beside them.
fn github(headers: &Headers, provider: Provider) -> Call {
    Call {
        delivery: headers.first(["x-github-delivery", "x-berth-delivery"]),
        signature: headers.whole(["x-hub-signature-256", "x-berth-signature"]),
        ..call(provider, headers.first(["x-github-event", "x-berth-event"]))
    }
}

fn gitea(headers: &Headers) -> Call {
    Call {
        delivery: headers.first(["x-forgejo-delivery", "x-gitea-delivery", "x-gogs-delivery"]),
        signature: headers.whole([
            "x-forgejo-signature",
            "x-gitea-signature",
            "x-gogs-signature",
            "x-hub-signature-256",
        ]),
        ..call(Provider::Gitea, headers.first(["x-forgejo-event", "x-gitea-event", "x-gogs-event"]))
    }
}

/// The key of a retry is the same as the first one's; the UUID of an event may be shared by several.
fn gitlab(headers: &Headers) -> Call {
    Call {
        delivery: headers.first(["webhook-id", "idempotency-key", "x-gitlab-event-uuid"]),
        signature: headers.whole(["webhook-signature"]),
        token: headers.whole(["x-gitlab-token"]),
        signed_at: headers.first(["webhook-timestamp"]),
        ..call(Provider::GitLab, headers.first(["x-gitlab-event"]))
    }
}

fn bitbucket(headers: &Headers) -> Call {
    Call {
        delivery: headers.first(["x-request-uuid", "x-request-id"]),
        signature: headers.whole(["x-hub-signature"]),
        ..call(Provider::Bitbucket, headers.first(["x-event-key"]))
    }
}

fn registry(headers: &Headers, token: Option<String>) -> Call {
    let bearer = || headers.raw("authorization")?.strip_prefix("Bearer ").map(|t| t.trim().to_owned());
    Call { token: token.or_else(bearer), ..call(Provider::Registry, None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<const N: usize>(headers: [(&str, &str); N], token: Option<&str>) -> Call {
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Call::read(&headers, token.map(str::to_owned))
    }

    #[test]
    fn each_host_is_known_by_its_headers() {
        let gitea = read([("x-github-event", "push"), ("x-gitea-event", "push")], None);
        assert_eq!(gitea.provider, Provider::Gitea);
        assert_eq!(read([("x-forgejo-event", "push")], None).provider, Provider::Gitea);
        assert_eq!(read([("x-github-event", "push")], Some("t")).provider, Provider::GitHub);
        assert_eq!(read([("x-gitlab-event", "Push Hook")], None).provider, Provider::GitLab);
        assert_eq!(read([("x-event-key", "repo:push")], None).provider, Provider::Bitbucket);
        assert_eq!(read([("content-type", "application/json")], Some("t")).provider, Provider::Registry);
        let kind = "application/vnd.docker.distribution.events.v2+json";
        let noted = read([("content-type", kind), ("authorization", "Bearer t")], None);
        assert_eq!((noted.provider, noted.token.as_deref()), (Provider::Registry, Some("t")));
        assert_eq!(read([], None).provider, Provider::Generic);
    }

    #[test]
    fn headers_are_read_in_both_forms_and_kept_short() {
        let long = "x".repeat(500);
        let call = read([("x-berth-signature", "sha256=ab"), ("x-berth-delivery", &long)], None);
        assert_eq!(call.event, "push");
        assert_eq!(call.signature.as_deref(), Some("sha256=ab"));
        assert_eq!(call.delivery.map(|id| id.len()), Some(100));
    }

    #[test]
    fn a_retry_of_gitlab_has_the_id_of_the_first() {
        let headers =
            [("x-gitlab-event", "Push Hook"), ("x-gitlab-event-uuid", "e"), ("idempotency-key", "k")];
        assert_eq!(read(headers, None).delivery.as_deref(), Some("k"));
    }
}
