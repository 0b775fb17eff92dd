//! `berth deploy --tar` and `--image-archive`: a folder or a tarball, sent as it is read.

use super::{
    Failure,
    client::{self, Client},
};
use berth_domain::{deployment::DeploymentView, service::ServicePath, upload::UploadQuery};
use bytes::Bytes;
use futures::Stream;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};
use tokio::sync::mpsc;

/// How much is read at a time, and how many pieces wait for the network.
const PIECE: usize = 64 << 10;
const WAITING: usize = 16;

type Piece = io::Result<Bytes>;

/// Sends it, and gives the deployment that was queued.
pub async fn send(
    client: &Client,
    service: &ServicePath,
    source: &Path,
    how: UploadQuery,
) -> Result<DeploymentView, Failure> {
    let failed = |error| Failure::trouble(format!("{} cannot be read: {error}", source.display()));
    let (input, packed) = Input::of(source).map_err(failed)?;
    if how.image && matches!(input, Input::Folder(_)) {
        let words = format!("{} is a folder, and no archive that docker save wrote.", source.display());
        return Err(Failure::trouble(words));
    }
    let (pieces, received) = mpsc::channel(WAITING);
    // On a thread of its own, which ends when nobody receives any more.
    tokio::task::spawn_blocking(move || input.read_into(&pieces));
    let path = format!("{}/deployments/upload", client::service(service));
    let query: &[(&str, &str)] = match how {
        UploadQuery { image: true, .. } => &[("image", "true")],
        UploadQuery { no_cache: true, .. } => &[("no_cache", "true")],
        _ => &[],
    };
    let body = reqwest::Body::wrap_stream(stream(received));
    client.pour(&path, query, packed.then_some("gzip"), body).await
}

fn stream(received: mpsc::Receiver<Piece>) -> impl Stream<Item = Piece> + Send {
    futures::stream::unfold(received, |mut received| async move { Some((received.recv().await?, received)) })
}

/// What is sent.
enum Input {
    Folder(PathBuf),
    Bytes(Box<dyn Read + Send>),
}

impl Input {
    /// Opens it; tells whether it is packed with gzip.
    fn of(source: &Path) -> io::Result<(Self, bool)> {
        if source.as_os_str() == "-" {
            let mut start = Vec::new();
            io::stdin().lock().take(2).read_to_end(&mut start)?;
            let packed = is_gzip(&start);
            return Ok((Self::Bytes(Box::new(io::Cursor::new(start).chain(io::stdin()))), packed));
        }
        if source.is_dir() {
            return Ok((Self::Folder(source.to_owned()), false));
        }
        let mut file = File::open(source)?;
        let mut start = Vec::new();
        (&mut file).take(2).read_to_end(&mut start)?;
        file.seek(SeekFrom::Start(0))?;
        Ok((Self::Bytes(Box::new(file)), is_gzip(&start)))
    }

    /// Reads all of it; an error ends what is sent, so that no half is taken for the whole.
    fn read_into(self, pieces: &mpsc::Sender<Piece>) {
        let mut writer = io::BufWriter::with_capacity(PIECE, Pour(pieces));
        let read = match self {
            Self::Folder(folder) => pack(&folder, &mut writer),
            Self::Bytes(mut bytes) => io::copy(&mut bytes, &mut writer).map(drop),
        };
        if let Err(error) = read.and_then(|()| writer.flush()) {
            eprintln!("berth: {error}");
            // When nobody receives it, the request has ended already, and says why.
            let _ = pieces.blocking_send(Err(error));
        }
    }
}

fn is_gzip(start: &[u8]) -> bool {
    start == [0x1f, 0x8b]
}

struct Pour<'a>(&'a mpsc::Sender<Piece>);

impl Write for Pour<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        self.0.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a folder as a tarball: everything but what git keeps, in order of names.
fn pack(folder: &Path, writer: &mut dyn Write) -> io::Result<()> {
    let mut tar = tar::Builder::new(writer);
    tar.follow_symlinks(false);
    tar.mode(tar::HeaderMode::Deterministic);
    let mut waiting = vec![PathBuf::new()];
    while let Some(inner) = waiting.pop() {
        let mut names: Vec<_> = std::fs::read_dir(folder.join(&inner))?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<_>>()?;
        names.sort();
        for name in names {
            let path = inner.join(name);
            if path == Path::new(".git") {
                continue;
            }
            let whole = folder.join(&path);
            let kind = whole.symlink_metadata()?.file_type();
            if kind.is_dir() {
                tar.append_dir(&path, &whole)?;
                waiting.push(path);
            } else if kind.is_file() || kind.is_symlink() {
                tar.append_path_with_name(&whole, &path)?;
            }
        }
    }
    tar.into_inner()?.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_packed_whole_but_for_what_git_keeps() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("src/.git")).unwrap();
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        for name in ["Dockerfile", "src/main", ".git/HEAD"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
        let mut bytes = Vec::new();
        pack(folder.path(), &mut bytes).unwrap();
        let mut archive = tar::Archive::new(&bytes[..]);
        let names: Vec<_> =
            archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().into_owned()).collect();
        let expected = ["Dockerfile", "link", "src", "src/.git", "src/main"].map(PathBuf::from);
        assert_eq!(names, expected);
    }
}
