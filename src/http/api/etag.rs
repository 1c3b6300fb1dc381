//! Which version of a draft somebody has read: `ETag` in answers, `If-Match` in requests.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};

use super::refusal::{IF_MATCH_MISSING, changed};
use crate::http::problem::Problem;
use crate::ports::DraftRecord;

/// What a request says of the version that its sender has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Nothing.
    Any,
    /// This one.
    Version(u32),
    /// One that we never wrote.
    Unknown,
}

impl<S: Send + Sync> FromRequestParts<S> for Expected {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(parts.headers.get(header::IF_MATCH).map_or(Self::Any, Self::of))
    }
}

impl Expected {
    fn of(value: &HeaderValue) -> Self {
        let text = value.to_str().unwrap_or_default().trim();
        // A proxy that compresses calls a tag weak.
        let text = text.strip_prefix("W/").unwrap_or(text);
        let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
        version.map_or(Self::Unknown, Self::Version)
    }

    /// Whether the draft is the one that was read, where the request says so.
    ///
    /// # Errors
    /// 412.
    pub fn allows(self, draft: &DraftRecord) -> Result<(), Problem> {
        match self {
            Self::Any => Ok(()),
            Self::Version(version) if version == draft.version => Ok(()),
            Self::Version(_) | Self::Unknown => Err(changed(draft.version)),
        }
    }

    /// Whether the draft is the one that was read; the request must say so.
    ///
    /// # Errors
    /// 428 and 412.
    pub fn demands(self, draft: &DraftRecord) -> Result<(), Problem> {
        if self == Self::Any { Err(IF_MATCH_MISSING) } else { self.allows(draft) }
    }
}

/// The tag of a version.
pub fn etag(version: u32) -> String {
    format!("\"{version}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_as_it_was_written_and_as_proxies_write_it() {
        let read = |text: &str| Expected::of(&HeaderValue::from_str(text).unwrap());
        assert_eq!(read(&etag(7)), Expected::Version(7));
        assert_eq!(read("W/\"7\""), Expected::Version(7));
        for other in ["*", "7", "\"x\"", "", "\"1\", \"2\""] {
            assert_eq!(read(other), Expected::Unknown, "{other}");
        }
    }
}
