//! Certificates.

use super::{
    extract::{At, Body, By},
    places::{InCertificate, InZone},
};
use crate::http::{App, Refusal};
use axum::{
    Json,
    http::{StatusCode, header},
    response::IntoResponse,
};
use berth_domain::{
    authority::AuthorityView,
    certificate::{CertificateView, UploadCertificate},
    zone::{KeepZone, ZoneTried, ZoneView},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_certificates, upload_certificate))
        .routes(routes!(remove_certificate))
        .routes(routes!(retry_certificate))
        .routes(routes!(show_certificate_chain))
        .routes(routes!(revoke_certificate))
        .routes(routes!(change_account_key))
        .routes(routes!(list_authorities))
        .routes(routes!(list_zones))
        .routes(routes!(keep_zone, remove_zone))
        .routes(routes!(try_zone))
}

/// List certificates
///
/// Those that serve, and for hosts without one why there is none and when it is tried again.
#[utoipa::path(get, path = "/certificates", tag = "Certificates",
    responses((status = 200, description = "The certificates", body = [CertificateView])))]
async fn list_certificates(By(acting): By) -> Result<Json<Vec<CertificateView>>, Refusal> {
    Ok(Json(acting.certificates().await?))
}

/// Upload a certificate
///
/// It serves at once for every domain that it covers, and takes the place of an uploaded one for the same names.
#[utoipa::path(post, path = "/certificates", tag = "Certificates", request_body = UploadCertificate,
    responses((status = 201, description = "Taken", body = CertificateView)))]
async fn upload_certificate(
    By(acting): By,
    Body(request): Body<UploadCertificate>,
) -> Result<(StatusCode, Json<CertificateView>), Refusal> {
    Ok((StatusCode::CREATED, Json(acting.upload_certificate(request).await?)))
}

/// Remove an uploaded certificate
#[utoipa::path(delete, path = "/certificates/{certificate}", tag = "Certificates", params(InCertificate),
    responses((status = 204, description = "Removed")))]
async fn remove_certificate(By(acting): By, At(place): At<InCertificate>) -> Result<StatusCode, Refusal> {
    acting.remove_certificate(place.certificate).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Order or renew a certificate at once
#[utoipa::path(post, path = "/certificates/{certificate}/retry", tag = "Certificates", params(InCertificate),
    responses((status = 202, description = "It is tried next", body = CertificateView)))]
async fn retry_certificate(
    By(acting): By,
    At(place): At<InCertificate>,
) -> Result<(StatusCode, Json<CertificateView>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(acting.retry_certificate(place.certificate).await?)))
}

/// Download the chain of a certificate
///
/// In PEM, its own certificate first. Its key is never shown.
#[utoipa::path(get, path = "/certificates/{certificate}/chain", tag = "Certificates", params(InCertificate),
    responses((status = 200, description = "The chain", body = String, content_type = "application/x-pem-file")))]
async fn show_certificate_chain(
    By(acting): By,
    At(place): At<InCertificate>,
) -> Result<impl IntoResponse, Refusal> {
    let chain = acting.certificate_chain(place.certificate).await?;
    Ok(([(header::CONTENT_TYPE, "application/x-pem-file")], chain))
}

/// Revoke a certificate
///
/// The authority declares it void, as after its key was seen by somebody; another one is ordered at once.
#[utoipa::path(post, path = "/certificates/{certificate}/revoke", tag = "Certificates", params(InCertificate),
    responses((status = 204, description = "Revoked")))]
async fn revoke_certificate(By(acting): By, At(place): At<InCertificate>) -> Result<StatusCode, Refusal> {
    acting.revoke_certificate(place.certificate).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change the key of the account at the authority
#[utoipa::path(post, path = "/certificates/account-key", tag = "Certificates",
    responses((status = 204, description = "Changed; the old key is worth nothing")))]
async fn change_account_key(By(acting): By) -> Result<StatusCode, Refusal> {
    acting.change_account_key().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List authorities
///
/// Those that are asked for certificates, and how many orders Berth still allows itself there: for the organisation's
/// account, and for each registered domain. Below what the authorities allow, with when there are more.
#[utoipa::path(get, path = "/certificates/authorities", tag = "Certificates",
    responses((status = 200, description = "The authorities", body = [AuthorityView])))]
async fn list_authorities(By(acting): By) -> Result<Json<Vec<AuthorityView>>, Refusal> {
    Ok(Json(acting.certificate_authorities().await?))
}

/// List zones
///
/// The names below each share one certificate, which is proven in the DNS.
#[utoipa::path(get, path = "/zones", tag = "Certificates",
    responses((status = 200, description = "The zones", body = [ZoneView])))]
async fn list_zones(By(acting): By) -> Result<Json<Vec<ZoneView>>, Refusal> {
    Ok(Json(acting.zones().await?))
}

/// Set who keeps a zone
///
/// Its wildcard certificate is ordered at once. The token is sealed, and never shown again.
#[utoipa::path(put, path = "/zones/{zone}", tag = "Certificates", params(InZone), request_body = KeepZone,
    responses((status = 200, description = "Kept", body = ZoneView)))]
async fn keep_zone(
    By(acting): By,
    At(place): At<InZone>,
    Body(request): Body<KeepZone>,
) -> Result<Json<ZoneView>, Refusal> {
    Ok(Json(acting.keep_zone(place.zone, request).await?))
}

/// Remove a zone
///
/// Its certificate serves until its end, and is not renewed.
#[utoipa::path(delete, path = "/zones/{zone}", tag = "Certificates", params(InZone),
    responses((status = 204, description = "Removed")))]
async fn remove_zone(By(acting): By, At(place): At<InZone>) -> Result<StatusCode, Refusal> {
    acting.remove_zone(&place.zone).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Try a zone
///
/// A record is put into it and taken out again. What keeps that from working is said in words.
#[utoipa::path(post, path = "/zones/{zone}/try", tag = "Certificates", params(InZone),
    responses((status = 200, description = "It was put there and taken out again", body = ZoneTried)))]
async fn try_zone(By(acting): By, At(place): At<InZone>) -> Result<Json<ZoneTried>, Refusal> {
    Ok(Json(acting.try_zone(&place.zone).await?))
}
