//! Puts pictures that were uploaded into messages.

use uuid::Uuid;

use crate::domain::cloud::CloudProfile;
use crate::domain::content::inline;
use crate::domain::fault::Fault;
use crate::domain::ids::TenantKey;
use crate::ports::Office;

/// The address of an uploaded picture as a message carries it: the picture itself.
///
/// # Errors
/// A fault of `image.picture` when there is no such picture, or when it is too large to be carried.
pub async fn placed(office: &dyn Office, tenant: TenantKey, id: Uuid, _cloud: &CloudProfile) -> Result<String, Fault> {
    const FIELD: &str = "image.picture";
    let cure = "Upload it again, and name the id that it then has.";
    match office.picture(tenant, id).await {
        Ok(Some(picture)) => inline(&picture.bytes).map_err(|fault| Fault { field: FIELD.to_owned(), ..fault }),
        Ok(None) => Err(Fault::new(FIELD, format!("there is no picture {id}"), cure)),
        Err(_) => Err(Fault::new(FIELD, "cannot be looked up at present", "Try again in a few seconds.")),
    }
}
