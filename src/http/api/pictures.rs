//! Pictures that authors upload.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::{Extension, Json};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Api;
use super::deeds::{Change, sha256};
use super::input::Raw;
use crate::app::pictures::{self, PictureError, Travels};
use crate::domain::rights::Caller;
use crate::http::problem::{Problem, ProblemDocument};

/// A picture as a file.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct PictureFile(pub Vec<u8>);

/// A picture that was taken in.
#[derive(Debug, Serialize, ToSchema)]
pub struct PictureTakenIn {
    /// Its id, for `image.picture` of an announcement.
    pub id: Uuid,
    /// `image/png` or `image/jpeg`, whatever it was before.
    #[schema(example = "image/jpeg")]
    pub media_type: String,
    /// In pixels, up to 1024.
    pub width: u32,
    /// In pixels, up to 2048.
    pub height: u32,
    /// How large its file is.
    pub bytes: usize,
    /// How it travels.
    pub travels: Travels,
    /// Where it is shown to whoever has this address.
    #[schema(format = Uri)]
    pub url: String,
    /// It was an animation, of which the first picture is kept.
    pub was_animated: bool,
}

/// Upload a picture
///
/// It is turned the right way up, made at most 1024 pixels wide, and written anew without what cameras and programs add: as
/// PNG or JPEG, whichever is smaller. Of an animation the first picture is kept. What the file is, it says itself; the
/// header Content-Type is not asked.
#[utoipa::path(post, path = "/pictures", tag = "Pictures", operation_id = "upload_picture",
    request_body(content((PictureFile = "image/png"), (PictureFile = "image/jpeg"), (PictureFile = "image/gif")), description = "The file, up to 20 MiB"),
    responses((status = 201, description = "It is kept", body = PictureTakenIn, headers(("Location" = String, description = "Where it is shown"))),
        (status = 413, description = "The file is larger than 20 MiB", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "It is no picture, cut off, or has too many pixels", body = ProblemDocument, content_type = "application/problem+json")))]
pub async fn upload(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Raw(file): Raw,
) -> Result<(StatusCode, [(HeaderName, String); 1], Change, Json<PictureTakenIn>), Problem> {
    let (office, public_url) = (api.office.as_ref(), &api.settings.public_url);
    let chances = (api.clock.as_ref(), api.random.as_ref());
    let links = pictures::links(public_url, &api.settings.cloud);
    let taken = pictures::take_in((office, api.tenant), chances, file, caller.who.subject(), links);
    let taken = taken.await.map_err(|error| match error {
        PictureError::Wrong(fault) => Problem::new(
            422,
            "bad_picture",
            "The picture cannot be used.",
            "Mend what `faults` names, and upload it again.",
        )
        .with_faults(vec![fault]),
        PictureError::Store(error) => error.into(),
    })?;
    let picture = taken.picture;
    let url = pictures::address(public_url, picture.id);
    let change = Change::of(picture.id).to(json!({
        "media_type": picture.media_type, "width": picture.width, "height": picture.height,
        "bytes": picture.bytes.len(), "sha256": sha256(&picture.bytes),
    }));
    let answer = PictureTakenIn {
        id: picture.id,
        media_type: picture.media_type,
        width: picture.width,
        height: picture.height,
        bytes: picture.bytes.len(),
        travels: taken.travels,
        url: url.clone(),
        was_animated: taken.was_animated,
    };
    Ok((StatusCode::CREATED, [(header::LOCATION, url)], change, Json(answer)))
}
