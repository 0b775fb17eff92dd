//! Files with content: listed, added, changed, shown, removed.

use super::PanelError;
#[cfg(feature = "ssr")]
use super::service::forms;
use berth_domain::{
    file::{FilesView, RevealedFile},
    service::ServicePath,
};
use leptos::prelude::*;

/// The files of a service, without their contents.
#[server(prefix = "/panel", endpoint = "files")]
pub async fn load_files(path: ServicePath) -> Result<FilesView, PanelError> {
    Ok(super::acting().await?.files(&path).await?)
}

/// Adds a file, or writes over the one with this id.
#[server(prefix = "/panel", endpoint = "file_set")]
pub async fn set_file(
    path: String,
    #[server(default)] file: String,
    /// Where instances find it.
    at: String,
    #[server(default)] content: String,
) -> Result<(), PanelError> {
    use berth_domain::file::SetFile;
    let path = forms::path(&path)?;
    let request =
        SetFile { path: at.trim().to_owned(), text: Some(forms::text_area(&content)), base64: None };
    let acting = super::acting().await?;
    let set = match forms::optional(&file) {
        Some(_) => acting.replace_file(&path, id(&file)?, request).await,
        None => acting.add_file(&path, request).await,
    };
    set.map_err(at_form)?;
    super::done(&format!("/projects/{path}/volumes"), "file-set");
    Ok(())
}

/// Removes a file from the next deployment on.
#[server(prefix = "/panel", endpoint = "file_delete")]
pub async fn delete_file(path: String, file: String) -> Result<(), PanelError> {
    let path = forms::path(&path)?;
    super::acting().await?.delete_file(&path, id(&file)?).await?;
    super::done(&format!("/projects/{path}/volumes"), "file-deleted");
    Ok(())
}

/// Shows the content of a file; audited.
#[server(prefix = "/panel", endpoint = "file_reveal")]
pub async fn reveal_file(path: String, file: String) -> Result<RevealedFile, PanelError> {
    Ok(super::acting().await?.reveal_file(&forms::path(&path)?, id(&file)?).await?)
}

#[cfg(feature = "ssr")]
fn id(text: &str) -> Result<berth_domain::ids::FileId, PanelError> {
    text.parse().map_err(|_| forms::invalid("file", "That is not the id of a file."))
}

/// The names of the form's fields: `path` is the service's there.
#[cfg(feature = "ssr")]
fn at_form(error: berth_engine::Error) -> PanelError {
    let mut refused = PanelError::from(error);
    refused.0.field = refused.0.field.map(|field| match field.as_str() {
        "path" => "at".to_owned(),
        "text" => "content".to_owned(),
        _ => field,
    });
    refused
}
