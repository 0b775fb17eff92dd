//! A client for what is near: Docker's socket, the proxy's ports, an instance under probe. All of it is plain HTTP.

/// The common part. Without it each client would read and keep the machine's certificates for TLS that it never speaks.
pub(crate) fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(reqwest::redirect::Policy::none())
}
