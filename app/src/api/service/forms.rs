//! Forms as a browser posts them, flat and textual, and their way to the requests of the domain.

mod domain;
mod settings;
mod triggers;
mod words;

pub use domain::{DomainForm, form_field as domain_field};
pub use settings::{IsolationForm, ProbeForm, ProcessRow, RolloutForm, SettingsForm, steps_text};
pub use triggers::TriggersForm;
pub use words::{join_words, split_words};

use crate::api::PanelError;
use berth_domain::{
    builder::{Builder, StaticSite},
    dotenv,
    name::Name,
    problem::Problem,
    service::{CreateService, ServicePath, ServiceSettings, SetCredential},
    source::{GitSource, ImageSource, PushedSource, Source},
};
use serde::{Deserialize, Serialize};
use std::fmt::Display;

/// Bad input at a field of a form.
pub fn invalid(field: &str, why: impl Display) -> PanelError {
    Problem::invalid(field, why).into()
}

/// Reads a name at a field.
pub fn name(field: &str, text: &str) -> Result<Name, PanelError> {
    text.trim().parse().map_err(|why| invalid(field, why))
}

/// Reads the hidden field that says which service a form is about.
pub fn path(text: &str) -> Result<ServicePath, PanelError> {
    text.parse().map_err(|why: String| invalid("path", why))
}

/// What a text area holds: browsers post its line breaks as CR LF.
pub fn text_area(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// `None` for an empty field.
pub fn optional(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// Where a service comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceForm {
    /// `git`, `pushed` or `image`.
    pub kind: String,
    pub url: String,
    pub branch: String,
    /// The branch of what is pushed here.
    pub pushed_branch: String,
    pub folder: String,
    pub dockerfile: String,
    pub target: String,
    pub build_args: String,
    /// `dockerfile`, `static` or `auto`.
    pub builder: String,
    /// The folder of a site that is served.
    pub publish: String,
    pub build_command: String,
    pub build_image: String,
    /// Anything here: unknown paths get the site's first page.
    pub single_page: String,
    pub reference: String,
}

impl SourceForm {
    /// The form of a saved source.
    pub fn of(source: &Source) -> Self {
        match source {
            Source::Image(image) => {
                Self { kind: "image".into(), reference: image.reference.clone(), ..Self::default() }
            }
            Source::Git(git) => Self {
                kind: "git".into(),
                url: git.url.clone(),
                branch: git.branch.clone(),
                ..Self::of_build(git)
            },
            Source::Pushed(pushed) => Self {
                kind: "pushed".into(),
                pushed_branch: pushed.branch.clone(),
                ..Self::of_build(&pushed.at(""))
            },
        }
    }

    /// How a repository is built.
    fn of_build(git: &GitSource) -> Self {
        let site = match &git.builder {
            Builder::Static(site) => site.clone(),
            Builder::Dockerfile | Builder::Auto => StaticSite::default(),
        };
        Self {
            builder: git.builder.as_str().to_owned(),
            publish: site.publish,
            build_command: site.command.unwrap_or_default(),
            build_image: site.image.unwrap_or_default(),
            single_page: if site.single_page { "true".to_owned() } else { String::new() },
            folder: git.folder.clone(),
            dockerfile: git.dockerfile.clone(),
            target: git.target.clone().unwrap_or_default(),
            build_args: dotenv::print(git.build_args.iter().map(|(k, v)| (k.as_str(), v.as_str()))),
            ..Self::default()
        }
    }

    /// The source that was typed.
    pub fn source(&self) -> Result<Source, PanelError> {
        let source = match self.kind.as_str() {
            "image" => Source::Image(ImageSource { reference: self.reference.trim().to_owned() }),
            "pushed" => Source::Pushed(PushedSource::of(self.git("", &self.pushed_branch)?)),
            _ => {
                let url = optional(&self.url);
                let url = url.ok_or_else(|| invalid("url", "The address of the repository is required."))?;
                Source::Git(self.git(url, &self.branch)?)
            }
        };
        source.check().map_err(|(field, why)| invalid(form_field(field), why))?;
        Ok(source)
    }

    fn git(&self, url: &str, branch: &str) -> Result<GitSource, PanelError> {
        let mut git = GitSource::new(url);
        if let Some(branch) = optional(branch) {
            git.branch = branch.to_owned();
        }
        if let Some(dockerfile) = optional(&self.dockerfile) {
            git.dockerfile = dockerfile.to_owned();
        }
        git.folder = self.folder.trim().to_owned();
        git.target = optional(&self.target).map(str::to_owned);
        let pairs = dotenv::parse(&text_area(&self.build_args)).map_err(|why| invalid("build_args", why))?;
        git.build_args = pairs.into_iter().collect();
        git.builder = self.builder();
        Ok(git)
    }

    fn builder(&self) -> Builder {
        let command = text_area(&self.build_command);
        match self.builder.as_str() {
            "static" => Builder::Static(StaticSite {
                publish: self.publish.trim().to_owned(),
                command: Some(command).filter(|text| !text.trim().is_empty()),
                image: optional(&self.build_image).map(str::to_owned),
                single_page: !self.single_page.is_empty(),
            }),
            "auto" => Builder::Auto,
            _ => Builder::Dockerfile,
        }
    }
}

/// The form's name for a field of the source.
fn form_field(field: &str) -> &str {
    match field {
        "command" => "build_command",
        "image" => "build_image",
        other => other,
    }
}

/// A credential, or its removal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CredentialForm {
    pub username: String,
    /// A token or password: one line.
    pub secret: String,
    /// An OpenSSH private key: many lines.
    pub ssh_key: String,
    /// Anything here removes the credential.
    pub remove: String,
}

