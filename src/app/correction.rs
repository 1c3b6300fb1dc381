//! What is said in the place of what was: the old announcement with its corrections.

use crate::domain::content::{Content, Image};
use crate::domain::fault::{Fault, Faults};
use crate::domain::manuscript::{Correction, Part};
use crate::ports::Said;

/// The content `old`, corrected. `picture` is the address of the uploaded one that the correction names.
///
/// # Errors
/// Everything wrong with it as it would be.
pub fn corrected_content(
    old: Content,
    correction: &Correction,
    picture: Option<Result<String, Fault>>,
) -> Result<Content, Faults> {
    let (mut faults, mut new) = (Vec::new(), old);
    for part in &correction.without {
        match part {
            Part::Image => new.image = None,
            Part::Author => new.author = None,
            Part::Banner => new.banner = None,
            Part::Buttons => new.buttons.clear(),
        }
    }
    if let Some(title) = &correction.title {
        new.title.clone_from(title);
    }
    if let Some(body) = &correction.body {
        body.trim_end().clone_into(&mut new.body);
    }
    match image(&new, correction, picture) {
        Ok(Some(image)) => new.image = Some(image),
        Ok(None) => {}
        Err(fault) => faults.push(fault),
    }
    new.author = correction.author.clone().or(new.author);
    new.banner = correction.banner.clone().or(new.banner);
    if !correction.buttons.is_empty() {
        new.buttons.clone_from(&correction.buttons);
    }
    match new.check() {
        Ok(content) => Faults::or(faults, content),
        Err(found) => Err(Faults(faults.into_iter().chain(found.0).collect())),
    }
}

fn image(
    old: &Content,
    correction: &Correction,
    picture: Option<Result<String, Fault>>,
) -> Result<Option<Image>, Fault> {
    let Some(named) = &correction.image else { return Ok(None) };
    let description = named.description.clone();
    match (&named.url, picture, &old.image) {
        (Some(_), _, _) if named.picture.is_some() => {
            Err(Fault::new("image", "names a picture and a link", "Leave one of the two out."))
        }
        (_, Some(picture), _) => picture.map(|url| Some(Image { url, description })),
        (Some(url), None, _) => Ok(Some(Image { url: url.clone(), description })),
        (None, None, Some(old)) => Ok(Some(Image { url: old.url.clone(), description })),
        (None, None, None) => Err(Fault::new("image", "is described, and there is none", "Name the picture, too.")),
    }
}

/// What is said in the place of `old`: `content`, and its notification, if it has one, in other words.
///
/// # Errors
/// Everything wrong with the notification, and with words for one where there is none.
pub fn corrected(old: &Said, content: Content, correction: &Correction) -> Result<Said, Faults> {
    let Some(notification) = old.notification.clone() else {
        let given =
            [("--preview-text", correction.preview_text.is_some()), ("--parameter", !correction.parameters.is_empty())];
        let fault = |(option, _): (&str, bool)| {
            let problem = "says something about activity feeds, and the broadcast did not go there";
            Fault::new(option, problem, "Leave the option out; --title, --body and --banner change the message.")
        };
        let faults = given.into_iter().filter(|(_, given)| *given).map(fault).collect();
        return Faults::or(faults, Said { content, notification: None });
    };
    let parameters = correction.parameters.clone().into_iter().collect();
    let notification =
        notification.following(&old.content, &content).reworded(correction.preview_text.clone(), parameters);
    Ok(Said { content, notification: Some(notification.check()?) })
}
