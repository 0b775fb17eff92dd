//! Builders: what makes an image out of source.

use crate::source::relative_path;
use serde::{Deserialize, Serialize};

/// What makes an image out of source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Builder {
    /// The repository's own Dockerfile.
    #[default]
    Dockerfile,
    /// A folder of files behind a small web server.
    Static(StaticSite),
    /// Berth looks at the source and says what it would do.
    Auto,
}

/// A web site of files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct StaticSite {
    /// The folder that is served, relative to the source's folder; after the command, when there is one.
    pub publish: String,
    /// What makes the files: lines for the shell of the build image.
    pub command: Option<String>,
    /// The image that the command runs in.
    pub image: Option<String>,
    /// Paths that are no file get `index.html`: for programs that live in the browser.
    pub single_page: bool,
}

impl Builder {
    /// Whether the source says how it is built.
    pub fn is_dockerfile(&self) -> bool {
        matches!(self, Self::Dockerfile)
    }

    /// The word for it in forms.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Dockerfile => "dockerfile",
            Self::Static(_) => "static",
            Self::Auto => "auto",
        }
    }

    /// The first field that is not acceptable and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        match self {
            Self::Dockerfile | Self::Auto => Ok(()),
            Self::Static(site) => site.check(),
        }
    }
}

impl StaticSite {
    fn check(&self) -> Result<(), (&'static str, String)> {
        relative_path(&self.publish).map_err(|why| ("publish", why))?;
        if self.publish.contains(['*', '?', '[', '$']) {
            return Err(("publish", "The folder has a character that stands for others.".into()));
        }
        match (&self.command, &self.image) {
            (Some(_), None) => {
                return Err(("image", "A command needs the image that it runs in, such as node:22.".into()));
            }
            (None, Some(_)) => {
                return Err(("command", "An image is for a command, and there is none.".into()));
            }
            _ => {}
        }
        if self.command.as_ref().is_some_and(|text| text.contains('\0') || text.len() > 16 << 10) {
            return Err(("command", "A command has at most 16 KiB, without NUL.".into()));
        }
        match &self.image {
            Some(image) => crate::source::ImageSource { reference: image.clone() }
                .check()
                .map_err(|(_, why)| ("image", why)),
            None => Ok(()),
        }
    }
}

/// What would be built, before it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BuildPlan {
    /// What makes the image; none when Berth does not know what to make of the source.
    pub builder: Option<Builder>,
    /// Why, and what was seen, one sentence each.
    pub because: Vec<String>,
    /// The Dockerfile that Berth writes for it; the repository's own is not shown here.
    pub dockerfile: Option<String>,
    /// The commit that was looked at, or the tarball.
    pub commit: Option<String>,
}

/// What the source shows of itself at its folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The names of files there.
    pub files: Vec<String>,
    /// `package.json`, as text.
    pub package_json: Option<String>,
}

impl Seen {
    fn has(&self, name: &str) -> bool {
        self.files.iter().any(|file| file == name)
    }
}

/// The image that builds of Node.js run in.
const NODE: &str = "node:22";

/// Tools that make files only, by the package that shows them, and the folder that they write to.
const SITES: [(&str, &str); 7] = [
    ("astro", "dist"),
    ("@docusaurus/core", "build"),
    ("react-scripts", "build"),
    ("vitepress", "docs/.vitepress/dist"),
    ("@11ty/eleventy", "_site"),
    ("gatsby", "public"),
    ("vite", "dist"),
];

