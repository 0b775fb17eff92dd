//! Verbs about volumes.

use super::Acting;
use crate::Result;
use berth_domain::{
    name::Name,
    service::{ConfirmDeletion, ServicePath, VolumeView},
};

impl Acting {
    /// The volumes of a service as Docker has them.
    pub async fn volumes(&self, _path: &ServicePath) -> Result<Vec<VolumeView>> {
        todo!()
    }

    /// Deletes the data of a volume that no instance uses; confirmed by its name.
    pub async fn delete_volume(
        &self,
        _path: &ServicePath,
        _volume: &Name,
        _request: ConfirmDeletion,
    ) -> Result<()> {
        todo!()
    }
}
