//! The one table of what the API does and who may ask for it. The document takes the permissions from here, and a test
//! holds it against the routes: a route without a line here does not pass.

use berth_domain::permission::Permission;

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, signed in or not.
    Anyone,
    /// Everybody who is signed in: it is about their own account.
    SignedIn,
    /// Everybody who is signed in with a session; a token is not enough.
    Person,
    /// Whose role has this permission.
    Permission(Permission),
}

/// A verb of the API.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// `GET`, `POST` and so on.
    pub method: &'static str,
    /// The path below `/api/v1`, with its parameters in braces.
    pub path: &'static str,
    pub access: Access,
}

macro_rules! table {
    ($($method:ident $path:expr => $access:expr;)*) => {
        &[$(Operation { method: stringify!($method), path: $path, access: $access }),*]
    };
}

macro_rules! s {
    ($rest:literal) => {
        concat!("/projects/{project}/environments/{environment}/services/{service}", $rest)
    };
}

use Access::{Anyone, Person, SignedIn};
const READ: Access = Access::Permission(Permission::Read);
const DEPLOY: Access = Access::Permission(Permission::Deploy);
const CONFIGURE: Access = Access::Permission(Permission::Configure);
const REVEAL: Access = Access::Permission(Permission::Reveal);
const ADMINISTER: Access = Access::Permission(Permission::Administer);
const OWN: Access = Access::Permission(Permission::Own);

