//! One SSH connection: who it is, and what it asks for.

use super::{Work, command, talk};
use berth_engine::{
    Actor, Engine,
    front::Origin,
    git::{Ask, Turn},
};
use russh::{
    Channel, ChannelId, Pty,
    keys::{HashAlg, PublicKey},
    server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, VerifiedPublicKey},
};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::mpsc;

/// How many channels a connection may open before it has asked for anything on them.
const CHANNELS: usize = 8;

/// A channel on which nothing was asked for yet.
struct Waiting {
    channel: Channel<Msg>,
    protocol: Option<String>,
}

/// A connection.
pub(super) struct Session {
    engine: Engine,
    origin: Origin,
    work: mpsc::UnboundedSender<Work>,
    known: Arc<AtomicBool>,
    actor: Option<Actor>,
    waiting: HashMap<ChannelId, Waiting>,
}

impl Session {
    /// A connection of nobody yet; says in `known` when that changes.
    pub fn new(
        engine: Engine,
        origin: Origin,
        work: mpsc::UnboundedSender<Work>,
        known: Arc<AtomicBool>,
    ) -> Self {
        Self { engine, origin, work, known, actor: None, waiting: HashMap::new() }
    }

    fn start(&self, work: Work) {
        if self.work.send(work).is_err() {
            tracing::debug!("an SSH client asks while Berth stops");
        }
    }

    /// Tells the client why there is nothing for it, and closes the channel.
    fn refuse(&mut self, id: ChannelId, words: &'static str) {
        if let Some(Waiting { channel, .. }) = self.waiting.remove(&id) {
            self.start(Box::pin(talk::refuse(channel, words.to_owned())));
        }
    }
}

fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// A store that is away for a moment lets nobody in.
fn away(error: &berth_engine::Error) -> Auth {
    tracing::error!(%error, "could not look an SSH key up");
    Auth::reject()
}

impl Handler for Session {
    type Error = russh::Error;

    async fn auth_publickey_offered(
        &mut self,
        _: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        Ok(match self.engine.knows_key(&fingerprint(offer.public_key)).await {
            Ok(true) => Auth::Accept,
            Ok(false) => Auth::reject(),
            Err(error) => away(&error),
        })
    }

    async fn auth_publickey(&mut self, _: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        Ok(match self.engine.authenticate_key(&fingerprint(key.public_key), &self.origin).await {
            Ok(Some(actor)) => {
                self.actor = Some(actor);
                self.known.store(true, Ordering::Release);
                Auth::Accept
            }
            Ok(None) => Auth::reject(),
            Err(error) => away(&error),
        })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        // Dropped, the reply is a refusal.
        if self.waiting.len() < CHANNELS {
            self.waiting.insert(channel.id(), Waiting { channel, protocol: None });
            reply.accept().await;
        }
        Ok(())
    }

    async fn channel_close(
        &mut self,
        id: ChannelId,
        _: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        self.waiting.remove(&id);
        Ok(())
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        name: &str,
        value: &str,
        session: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        match self.waiting.get_mut(&id) {
            Some(waiting) if name == "GIT_PROTOCOL" => {
                waiting.protocol = Some(value.to_owned());
                session.channel_success(id)
            }
            _ => session.channel_failure(id),
        }
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        asked: &[u8],
        session: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        let (Some(actor), Some((exchange, path))) = (&self.actor, command::parse(asked)) else {
            session.channel_success(id)?;
            self.refuse(id, command::refusal(asked));
            return Ok(());
        };
        let acting = self.engine.acting_as(actor);
        let Some(Waiting { channel, protocol }) = self.waiting.remove(&id) else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        let ask = Ask { exchange, turn: Turn::Whole, protocol };
        self.start(Box::pin(talk::about(channel, acting, path, ask)));
        Ok(())
    }

    async fn shell_request(
        &mut self,
        id: ChannelId,
        session: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(id)?;
        self.refuse(id, "Berth knows this key. There is no shell here, only git.");
        Ok(())
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        _: &str,
        session: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }
}
