//! A channel of a connection, joined to a conversation with git.

use berth_domain::service::ServicePath;
use berth_engine::{
    acting::Acting,
    git::Ask,
    hosting::{Conversation, Piece},
};
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, server::Msg};
use std::future::pending;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};

/// The stream for what is no part of git's protocol: its client shows it.
const ERRORS: u32 = 1;

/// Serves what was asked for, to its end.
pub(super) async fn about(channel: Channel<Msg>, acting: Acting, path: ServicePath, ask: Ask) {
    let Conversation { input, output } = match acting.converse(&path, &ask).await {
        Ok(conversation) => conversation,
        Err(error) => {
            if let berth_engine::Error::Internal { context, source } = &error {
                tracing::error!(context, %source, "a conversation with git failed");
            }
            let problem = error.problem();
            let hint = problem.hint.map(|hint| format!(" {hint}")).unwrap_or_default();
            return refuse(channel, format!("{}{hint}", problem.message)).await;
        }
    };
    let (read, write) = channel.split();
    let hears = async {
        hear(read, input).await;
        // What git answers decides when it is over.
        pending::<()>().await;
    };
    tokio::select! {
        said = say(&write, output) => if said.is_err() {
            tracing::info!("a client of git over SSH has gone");
        },
        () = hears => {}
    }
}

/// Says why there is nothing, and closes the channel.
pub(super) async fn refuse(channel: Channel<Msg>, words: String) {
    let (_, write) = channel.split();
    if end(&write, words, 1).await.is_err() {
        tracing::debug!("a client of SSH went before it was told why it is refused");
    }
}

/// Passes on what the client says. Dropped at its end, the input tells git so.
async fn hear(mut read: ChannelReadHalf, mut input: Box<dyn AsyncWrite + Send + Unpin>) {
    while let Some(message) = read.wait().await {
        match message {
            ChannelMsg::Data { data } if input.write_all(&data).await.is_err() => return,
            ChannelMsg::Eof | ChannelMsg::Close => return,
            _ => {}
        }
    }
}

/// Passes on what git says, to its end.
async fn say(write: &ChannelWriteHalf<Msg>, mut output: mpsc::Receiver<Piece>) -> Result<(), russh::Error> {
    loop {
        match output.recv().await {
            Some(Piece::Data(piece)) => write.data_bytes(piece).await?,
            Some(Piece::End { well, complaints }) => {
                return end(write, complaints, u32::from(!well)).await;
            }
            None => return end(write, "git was ended".into(), 1).await,
        }
    }
}

async fn end(write: &ChannelWriteHalf<Msg>, words: String, status: u32) -> Result<(), russh::Error> {
    if !words.is_empty() {
        write.extended_data_bytes(ERRORS, format!("{words}\n")).await?;
    }
    write.exit_status(status).await?;
    write.eof().await?;
    write.close().await
}