const OPERATIONS: &[Operation] = table! {
    POST "/setup" => Anyone;
    POST "/session" => Anyone;
    DELETE "/session" => SignedIn;
    GET "/me" => SignedIn;
    PUT "/me/password" => Person;
    GET "/me/sessions" => Person;
    DELETE "/me/sessions" => Person;
    DELETE "/me/sessions/{id}" => Person;
    GET "/me/tokens" => SignedIn;
    POST "/me/tokens" => Person;
    DELETE "/me/tokens/{id}" => SignedIn;
    GET "/me/keys" => SignedIn;
    POST "/me/keys" => Person;
    DELETE "/me/keys/{id}" => Person;
    GET "/projects" => READ;
    POST "/projects" => ADMINISTER;
    GET "/projects/{project}" => READ;
    PATCH "/projects/{project}" => ADMINISTER;
    DELETE "/projects/{project}" => ADMINISTER;
    GET "/projects/{project}/deletion" => ADMINISTER;
    POST "/projects/{project}/environments" => CONFIGURE;
    GET "/projects/{project}/environments/{environment}" => READ;
    PATCH "/projects/{project}/environments/{environment}" => CONFIGURE;
    DELETE "/projects/{project}/environments/{environment}" => ADMINISTER;
    GET "/projects/{project}/environments/{environment}/deletion" => ADMINISTER;
    GET "/services" => READ;
    POST "/projects/{project}/environments/{environment}/services" => CONFIGURE;
    GET s!("") => READ;
    PATCH s!("") => CONFIGURE;
    DELETE s!("") => ADMINISTER;
    GET s!("/deletion") => ADMINISTER;
    PUT s!("/credential") => CONFIGURE;
    GET s!("/access") => READ;
    POST s!("/access/deploy-key") => CONFIGURE;
    DELETE s!("/access/host-key") => CONFIGURE;
    GET s!("/access/branches") => CONFIGURE;
    POST s!("/scale") => DEPLOY;
    POST s!("/stop") => DEPLOY;
    POST s!("/start") => DEPLOY;
    PUT s!("/maintenance") => DEPLOY;
    DELETE s!("/maintenance") => DEPLOY;
    POST s!("/pause") => DEPLOY;
    DELETE s!("/pause") => DEPLOY;
    GET s!("/variables") => READ;
    PUT s!("/variables/{key}") => CONFIGURE;
    DELETE s!("/variables/{key}") => CONFIGURE;
    POST s!("/variables/{key}/reveal") => REVEAL;
    POST s!("/variables/import") => CONFIGURE;
    POST s!("/variables/export") => REVEAL;
    GET s!("/deployments") => READ;
    POST s!("/deployments") => DEPLOY;
    POST s!("/deployments/upload") => DEPLOY;
    GET s!("/deployments/{number}") => READ;
    POST s!("/deployments/{number}/promote") => DEPLOY;
    POST s!("/deployments/{number}/cancel") => DEPLOY;
    GET s!("/plan") => READ;
    GET s!("/build-plan") => DEPLOY;
    POST s!("/rollback") => DEPLOY;
    GET s!("/rollback/{number}") => READ;
    GET s!("/deployments/{number}/log") => READ;
    GET s!("/deployments/{number}/log/stream") => READ;
    GET s!("/ports") => READ;
    POST s!("/ports") => CONFIGURE;
    DELETE s!("/ports/{published}") => CONFIGURE;
    GET s!("/domains") => READ;
    POST s!("/domains") => CONFIGURE;
    GET s!("/domains/{id}") => READ;
    PATCH s!("/domains/{id}") => CONFIGURE;
    DELETE s!("/domains/{id}") => CONFIGURE;
    GET "/certificates" => READ;
    POST "/certificates" => CONFIGURE;
    DELETE "/certificates/{certificate}" => CONFIGURE;
    POST "/certificates/{certificate}/retry" => CONFIGURE;
    GET "/certificates/{certificate}/chain" => READ;
    POST "/certificates/{certificate}/revoke" => ADMINISTER;
    POST "/certificates/account-key" => ADMINISTER;
    GET "/certificates/authorities" => READ;
    GET "/zones" => READ;
    PUT "/zones/{zone}" => ADMINISTER;
    DELETE "/zones/{zone}" => ADMINISTER;
    POST "/zones/{zone}/try" => ADMINISTER;
    GET "/panel-domain" => READ;
    PUT "/panel-domain" => OWN;
    DELETE "/panel-domain" => OWN;
    GET s!("/proxy") => READ;
    GET s!("/volumes") => READ;
    DELETE s!("/volumes/{name}") => ADMINISTER;
    POST s!("/volumes/{name}/keep") => CONFIGURE;
    GET s!("/files") => READ;
    POST s!("/files") => CONFIGURE;
    PUT s!("/files/{file}") => CONFIGURE;
    DELETE s!("/files/{file}") => CONFIGURE;
    POST s!("/files/{file}/reveal") => REVEAL;
    GET s!("/remote") => READ;
    GET s!("/webhook") => READ;
    POST s!("/webhook/secret") => CONFIGURE;
    POST s!("/webhook/register") => CONFIGURE;
    POST s!("/webhook/watch") => CONFIGURE;
    POST s!("/webhook/deliveries/{delivery}/replay") => DEPLOY;
    GET s!("/webhook/deliveries") => READ;
    GET s!("/previews") => READ;
    POST s!("/previews/check") => DEPLOY;
    POST s!("/previews/{pull_request}/approve") => DEPLOY;
    POST s!("/previews/{pull_request}/redeploy") => DEPLOY;
    DELETE s!("/previews/{pull_request}") => DEPLOY;
    GET s!("/previews/variables") => READ;
    PUT s!("/previews/variables/{key}") => CONFIGURE;
    DELETE s!("/previews/variables/{key}") => CONFIGURE;
    GET s!("/logs") => READ;
    GET s!("/logs/stream") => READ;
    GET s!("/logs/download") => READ;
    GET "/registries" => READ;
    POST "/registries" => ADMINISTER;
    PUT "/registries/{registry}" => ADMINISTER;
    DELETE "/registries/{registry}" => ADMINISTER;
    GET "/connections" => READ;
    POST "/connections" => ADMINISTER;
    DELETE "/connections/{connection}" => ADMINISTER;
    POST "/connections/{connection}/test" => CONFIGURE;
    GET "/connections/{connection}/repositories" => CONFIGURE;
    GET "/connections/{connection}/branches" => CONFIGURE;
    POST "/connections/{connection}/installation" => ADMINISTER;
    POST "/connections/github-app" => ADMINISTER;
    POST "/connections/github-app/conversion" => ADMINISTER;
    GET "/disk" => READ;
    POST "/disk/measure" => DEPLOY;
    GET "/orphans" => ADMINISTER;
    POST "/orphans/remove" => ADMINISTER;
    POST "/orphans/keep" => ADMINISTER;
    GET "/events" => READ;
    GET "/events/stream" => READ;
};

/// Every verb of the API.
pub fn operations() -> Vec<Operation> {
    OPERATIONS.to_vec()
}

/// Who may ask for the verb at this place of the document.
pub(super) fn access(method: &str, path: &str) -> Option<Access> {
    OPERATIONS.iter().find(|o| o.method.eq_ignore_ascii_case(method) && o.path == path).map(|o| o.access)
}