/// Finds out what makes an image of this source; the reasons are for people. It knows few things and says so.
pub fn detect(seen: &Seen, dockerfile: &str) -> (Option<Builder>, Vec<String>) {
    if seen.has(dockerfile) {
        return (Some(Builder::Dockerfile), vec![format!("There is a {dockerfile}.")]);
    }
    if let Some(text) = &seen.package_json {
        return node(seen, text);
    }
    for folder in ["public", "dist", "_site"] {
        let page = format!("{folder}/index.html");
        if seen.has(&page) && !seen.has("index.html") {
            let site = StaticSite { publish: folder.into(), ..StaticSite::default() };
            return (Some(Builder::Static(site)), vec![format!("There is {page}, and nothing that builds.")]);
        }
    }
    if seen.has("index.html") {
        let because = "There is index.html, and nothing that builds.".to_owned();
        return (Some(Builder::Static(StaticSite::default())), vec![because]);
    }
    let because = format!(
        "There is no {dockerfile}, no package.json and no index.html, and Berth knows nothing else. Add a {dockerfile}."
    );
    (None, vec![because])
}

fn node(seen: &Seen, text: &str) -> (Option<Builder>, Vec<String>) {
    let Ok(package) = serde_json::from_str::<serde_json::Value>(text) else {
        return (None, vec!["package.json is not JSON.".into()]);
    };
    let depends = |name: &str| {
        ["dependencies", "devDependencies"].iter().any(|part| package[*part].get(name).is_some())
    };
    let tool = SITES.iter().find(|(name, _)| depends(name));
    let builds = package["scripts"].get("build").is_some();
    let (Some((name, folder)), true) = (tool, builds) else {
        let because = "There is a package.json without a script \u{201c}build\u{201d} of a tool that makes files only. \
                       A program that runs is described by a Dockerfile: add one.";
        return (None, vec![because.into()]);
    };
    let (install, run, by) = if seen.has("pnpm-lock.yaml") {
        ("corepack enable && pnpm install --frozen-lockfile", "pnpm run build", "pnpm-lock.yaml")
    } else if seen.has("yarn.lock") {
        ("corepack enable && yarn install --immutable", "yarn run build", "yarn.lock")
    } else if seen.has("package-lock.json") {
        ("npm ci", "npm run build", "package-lock.json")
    } else {
        ("npm install", "npm run build", "package.json alone, without a lock file")
    };
    let site = StaticSite {
        publish: (*folder).to_owned(),
        command: Some(format!("{install}\n{run}\n")),
        image: Some(NODE.into()),
        single_page: *name == "vite" || *name == "react-scripts",
    };
    let because = vec![
        format!(
            "package.json depends on {name}, which writes files to {folder}, and has a script \u{201c}build\u{201d}."
        ),
        format!("Its packages are installed by {by}."),
    ];
    (Some(Builder::Static(site)), because)
}

/// The name of the file with a site's command, beside the source.
pub const COMMAND_FILE: &str = "berth-command";

/// The folder with the source, beside the Dockerfile that Berth writes.
pub const SOURCE_FOLDER: &str = "src";

