//! Which pushes deploy, and how often the repository is asked, as fields.

use super::{invalid, optional, text_area};
use crate::api::PanelError;
use berth_domain::{service::ServiceSettings, webhook::WatchPaths};
use serde::{Deserialize, Serialize};

/// The fields.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TriggersForm {
    /// A pattern in each line.
    pub watch: String,
    /// A pattern in each line.
    pub watch_not: String,
    /// Minutes; empty for never.
    pub poll: String,
    /// `try` saves nothing.
    pub then: String,
}

impl TriggersForm {
    /// The fields of saved settings.
    pub fn of(settings: &ServiceSettings) -> Self {
        let minutes = settings.poll_s.map(|seconds| (f64::from(seconds) / 60.0).to_string());
        Self {
            watch: settings.watch.include.join("\n"),
            watch_not: settings.watch.exclude.join("\n"),
            poll: minutes.unwrap_or_default(),
            then: String::new(),
        }
    }

    /// The patterns that were typed.
    pub fn watch(&self) -> WatchPaths {
        let lines = |text: &str| {
            let text = text_area(text);
            text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
        };
        WatchPaths { include: lines(&self.watch), exclude: lines(&self.watch_not) }
    }

    /// The interval that was typed, in seconds.
    pub fn poll_s(&self) -> Result<Option<u32>, PanelError> {
        let Some(text) = optional(&self.poll) else { return Ok(None) };
        let minutes: f64 = text.parse().map_err(|_| invalid("poll", format!("{text:?} is not a number.")))?;
        let seconds = (minutes * 60.0).round();
        match (10.0..=86_400.0).contains(&seconds) {
            true => Ok(Some(seconds as u32)),
            false => Err(invalid("poll", "The repository is asked from six times a minute to once a day.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triggers_survive_their_form() {
        let watch =
            WatchPaths { include: vec!["apps/web".into(), "*.toml".into()], exclude: vec!["**/*.md".into()] };
        for poll_s in [None, Some(10), Some(90), Some(86_400)] {
            let settings = ServiceSettings { watch: watch.clone(), poll_s, ..ServiceSettings::default() };
            let form = TriggersForm::of(&settings);
            assert_eq!((form.watch(), form.poll_s().ok()), (watch.clone(), Some(poll_s)));
        }
        let typed = TriggersForm { watch: " a \r\n\r\nb\r\n".into(), ..TriggersForm::default() };
        assert_eq!(typed.watch().include, ["a", "b"]);
        for bad in ["soon", "0.1", "1441", "NaN"] {
            let form = TriggersForm { poll: bad.into(), ..TriggersForm::default() };
            assert_eq!(form.poll_s().unwrap_err().0.field.as_deref(), Some("poll"), "{bad}");
        }
    }
}
