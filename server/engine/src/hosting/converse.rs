//! One conversation of a client with git about a repository, piece by piece: nothing of it is kept whole.

use super::Ticket;
use crate::{
    Actor, Engine, Error, Result,
    git::{Ask, Exchange, Hosted, Started, Turn, WayBack},
};
use berth_domain::{
    ids::ServiceId,
    problem::{Problem, ProblemKind},
};
use bytes::{Bytes, BytesMut};
use std::time::Duration;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    sync::{OwnedSemaphorePermit, mpsc},
};

/// The most that a piece has.
const PIECE: usize = 32 << 10;
/// How many pieces wait for a slow client.
const WAITING: usize = 8;
/// The longest conversation: a large push over a slow line, and then its deployment.
const LONGEST: Duration = Duration::from_secs(6 * 3_600);
/// The most that is kept of git's complaints.
const COMPLAINTS: u64 = 8 << 10;

/// A conversation that goes on.
pub struct Conversation {
    /// What the client says goes here; dropped, it has said everything.
    pub input: Box<dyn AsyncWrite + Send + Unpin>,
    /// What the client is told, ended by [`Piece::End`].
    pub output: mpsc::Receiver<Piece>,
}

/// A part of what git answers.
#[derive(Debug)]
pub enum Piece {
    Data(Bytes),
    /// There is no more, and whether git is content; with its complaints.
    End {
        well: bool,
        complaints: String,
    },
}

impl Engine {
    /// Begins a conversation for an actor whose permission was checked.
    pub(crate) fn begin_conversation(
        &self,
        actor: &Actor,
        service: Option<ServiceId>,
        hosted: Hosted,
        ask: &Ask,
    ) -> Result<Conversation> {
        let hosting = &self.parts.hosting;
        let full = || {
            Problem::new(ProblemKind::TooMany, "Too many clients talk to repositories now.")
                .with_hint("Try again in a minute.")
        };
        let room = hosting.room.clone().try_acquire_owned().map_err(|_| full())?;
        let hears = ask.exchange == Exchange::Push && ask.turn != Turn::Advertise;
        let ticket = match service.filter(|_| hears) {
            Some(service) => {
                Some(hosting.admit(Ticket { actor: actor.clone(), service, hosted: hosted.clone() })?)
            }
            None => None,
        };
        let (hooks, socket) = (hosting.hooks(), hosting.socket());
        let back = ticket.as_ref().map(|ticket| WayBack { hooks: &hooks, socket: &socket, ticket });
        let started = self.parts.git.serve(&hosted, ask, back.as_ref());
        let held = Held { engine: self.clone(), ticket, _room: room };
        let mut git = started.map_err(|error| Error::internal("start git", error))?;
        let (pieces, output) = mpsc::channel(WAITING);
        let Some(input) = git.input.take() else {
            return Err(Error::internal("talk to git", std::io::Error::other("it has no input")));
        };
        hosting.start(Box::pin(drive(git, pieces, ask.exchange, held)))?;
        Ok(Conversation { input: Box::new(input), output })
    }
}

/// What a conversation has as long as it goes on.
struct Held {
    engine: Engine,
    ticket: Option<String>,
    _room: OwnedSemaphorePermit,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(ticket) = &self.ticket {
            self.engine.parts.hosting.tickets.remove(ticket);
        }
    }
}

/// Passes on what git says, to its end. A client that has gone ends a fetch; a push goes on without it: as long as it
/// was not there whole, git itself gives it up.
async fn drive(mut git: Started, pieces: mpsc::Sender<Piece>, exchange: Exchange, held: Held) {
    let talking = async {
        let told = async { tokio::join!(pass_on(&mut git.output, &pieces), complaints(&mut git.errors)).1 };
        let complaints = told.await;
        Piece::End { well: git.ended().await, complaints }
    };
    let gone = async {
        match exchange {
            Exchange::Fetch => pieces.closed().await,
            Exchange::Push => std::future::pending().await,
        }
    };
    let end = tokio::select! {
        end = talking => end,
        () = gone => return,
        () = tokio::time::sleep(LONGEST) => {
            tracing::warn!("a conversation with git took too long and is ended");
            return;
        }
    };
    drop(held);
    if let Piece::End { well: false, complaints } = &end {
        tracing::info!(complaints, "git ended a conversation without success");
    }
    // A client that has gone needs no farewell.
    _ = pieces.send(end).await;
}

async fn pass_on(output: &mut (impl AsyncRead + Unpin), pieces: &mpsc::Sender<Piece>) {
    let mut heard = true;
    loop {
        let mut piece = BytesMut::with_capacity(PIECE);
        match output.read_buf(&mut piece).await {
            Ok(1..) if heard => heard = pieces.send(Piece::Data(piece.freeze())).await.is_ok(),
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
    }
}

/// The beginning of what git complains about; the rest is read and forgotten, so that git is not held up.
async fn complaints(errors: &mut (impl AsyncRead + Unpin)) -> String {
    let mut kept = Vec::new();
    let read = async {
        (&mut *errors).take(COMPLAINTS).read_to_end(&mut kept).await?;
        tokio::io::copy(errors, &mut tokio::io::sink()).await
    };
    if let Err(error) = read.await {
        tracing::debug!(%error, "git's complaints could not be read");
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}
