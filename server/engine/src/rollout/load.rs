//! An image that came as an archive: given to Docker piece by piece, under this deployment's tag.

use std::{
    fs::File,
    io::{self, Write},
};

use berth_domain::{deployment::Commit, disk::size_text, upload::Upload};
use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{Rollout, halt::Halt};
use crate::uploads::image;

/// How much goes to Docker at a time, and how many pieces wait for it.
const PIECE: usize = 64 << 10;
const WAITING: usize = 16;

impl Rollout {
    /// Ends with the tag of this deployment on the image of an archive.
    pub(super) async fn load(&mut self, upload: &Upload) -> Result<(), Halt> {
        let _turn = self.wait_for_turn().await?;
        let what = format!("image of {} layers, {}, as an archive", upload.files, size_text(upload.size));
        self.journal.say(&format!("Load an {what}")).await;
        let author = self.job.actor.clone();
        self.note(Commit { id: upload.digest.clone(), title: format!("An {what}"), author }).await?;
        let docker = self.engine.docker().await?;
        let (path, bounds) = (self.engine.upload_file(self.job.service, upload), self.engine.upload_bounds());
        let (tag, wanted) = (self.image_tag(), self.image_tag());
        let (pieces, received) = mpsc::channel(WAITING);
        // On a thread of its own, which ends when Docker takes no more.
        let giving = tokio::task::spawn_blocking(move || {
            let given = give(&path, &bounds, &wanted, &pieces);
            if let Err(error) = &given {
                // So that Docker takes no half for the whole; when it has gone, it says why itself.
                let _ = pieces.blocking_send(Err(io::Error::new(error.kind(), error.to_string())));
            }
            given
        });
        let (given, loaded) =
            tokio::join!(giving, docker.load_image(&tag, ReceiverStream::new(received).boxed()));
        match given.map_err(Halt::fault)? {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                return Err(Halt::failed(format!("The archive cannot be read: {error}. Send it again")));
            }
            _ => {}
        }
        self.journal.say(&format!("Loaded {}", loaded?.id)).await;
        self.push_release().await
    }
}

/// Looks through the archive once more, and writes what Docker is to get of it.
fn give(
    path: &std::path::Path,
    bounds: &crate::uploads::archive::Bounds,
    tag: &str,
    pieces: &mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let file = File::open(path)?;
    let image = image::look_through(&file, bounds).map_err(io::Error::other)?;
    let mut out = io::BufWriter::with_capacity(PIECE, Pour(pieces));
    image.write(&file, tag, &mut out)?;
    out.flush()
}

struct Pour<'a>(&'a mpsc::Sender<io::Result<Bytes>>);

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
