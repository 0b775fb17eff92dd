//! The panel's built files: looked up in a list made at the start, so that no path of a request reaches the disk.

use super::{App, Refusal};
use axum::{
    extract::{Path as UrlPath, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use berth_domain::problem::Problem;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
};

/// The files of the site folder, by their name below `/pkg/`.
#[derive(Debug, Default)]
pub struct Assets {
    files: HashMap<String, Asset>,
}

#[derive(Debug)]
struct Asset {
    path: PathBuf,
    etag: HeaderValue,
    media_type: &'static str,
    brotli: bool,
    gzip: bool,
}

impl Assets {
    /// Lists the site folder; a folder that is not there is an empty list, since the panel works without scripts.
    pub fn read(site: Option<&Path>) -> Self {
        let Some(site) = site else {
            tracing::warn!("BERTH_SITE is not set: the panel works without its scripts");
            return Self::default();
        };
        let mut assets = Self::default();
        // What lies beside `pkg` (boot.js, icons) is linked as if it lay in it.
        for (folder, depth) in [(site.to_owned(), 0), (site.join("pkg"), 3)] {
            if let Err(error) = assets.list(&folder, "", depth) {
                tracing::warn!(folder = %folder.display(), %error, "the panel's files cannot be read");
            }
        }
        assets
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn list(&mut self, folder: &Path, prefix: &str, depth: u8) -> io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = entry.path();
            if path.is_dir() {
                if depth > 0 {
                    self.list(&path, &format!("{prefix}{name}/"), depth - 1)?;
                }
            } else if !name.ends_with(".br") && !name.ends_with(".gz") {
                self.files.insert(format!("{prefix}{name}"), Asset::read(path)?);
            }
        }
        Ok(())
    }
}

impl Asset {
    fn read(path: PathBuf) -> io::Result<Self> {
        // By pieces: the largest is megabytes, which would stay with the program for good.
        let mut digest = Sha256::new();
        io::copy(&mut std::fs::File::open(&path)?, &mut digest)?;
        let digest = digest.finalize();
        let text: String = digest[..12].iter().map(|byte| format!("{byte:02x}")).collect();
        let etag = HeaderValue::from_str(&format!("\"{text}\"")).map_err(io::Error::other)?;
        let beside = |extension: &str| with_suffix(&path, extension).is_file();
        let (brotli, gzip) = (beside("br"), beside("gz"));
        Ok(Self { media_type: media_type(&path), etag, brotli, gzip, path })
    }

    /// The file in the best form that the browser takes.
    fn form(&self, accepted: &str) -> (PathBuf, Option<&'static str>) {
        let takes =
            |name: &str| accepted.split(',').any(|form| form.split(';').next().unwrap_or("").trim() == name);
        if self.brotli && takes("br") {
            (with_suffix(&self.path, "br"), Some("br"))
        } else if self.gzip && takes("gzip") {
            (with_suffix(&self.path, "gz"), Some("gzip"))
        } else {
            (self.path.clone(), None)
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(".");
    text.push(suffix);
    text.into()
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// One file; for good when its address has a version in it, else asked for again and answered with 304.
pub async fn asset(
    State(app): State<App>,
    UrlPath(path): UrlPath<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let asset = app.assets.files.get(&path).ok_or_else(|| Problem::not_found("file"))?;
    let versioned = request.uri().query().is_some_and(|query| query.starts_with("v="));
    let cache = if versioned { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut headers = HeaderMap::new();
    headers.insert(header::ETAG, asset.etag.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let known = request.headers().get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known == asset.etag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let accepted = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let (file, encoding) = asset.form(accepted.unwrap_or_default());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    let body = tokio::fs::read(&file)
        .await
        .map_err(|error| berth_engine::Error::internal("read a file of the panel", error))?;
    Ok((headers, body).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_form_that_is_there_and_accepted_is_sent() {
        let etag = HeaderValue::from_static("\"1\"");
        let asset = Asset { path: "/s/a.js".into(), etag, media_type: "", brotli: true, gzip: true };
        assert_eq!(asset.form("gzip, deflate, br").1, Some("br"));
        assert_eq!(asset.form("gzip;q=1.0").1, Some("gzip"));
        assert_eq!(asset.form("").1, None);
    }
}
