//! What Git LFS asks of a host: where files are (the batch API), and the files.

use anyhow::{Context, Result};
use axum::{
    body::Bytes,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::Path;

const BATCH: &str = "/info/lfs/objects/batch";
const FILES: &str = "/lfs-files/";

/// Keeps a file; gives the text that stands for it.
pub(super) fn keep(folder: &Path, bytes: &[u8]) -> Result<String> {
    let id = hex::encode(Sha256::digest(bytes));
    std::fs::create_dir_all(folder.join("lfs-files"))?;
    std::fs::write(folder.join("lfs-files").join(&id), bytes)?;
    Ok(format!("version https://git-lfs.github.com/spec/v1\noid sha256:{id}\nsize {}\n", bytes.len()))
}

/// The answer, when it is a question of Git LFS.
pub(super) fn answer(folder: &Path, parts: &Parts, body: &Bytes) -> Result<Option<Response>> {
    let path = parts.uri.path();
    if let Some(id) = path.strip_prefix(FILES) {
        let known = id.bytes().all(|b| b.is_ascii_hexdigit());
        let file = std::fs::read(folder.join("lfs-files").join(id)).ok().filter(|_| known);
        return Ok(Some(
            file.map_or_else(|| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response),
        ));
    }
    if !path.ends_with(BATCH) {
        return Ok(None);
    }
    let asked: Value = serde_json::from_slice(body)?;
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).context("a host")?;
    let objects = asked["objects"].as_array().context("objects")?.iter().map(|object| {
        let id = object["oid"].as_str().unwrap_or_default();
        let href = format!("http://{host}{FILES}{id}");
        json!({ "oid": id, "size": object["size"], "actions": { "download": { "href": href } } })
    });
    let answer = json!({ "transfer": "basic", "objects": objects.collect::<Vec<_>>() });
    let kind = [(header::CONTENT_TYPE, "application/vnd.git-lfs+json")];
    Ok(Some((kind, answer.to_string()).into_response()))
}
