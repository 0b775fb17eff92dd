//! What `berth login` keeps: the address and the token, readable by their owner only.

use super::Failure;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, OpenOptions, Permissions},
    io::{ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::PathBuf,
};

/// A Berth and the token for it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Profile {
    pub url: String,
    pub token: String,
}

/// What the flags or the environment say, else what was kept.
pub fn chosen(url: Option<&str>, token: Option<&str>) -> Result<Profile, Failure> {
    let filled = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let (url, token) = (filled(url), filled(token));
    if let (Some(url), Some(token)) = (&url, &token) {
        return Ok(Profile { url: url.clone(), token: token.clone() });
    }
    let hint = "Run `berth login URL --token TOKEN`, or set BERTH_URL and BERTH_TOKEN.";
    match (url, token, read()?) {
        // A kept token is for the kept address; it is not sent to another one.
        (Some(url), None, Some(kept)) if same(&url, &kept.url) => Ok(kept),
        (Some(_), None, _) => Err(Failure::trouble(format!("There is no token for this address. {hint}"))),
        (None, Some(token), Some(kept)) => Ok(Profile { token, ..kept }),
        (None, None, Some(kept)) => Ok(kept),
        _ => Err(Failure::trouble(format!("Nobody is logged in. {hint}"))),
    }
}

fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'))
}

/// Writes the profile where only its owner can read it; returns where.
pub fn keep(profile: &Profile) -> Result<PathBuf, Failure> {
    let path = path()?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let text = toml::to_string(profile).map_err(Failure::trouble)?;
    let fresh = path.with_extension("toml.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    fs::rename(&fresh, &path)?;
    Ok(path)
}

fn read() -> Result<Option<Profile>, Failure> {
    let path = path()?;
    match fs::read_to_string(&path) {
        Ok(text) => toml::from_str(&text)
            .map(Some)
            .map_err(|_| Failure::trouble(format!("{} cannot be read: log in again.", path.display()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::trouble(format!("{}: {error}", path.display()))),
    }
}

fn path() -> Result<PathBuf, Failure> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")));
    let folder = folder.ok_or_else(|| Failure::trouble("There is no home folder: set HOME."))?;
    Ok(folder.join("berth").join("config.toml"))
}
