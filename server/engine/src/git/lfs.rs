//! Files that Git LFS keeps beside the repository: fetched by its own program, from an address that is checked before.

use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::process::{Invocation, Limits};
use super::{Bounds, Git, GitError, Remote, RemoteUrl};

/// The beginning of the text that stands for a file.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

impl Git {
    /// Puts the files that Git LFS keeps in the place of their pointers.
    pub(super) async fn large_files(
        &self,
        remote: &Remote,
        folder: &Path,
        bounds: &Bounds,
        lines: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(), GitError> {
        let limits = Limits::of(bounds);
        let pointers = pointers(self.local(Some(folder)), folder, &limits).await?;
        let Some(first) = pointers.first() else { return Ok(()) };
        let version = self.local(None).args(["lfs", "version"]);
        if version.run(&limits, &|_| ()).await.is_err() {
            let file = first.chars().take(200).flat_map(char::escape_debug).collect();
            return Err(GitError::NoLfs { remote: remote.url.to_string(), file, files: pointers.len() });
        }
        let store = self.large_file_store(remote, folder, &limits).await?;
        lines(&format!("Fetch {} files of Git LFS from {}", pointers.len(), store.url));
        let address = store.url.as_str().to_owned();
        let pull = self.at(&store)?.inside(folder).configured(&[
            ("lfs.url", &address),
            // Nothing but http: another way would start a program or read a file of this machine.
            ("lfs.basictransfersonly", "true"),
            ("lfs.skipdownloaderrors", "false"),
            // Without any filter it would leave the pointers where they are; nothing is ever cleaned here.
            ("filter.lfs.clean", "cat"),
        ]);
        pull.args(["lfs", "pull"]).run(&limits, lines).await.map(|_| ())
    }

    /// Where the files are: beside the repository, unless it names another place.
    async fn large_file_store(
        &self,
        remote: &Remote,
        folder: &Path,
        limits: &Limits,
    ) -> Result<Remote, GitError> {
        let own = folder.join(".lfsconfig");
        if own.symlink_metadata().is_ok_and(|file| file.is_file()) {
            let named = self.local(Some(folder)).args(["config", "--file", ".lfsconfig", "--get", "lfs.url"]);
            match named.run(limits, &|_| ()).await {
                Ok(named) if !named.trim().is_empty() => {
                    let url: RemoteUrl = named.trim().parse()?;
                    let credential = remote.credential.clone().filter(|_| url.is_same_server(&remote.url));
                    return Ok(Remote { url, credential });
                }
                Ok(_) | Err(GitError::Failed { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if remote.url.is_ssh() {
            return Ok(remote.clone());
        }
        let path = remote.url.path().trim_end_matches('/');
        let suffix = if path.ends_with(".git") { "/info/lfs" } else { ".git/info/lfs" };
        Ok(Remote {
            url: remote.url.with_path(&format!("{path}{suffix}"))?,
            credential: remote.credential.clone(),
        })
    }
}

/// The files of a folder that are texts which stand for others, by a call that knows its index.
pub(super) async fn pointers(
    call: Invocation,
    folder: &Path,
    limits: &Limits,
) -> Result<Vec<String>, GitError> {
    let marked = call.args(["ls-files", "-z", "--", ":(attr:filter=lfs)"]).run(limits, &|_| ()).await?;
    let names = marked.split_terminator('\0').filter(|name| is_pointer(&folder.join(name)));
    Ok(names.map(str::to_owned).collect())
}

/// Whether a file is a text that stands for another one. A link is not looked through.
fn is_pointer(path: &Path) -> bool {
    let file = std::fs::OpenOptions::new().read(true).custom_flags(nix::libc::O_NOFOLLOW).open(path);
    let mut head = [0; POINTER.len()];
    file.is_ok_and(|mut file| file.read_exact(&mut head).is_ok()) && head == POINTER
}