impl CredentialForm {
    /// The request, unless nothing was typed.
    pub fn request(&self) -> Option<SetCredential> {
        if let Some(key) = optional(&self.ssh_key) {
            // An OpenSSH key is only read with a line break at its end.
            let secret = format!("{}\n", text_area(key));
            return Some(SetCredential { username: String::new(), secret });
        }
        let secret = optional(&self.secret)?.to_owned();
        Some(SetCredential { username: self.username.trim().to_owned(), secret })
    }
}

/// A new service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewServiceForm {
    pub project: String,
    pub environment: String,
    pub name: String,
    #[serde(flatten)]
    pub source: SourceForm,
    #[serde(flatten)]
    pub credential: CredentialForm,
    pub port: String,
    /// `create` makes the service only; anything else deploys it too.
    pub then: String,
}

impl NewServiceForm {
    /// The request of the domain. An empty name is suggested from the source.
    pub fn request(&self) -> Result<CreateService, PanelError> {
        let source = self.source.source()?;
        let name = match optional(&self.name) {
            Some(_) => name("name", &self.name)?,
            None => suggested_name(&source).ok_or_else(|| invalid("name", "A name is required."))?,
        };
        let settings = ServiceSettings { port: settings::port(&self.port)?, ..ServiceSettings::default() };
        Ok(CreateService { name, source, settings })
    }
}

/// A name for a service, from the last part of its repository's or image's address.
pub fn suggested_name(source: &Source) -> Option<Name> {
    let text = match source {
        Source::Git(git) => git.url.as_str(),
        // It has no name but the one that it is given.
        Source::Pushed(_) => return None,
        Source::Image(image) => image.reference.split('@').next().unwrap_or_default(),
    };
    suggested_from(text, matches!(source, Source::Image(_)))
}

/// The same from what is typed so far.
pub fn suggested_from(text: &str, image: bool) -> Option<Name> {
    let text = text.trim().trim_end_matches('/');
    let last = text.rsplit(['/', ':']).next().unwrap_or_default();
    let last = match image {
        true => text.rsplit('/').next().and_then(|part| part.split([':', '@']).next()).unwrap_or_default(),
        false => last.strip_suffix(".git").unwrap_or(last),
    };
    Name::suggest(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_suggested_from_the_address() {
        let git = |url: &str| suggested_from(url, false).map(|name| name.to_string());
        assert_eq!(git("https://git.example/team/My_Shop.git").as_deref(), Some("my-shop"));
        assert_eq!(git("git@git.example:shop.git").as_deref(), Some("shop"));
        let image = |text: &str| suggested_from(text, true).map(|name| name.to_string());
        assert_eq!(image("registry.example:5000/team/api:1.2@sha256:00").as_deref(), Some("api"));
        assert_eq!(image("nginx:1.27").as_deref(), Some("nginx"));
        assert_eq!(image(""), None);
    }

    #[test]
    fn a_site_survives_its_form_and_names_what_is_wrong() {
        let site = StaticSite {
            publish: "dist".into(),
            command: Some("npm ci\nnpm run build".into()),
            image: Some("node:22".into()),
            single_page: true,
        };
        let mut git = GitSource::new("https://git.example/a.git");
        git.builder = Builder::Static(site);
        let source = Source::Git(git);
        assert_eq!(SourceForm::of(&source).source().ok(), Some(source.clone()));
        let form = SourceForm { build_image: String::new(), ..SourceForm::of(&source) };
        assert_eq!(form.source().unwrap_err().0.field.as_deref(), Some("build_image"));
    }

    #[test]
    fn a_source_survives_its_form() {
        let mut git = GitSource::new("https://git.example/a.git");
        git.folder = "apps/web".into();
        git.target = Some("run".into());
        git.build_args = [("A".to_owned(), "1 2".to_owned())].into();
        let source = Source::Git(git.clone());
        assert_eq!(SourceForm::of(&source).source().ok(), Some(source));
        let pushed = Source::Pushed(PushedSource { branch: "release".into(), ..PushedSource::of(git) });
        assert_eq!(SourceForm::of(&pushed).source().ok(), Some(pushed));
    }

    #[test]
    fn a_pasted_key_keeps_its_lines() {
        let form = CredentialForm { ssh_key: "-----BEGIN\r\nabc\r\n-----END".into(), ..Default::default() };
        assert_eq!(form.request().map(|c| c.secret).as_deref(), Some("-----BEGIN\nabc\n-----END\n"));
        assert_eq!(CredentialForm::default().request(), None);
    }
}
