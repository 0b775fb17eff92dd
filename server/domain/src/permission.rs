//! Who may do what: one table of verbs and the least role that each needs.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for it in the store, the API and the panel.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text { $($text => Ok(Self::$variant),)+ _ => Err(format!("{text:?} is not a {}", stringify!($name))) }
            }
        }
    };
}
pub(crate) use text_enum;

text_enum! {
    /// What a member may do; each role includes the ones before it.
    Role {
        Viewer = "viewer",
        Deployer = "deployer",
        Developer = "developer",
        Admin = "admin",
        Owner = "owner",
    }
}

text_enum! {
    /// Something that an actor asks Berth to do.
    Permission {
        /// See projects, services, deployments, logs and events.
        Read = "read",
        /// Deploy, cancel, roll back, restart, start and stop.
        Deploy = "deploy",
        /// Create and change environments, services, variables, domains and volumes.
        Configure = "configure",
        /// See the value of a secret.
        Reveal = "reveal",
        /// Create and rename projects; delete anything.
        Administer = "administer",
        /// Manage the members and the organisation.
        Own = "own",
    }
}

impl Role {
    /// Whether this role allows that.
    pub fn allows(self, permission: Permission) -> bool {
        self >= permission.least_role()
    }
}

impl Permission {
    /// The first role in order that has this permission.
    pub fn least_role(self) -> Role {
        match self {
            Self::Read => Role::Viewer,
            Self::Deploy => Role::Deployer,
            Self::Configure => Role::Developer,
            Self::Reveal | Self::Administer => Role::Admin,
            Self::Own => Role::Owner,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_what_the_roles_before_it_have() {
        for pair in Role::ALL.windows(2) {
            for permission in Permission::ALL {
                assert!(!pair[0].allows(*permission) || pair[1].allows(*permission));
            }
        }
        assert!(!Role::Viewer.allows(Permission::Deploy));
        assert!(!Role::Developer.allows(Permission::Reveal));
    }
}
