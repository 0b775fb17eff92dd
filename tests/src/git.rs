//! A git host on the loopback: the real `git http-backend` behind a small CGI bridge.

mod lfs;

use crate::process::{self, command};
use anyhow::{Context, Result};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::Engine as _;
use std::{
    collections::HashSet,
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::task::JoinSet;

/// The host; serves every repository below its folder until it is dropped.
pub struct GitServer {
    port: u16,
    hosted: Arc<Hosted>,
    _task: JoinSet<()>,
}

struct Hosted {
    folder: tempfile::TempDir,
    /// Who may, when the host is private.
    gate: Option<Gate>,
}

/// Who may read a private host; the harness lets others in while it serves.
#[derive(Clone, Default)]
pub struct Gate(Arc<Mutex<HashSet<String>>>);

impl Gate {
    /// Lets a user with this password in.
    pub fn admit(&self, user: &str, password: &str) {
        let admitted = format!("{user}:{password}");
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(admitted);
    }

    /// Lets nobody in any more.
    pub fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A repository on the host with a working copy to commit in.
pub struct Repository {
    bare: PathBuf,
    copy: PathBuf,
    /// The address to clone from.
    pub url: String,
}

impl GitServer {
    /// A host that everybody may read.
    pub async fn start() -> Result<Self> {
        Self::serve(None, Router::new()).await
    }

    /// A host that everybody may read, with an interface of its own beside the repositories.
    pub async fn with_api(api: Router) -> Result<Self> {
        Self::serve(None, api).await
    }

    /// A host that asks for a user and a password.
    pub async fn private(user: &str, password: &str) -> Result<Self> {
        let gate = Gate::default();
        gate.admit(user, password);
        Self::serve(Some(gate), Router::new()).await
    }

    /// A host that lets in who is admitted, with an interface of its own beside the repositories.
    pub async fn gated(gate: Gate, api: Router) -> Result<Self> {
        Self::serve(Some(gate), api).await
    }

    async fn serve(gate: Option<Gate>, api: Router) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("berth-git-").tempdir()?;
        let hosted = Arc::new(Hosted { folder, gate });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let router = api.merge(Router::new().fallback(bridge).with_state(hosted.clone()));
        let mut task = JoinSet::new();
        task.spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { port, hosted, _task: task })
    }

    /// The address of a path of the host.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// Where the repositories are.
    pub fn folder(&self) -> &Path {
        self.hosted.folder.path()
    }

    /// Keeps a file as Git LFS does; gives the text that stands for it in a repository.
    pub fn large_file(&self, bytes: &[u8]) -> Result<String> {
        lfs::keep(self.folder(), bytes)
    }

    /// An empty repository with the branch `main`.
    pub fn repository(&self, name: &str) -> Result<Repository> {
        let bare = self.hosted.folder.path().join(format!("{name}.git"));
        let copy = self.hosted.folder.path().join(format!("{name}.work"));
        git(
            self.hosted.folder.path(),
            &["init", "--quiet", "--bare", "-b", "main", &bare.to_string_lossy()],
        )?;
        git(self.hosted.folder.path(), &["init", "--quiet", "-b", "main", &copy.to_string_lossy()])?;
        git(&copy, &["remote", "add", "origin", &bare.to_string_lossy()])?;
        let url = self.url(&format!("{name}.git"));
        Ok(Repository { bare, copy, url })
    }
}

