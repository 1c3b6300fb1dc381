//! Where somebody goes after signing in: to a page of ours, and never to somebody else's.

use url::Url;

/// Longer than any path of ours.
const BYTES_MAX: usize = 2048;
/// Where whoever named nothing, or nothing of ours, goes.
const HOME: &str = "/";

/// The path of ours that `wanted` names, or our first page. A path that only some reader takes for another site's (two
/// slashes, a backslash, either of them encoded) is none of ours.
pub fn way_back(wanted: Option<&str>, public_url: &Url) -> String {
    wanted.filter(|path| is_ours(path, public_url)).unwrap_or(HOME).to_owned()
}

fn is_ours(path: &str, public_url: &Url) -> bool {
    if path.len() > BYTES_MAX || !path.is_ascii() || path.bytes().any(|byte| byte.is_ascii_control() || byte == b' ') {
        return false;
    }
    let plain = path.to_ascii_lowercase().replace("%25", "%").replace("%2f", "/").replace("%5c", "\\");
    let plain = plain.split(['?', '#']).next().unwrap_or_default();
    if !plain.starts_with('/') || plain.contains("//") || plain.contains('\\') || plain.contains("/..") {
        return false;
    }
    // Whoever comes from here would go round in circles.
    if plain.starts_with("/sign-in") || plain.starts_with("/sign-out") {
        return false;
    }
    public_url.join(path).is_ok_and(|url| url.origin() == public_url.origin() && url.username().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_ours_is_a_way_back() {
        let ours: Url = "https://stentor.contoso.example".parse().unwrap();
        for path in ["/", "/broadcasts/7?tab=people#top", "/a%20b", "/x?next=https://other.example/y"] {
            assert_eq!(way_back(Some(path), &ours), path);
        }
        for path in [
            "",
            "broadcasts",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/%2fevil.example",
            "/%2F%2Fevil.example",
            "/%5cevil.example",
            "/%252fevil.example",
            "/a/..//evil.example",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "/\tevil",
            "/\r\nset-cookie: a=b",
            " /",
            "/sign-in?return_to=/",
            "/sign-out",
            "/é",
        ] {
            assert_eq!(way_back(Some(path), &ours), "/", "{path}");
        }
        assert_eq!(way_back(None, &ours), "/");
        assert_eq!(way_back(Some(&format!("/{}", "a".repeat(BYTES_MAX))), &ours), "/");
    }
}