/// The Dockerfile that puts a site behind a web server: the source is in [`SOURCE_FOLDER`], the command in
/// [`COMMAND_FILE`]. The server serves `/public` on port 80, which most servers expose of themselves, so that no other one
/// is taken for it.
pub fn site_dockerfile(site: &StaticSite, server: &str, secrets: &[String]) -> String {
    let folder = match site.publish.trim_start_matches("./").trim_matches('/') {
        "" | "." => String::new(),
        folder => format!("{folder}/"),
    };
    let json = |from: &str| serde_json::json!([from, "/public/"]).to_string();
    let mut text = String::new();
    let copy = match (&site.command, &site.image) {
        (Some(_), Some(image)) => {
            let secrets: String =
                secrets.iter().map(|key| format!(" --mount=type=secret,id={key}")).collect();
            text.push_str(&format!(
                "FROM {image} AS build\nWORKDIR /src\nCOPY {SOURCE_FOLDER}/ /src/\n\
                 RUN --mount=type=bind,source={COMMAND_FILE},target=/{COMMAND_FILE}{secrets} [\"/bin/sh\", \"-e\", \"/{COMMAND_FILE}\"]\n"
            ));
            format!("COPY --from=build {}", json(&format!("/src/{folder}")))
        }
        _ => format!("COPY {}", json(&format!("{SOURCE_FOLDER}/{folder}"))),
    };
    let fallback = if site.single_page { " SERVER_FALLBACK_PAGE=/public/index.html" } else { "" };
    text.push_str(&format!(
        "FROM {server}\nENV SERVER_ROOT=/public SERVER_PORT=80 PORT=80{fallback}\nEXPOSE 80\n{copy}\n"
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(files: &[&str], package: Option<&str>) -> Seen {
        let mut files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        files.extend(package.map(|_| "package.json".to_owned()));
        Seen { files, package_json: package.map(str::to_owned) }
    }

    const VITE: &str = r#"{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "^7"}}"#;

    #[test]
    fn what_is_plain_is_found_and_the_rest_is_left_to_a_dockerfile() {
        assert_eq!(detect(&seen(&["Dockerfile"], Some(VITE)), "Dockerfile").0, Some(Builder::Dockerfile));
        let plain = Builder::Static(StaticSite::default());
        assert_eq!(detect(&seen(&["index.html"], None), "Dockerfile").0, Some(plain));
        let Some(Builder::Static(site)) = detect(&seen(&["public/index.html"], None), "Dockerfile").0 else {
            panic!("a site");
        };
        assert_eq!(site.publish, "public");
        let Some(Builder::Static(site)) = detect(&seen(&["yarn.lock"], Some(VITE)), "Dockerfile").0 else {
            panic!("a site");
        };
        assert_eq!((site.publish.as_str(), site.single_page), ("dist", true));
        assert!(site.command.unwrap().contains("yarn install --immutable"));
        for unknown in [
            seen(&[], None),
            seen(&["go.mod"], None),
            seen(&["index.html"], Some(r#"{"scripts": {"start": "node ."}}"#)),
            seen(&[], Some("{")),
        ] {
            let (builder, because) = detect(&unknown, "Dockerfile");
            assert!(builder.is_none() && !because.is_empty(), "{unknown:?}: {builder:?}");
        }
    }

    #[test]
    fn a_site_is_copied_behind_the_server_and_built_before_when_it_has_a_command() {
        let plain = site_dockerfile(&StaticSite::default(), "server:1", &[]);
        assert_eq!(
            plain,
            "FROM server:1\nENV SERVER_ROOT=/public SERVER_PORT=80 PORT=80\nEXPOSE 80\nCOPY [\"src/\",\"/public/\"]\n"
        );
        let built = StaticSite {
            publish: "a \"b\"".into(),
            command: Some("make".into()),
            image: Some("node:22".into()),
            single_page: true,
        };
        let text = site_dockerfile(&built, "server:1", &["KEY".into()]);
        assert!(text.starts_with("FROM node:22 AS build\n"), "{text}");
        assert!(
            text.contains("--mount=type=secret,id=KEY [\"/bin/sh\", \"-e\", \"/berth-command\"]\n"),
            "{text}"
        );
        assert!(text.contains("COPY --from=build [\"/src/a \\\"b\\\"/\",\"/public/\"]\n"), "{text}");
        assert!(text.contains("SERVER_FALLBACK_PAGE=/public/index.html"), "{text}");
    }

    #[test]
    fn a_builder_is_checked_before_it_is_kept() {
        let site = |site: StaticSite| Builder::Static(site).check().unwrap_err().0;
        assert_eq!(site(StaticSite { publish: "../x".into(), ..StaticSite::default() }), "publish");
        assert_eq!(site(StaticSite { command: Some("make".into()), ..StaticSite::default() }), "image");
        let image = Some("--privileged".into());
        assert_eq!(site(StaticSite { command: Some("x".into()), image, ..StaticSite::default() }), "image");
        assert_eq!(serde_json::from_str::<Builder>(r#"{"type": "auto"}"#).unwrap(), Builder::Auto);
    }
}