impl Repository {
    /// Writes files, commits and pushes to the checked-out branch; gives the commit's id.
    pub fn commit(&self, message: &str, files: &[(&str, &str)]) -> Result<String> {
        for (name, text) in files {
            let path = self.copy.join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(&self.copy))?;
            std::fs::write(path, text)?;
        }
        self.commit_all(message)
    }

    /// Copies a folder's files into the repository, commits and pushes.
    pub fn commit_folder(&self, message: &str, folder: &Path) -> Result<String> {
        for entry in std::fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                std::fs::copy(entry.path(), self.copy.join(entry.file_name()))?;
            }
        }
        self.commit_all(message)
    }

    /// Puts a submodule's commit at a path; the next commit has it.
    pub fn link(&self, path: &str, commit: &str) -> Result<()> {
        // An empty folder is how a submodule looks that was not fetched.
        std::fs::create_dir_all(self.copy.join(path))?;
        let entry = format!("160000,{commit},{path}");
        git(&self.copy, &["update-index", "--add", "--cacheinfo", &entry]).map(|_| ())
    }

    /// The working copy's folder; the next commit has what is in it.
    pub fn files(&self) -> &Path {
        &self.copy
    }

    /// Makes a branch out of what `git fast-import` reads from a file.
    pub fn import(&self, stream: &Path) -> Result<()> {
        let mut import = command("git");
        import.current_dir(&self.bare).args(["fast-import", "--quiet", "--force"]);
        import.stdin(std::fs::File::open(stream)?);
        process::run(import).map(|_| ())
    }

    fn commit_all(&self, message: &str) -> Result<String> {
        git(&self.copy, &["add", "--all"])?;
        git(&self.copy, &["commit", "--quiet", "--allow-empty", "-m", message])?;
        git(&self.copy, &["push", "--quiet", "--force", "origin", "HEAD"])?;
        Ok(git(&self.copy, &["rev-parse", "HEAD"])?.trim().to_owned())
    }

    /// Goes on in another branch, made from where this one is.
    pub fn branch(&self, name: &str) -> Result<()> {
        git(&self.copy, &["checkout", "--quiet", "-B", name]).map(|_| ())
    }

    /// Takes a branch away from the host.
    pub fn delete_branch(&self, name: &str) -> Result<()> {
        git(&self.copy, &["push", "--quiet", "origin", "--delete", name]).map(|_| ())
    }

    /// Commits on top of what is checked out and gives the commit to the host under this name only, as the head of a
    /// fork's pull request is kept.
    pub fn commit_as(&self, reference: &str, message: &str, files: &[(&str, &str)]) -> Result<String> {
        for (name, text) in files {
            std::fs::write(self.copy.join(name), text)?;
        }
        git(&self.copy, &["checkout", "--quiet", "--detach"])?;
        git(&self.copy, &["add", "--all"])?;
        git(&self.copy, &["commit", "--quiet", "-m", message])?;
        git(&self.copy, &["push", "--quiet", "--force", "origin", &format!("HEAD:{reference}")])?;
        Ok(git(&self.copy, &["rev-parse", "HEAD"])?.trim().to_owned())
    }

    /// The bare repository's folder.
    pub fn folder(&self) -> &Path {
        &self.bare
    }
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = command("git");
    command.current_dir(folder).args(arguments);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "A Person");
        command.env(format!("GIT_{role}_EMAIL"), "person@example.com");
    }
    process::run(command)
}

async fn bridge(State(hosted): State<Arc<Hosted>>, request: Request) -> Response {
    if !hosted.allows(request.headers()) {
        let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")];
        return (StatusCode::UNAUTHORIZED, ask).into_response();
    }
    let (parts, body) = request.into_parts();
    let answered = async {
        let body = axum::body::to_bytes(body, 64 << 20).await?;
        let folder = hosted.folder.path().to_owned();
        if let Some(answer) = lfs::answer(&folder, &parts, &body)? {
            return Ok(answer);
        }
        tokio::task::spawn_blocking(move || backend(&folder, &parts, &body)).await?
    };
    match answered.await {
        Ok(response) => response,
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

impl Hosted {
    fn allows(&self, headers: &HeaderMap) -> bool {
        let Some(Gate(admitted)) = &self.gate else { return true };
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|given| given.strip_prefix("Basic ")).unwrap_or_default();
        let given = base64::prelude::BASE64_STANDARD.decode(given).unwrap_or_default();
        let given = String::from_utf8_lossy(&given).into_owned();
        admitted.lock().unwrap_or_else(PoisonError::into_inner).contains(&given)
    }
}

/// Runs `git http-backend` for one request (RFC 3875).
fn backend(folder: &Path, parts: &axum::http::request::Parts, body: &Bytes) -> Result<Response> {
    let text = |name: HeaderName| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let mut command = command("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("CONTENT_TYPE", text(header::CONTENT_TYPE))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", text(header::CONTENT_ENCODING))
        .env("HTTP_GIT_PROTOCOL", text(HeaderName::from_static("git-protocol")))
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let mut child = command.spawn().context("start git http-backend")?;
    let mut input = child.stdin.take().context("its input")?;
    let body = body.clone();
    let writer = std::thread::spawn(move || input.write_all(&body));
    let output = child.wait_with_output()?;
    let _ = writer.join();
    cgi_response(&output.stdout)
}

fn cgi_response(output: &[u8]) -> Result<Response> {
    let end = output.windows(4).position(|w| w == b"\r\n\r\n").context("a CGI answer has a head")?;
    let mut response = Response::new(Body::from(output[end + 4..].to_vec()));
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        if name.eq_ignore_ascii_case("status") {
            *response.status_mut() = StatusCode::from_bytes(value.as_bytes().get(..3).unwrap_or_default())?;
        } else {
            let name = HeaderName::from_bytes(name.as_bytes())?;
            response.headers_mut().insert(name, HeaderValue::from_str(value)?);
        }
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_repository_can_be_cloned_over_http_by_those_who_may() -> Result<()> {
        let server = GitServer::private("person", "secret").await?;
        let repository = server.repository("site")?;
        repository.commit("First", &[("page/index.md", "# One")])?;
        let to = server.hosted.folder.path().join("clone");
        let target = to.to_string_lossy().into_owned();
        let clone =
            |url: &str| git(server.hosted.folder.path(), &["clone", "--quiet", "--depth=1", url, &target]);

        let with_password = repository.url.replace("http://", "http://person:secret@");
        assert!(clone(&repository.url.replace("http://", "http://person:wrong@")).is_err());
        clone(&with_password)?;
        assert_eq!(std::fs::read_to_string(to.join("page/index.md"))?, "# One");
        Ok(())
    }
}
