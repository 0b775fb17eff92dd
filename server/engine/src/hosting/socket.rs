//! The socket that the hooks of pushes find the server by. Nobody but this user opens it.

use crate::git::place_hook;
use std::{io, os::unix::fs::DirBuilderExt, path::Path};
use tokio::net::{UnixListener, UnixStream};

/// Listens, in a folder that only this user may enter, and places the hook that comes here.
pub(super) fn listen(folder: &Path, hooks: &Path, socket: &Path) -> io::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    place_hook(hooks)?;
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// The next hook; nobody ever when there is no socket.
pub(super) async fn next(listener: Option<&UnixListener>) -> UnixStream {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "a hook could not be heard");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}
