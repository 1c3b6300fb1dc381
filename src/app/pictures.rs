//! Takes in pictures, and puts them into messages: inside the card when they are small, by a link otherwise.

use tokio::sync::Semaphore;
use url::Url;
use uuid::Uuid;

use crate::domain::cloud::{Availability, CloudProfile};
use crate::domain::content::{IMAGE_BYTES_MAX, Image, inline};
use crate::domain::fault::Fault;
use crate::domain::ids::{RequestId, TenantKey};
use crate::domain::manuscript::ManuscriptImage;
use crate::ports::{Clock, Office, PictureRecord, Pictures, Random, StoreError};

mod darkroom;

pub use darkroom::{Developed, HEIGHT_MAX, WIDTH_MAX, develop};

/// How many pictures are developed at once: one may take a third of a gigabyte for a moment.
static PLACES: Semaphore = Semaphore::const_new(1);

/// How a picture travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Travels {
    /// Inside the card.
    Inside,
    /// By a link, from which Teams fetches it.
    Linked,
}

/// Why a picture was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// It cannot be used.
    #[error("{0}")]
    Wrong(Fault),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A picture that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenIn {
    /// As it is kept.
    pub picture: PictureRecord,
    /// How it travels.
    pub travels: Travels,
    /// It was an animation, of which the first picture is kept.
    pub was_animated: bool,
}

/// Develops and keeps the picture whose file holds `bytes`; `by` is who uploaded it. `links` is what [`links`] says.
///
/// # Errors
/// [`PictureError`]; nothing was kept.
pub async fn take_in(
    (office, tenant): (&dyn Office, TenantKey),
    (clock, random): (&dyn Clock, &dyn Random),
    bytes: bytes::Bytes,
    by: String,
    links: Option<&Url>,
) -> Result<TakenIn, PictureError> {
    let developed = developed(bytes, links.is_none()).await.map_err(PictureError::Wrong)?;
    let Developed { media_type, width, height, bytes, was_animated } = developed;
    // Whoever has the id may see the picture, so it is chance alone.
    let id = RequestId::new(random.next_u64(), random.next_u64()).0;
    let media_type = media_type.to_owned();
    let picture = PictureRecord { id, media_type, width, height, bytes, created_by: by, created_at: clock.now() };
    Pictures::keep_picture(office, tenant, &picture).await?;
    Ok(TakenIn { travels: travels(&picture), picture, was_animated })
}

/// Develops a picture beside everything else that the process does, one at a time.
async fn developed(bytes: bytes::Bytes, must_fit: bool) -> Result<Developed, Fault> {
    // The semaphore is never closed.
    let place = PLACES.acquire().await.ok();
    let done = tokio::task::spawn_blocking(move || {
        let _place = place;
        develop(&bytes, must_fit)
    });
    done.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a picture could not be developed");
        Err(Fault::new("picture", "cannot be read", "Save the picture again as PNG, JPEG or GIF."))
    })
}

/// How a picture of ours travels.
pub fn travels(picture: &PictureRecord) -> Travels {
    if picture.bytes.len() <= IMAGE_BYTES_MAX { Travels::Inside } else { Travels::Linked }
}

/// The address of an announcement's picture as a card has it, where that is not simply the link that is given: of a picture
/// that was uploaded, or that the manuscript holds itself, which is developed as if it had been uploaded. `None` for the
/// link, for what is neither link nor picture, and where no picture is named, or two.
///
/// # Errors
/// A fault of `image.picture` or `image.url`: what [`placed`] says, a picture that cannot be used, or a link where `cloud`
/// shows none.
pub async fn address_in_card(
    (office, tenant): (&dyn Office, TenantKey),
    image: &ManuscriptImage,
    (public_url, cloud): (&Url, &CloudProfile),
) -> Option<Result<String, Fault>> {
    const FIELD: &str = "image.url";
    match (image.picture, image.url.as_deref()) {
        (Some(id), None) => Some(placed(office, tenant, id, links(public_url, cloud)).await),
        (None, Some(url)) => {
            let image = Image { url: url.to_owned(), description: String::new() };
            if !image.is_inside() {
                return cloud.features.image_link_fault(cloud.cloud, FIELD).map(Err);
            }
            // What is no file at all is refused with everything else that is wrong.
            let developed = developed(image.bytes()?.into(), true).await;
            let address = developed.and_then(|developed| inline(&developed.bytes));
            Some(address.map_err(|fault| Fault { field: FIELD.to_owned(), ..fault }))
        }
        (Some(_), Some(_)) | (None, None) => None,
    }
}

/// The address of an uploaded picture as a card has it: the picture itself as a `data:` URL, or the link below what [`links`]
/// says, from which Teams fetches it.
///
/// # Errors
/// A fault of `image.picture` when there is no such picture, or when it can neither be carried nor linked.
pub async fn placed(office: &dyn Office, tenant: TenantKey, id: Uuid, links: Option<&Url>) -> Result<String, Fault> {
    const FIELD: &str = "image.picture";
    let picture = match office.picture(tenant, id).await {
        Ok(Some(picture)) => picture,
        Ok(None) => {
            let cure = "Upload it again, and name the id that it then has.";
            return Err(Fault::new(FIELD, format!("there is no picture {id}"), cure));
        }
        Err(error) => {
            tracing::warn!(%error, "a picture cannot be looked up");
            return Err(Fault::new(FIELD, "cannot be looked up at present", "Try again in a few seconds."));
        }
    };
    match travels(&picture) {
        Travels::Inside => inline(&picture.bytes).map_err(|fault| Fault { field: FIELD.to_owned(), ..fault }),
        Travels::Linked => links.map(|public_url| address(public_url, id)).ok_or_else(|| {
            let problem = format!("is larger than {IMAGE_BYTES_MAX} bytes, and no card shows it by a link");
            Fault::new(FIELD, problem, "Upload the picture again: it is then made small enough.")
        }),
    }
}

/// Where a picture is shown to whoever has its id.
pub fn address(public_url: &Url, id: Uuid) -> String {
    format!("{}/pictures/{id}", public_url.as_str().trim_end_matches('/'))
}

/// Below which address Teams fetches pictures: it takes nothing without https, and in some clouds nothing at all. `None`
/// when every picture has to travel inside its card.
pub fn links<'a>(public_url: &'a Url, cloud: &CloudProfile) -> Option<&'a Url> {
    let shows_links = cloud.features.image_links != Availability::No;
    (shows_links && public_url.scheme() == "https").then_some(public_url)
}

#[cfg(test)]
mod tests;
