//! Which permissions Stentor needs in Graph, held against those that its token has. The table is data: `permissions.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::check::Check;

/// Who needs a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Needed {
    Always,
    /// Everybody but those who have named somebody with the app.
    Catalogue,
    Groups,
    Feeds,
    Posts,
}

#[derive(Deserialize)]
struct Opening {
    request: String,
    opened_by: Vec<String>,
}

#[derive(Deserialize)]
struct Permission {
    name: String,
    purpose: String,
    /// "Stentor may …"; made of the purpose.
    #[serde(skip)]
    promise: String,
    needed: Needed,
    least: String,
    requests: Vec<Opening>,
}

#[derive(Deserialize)]
struct PermissionsFile {
    permission: Vec<Permission>,
}

static PERMISSIONS: LazyLock<Vec<Permission>> = LazyLock::new(|| {
    // Invariant: the file is part of the program, and a test reads it.
    let file: PermissionsFile =
        toml::from_str(include_str!("permissions.toml")).expect("permissions.toml is well formed");
    let told = |it: Permission| Permission { promise: format!("Stentor may {}", it.purpose), ..it };
    file.permission.into_iter().map(told).collect()
});

/// What an organisation does with Stentor, as far as anybody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Uses {
    /// Somebody who has the app is named, so that the catalogue need not be read.
    pub holder: bool,
    /// Groups are written to.
    pub groups: bool,
    /// Feeds are written to.
    pub feeds: bool,
    /// Channels of teams are written to.
    pub posts: bool,
}

impl Needed {
    const fn is_in(self, uses: &Uses) -> bool {
        match self {
            Self::Always => true,
            Self::Catalogue => !uses.holder,
            Self::Groups => uses.groups,
            Self::Feeds => uses.feeds,
            Self::Posts => uses.posts,
        }
    }
}

/// The permissions that nobody can do without: what an administrator grants first.
pub fn least() -> impl Iterator<Item = &'static str> {
    let first = |it: &&Permission| matches!(it.needed, Needed::Always | Needed::Catalogue);
    PERMISSIONS.iter().filter(first).map(|it| it.least.as_str())
}

/// One check for each purpose. What is missing and not used so far is no failure: the remark says what it would be for.
pub fn held_against(roles: &[String], uses: &Uses) -> Vec<Check> {
    PERMISSIONS.iter().map(|permission| judged(permission, roles, uses)).collect()
}

/// The same checks where nobody could look, and why.
pub fn not_checked(why: &str) -> Vec<Check> {
    PERMISSIONS.iter().map(|it| Check::not_checked(&it.name, &it.promise, why)).collect()
}

fn judged(permission: &'static Permission, roles: &[String], uses: &Uses) -> Check {
    let Permission { name, promise, least, .. } = permission;
    let has = |role: &String| roles.iter().any(|granted| granted == role);
    let closed = permission.requests.iter().filter(|opening| !opening.opened_by.iter().any(has));
    let closed: Vec<String> = closed.map(|opening| format!("nothing in the token opens {}", opening.request)).collect();
    let grant = format!(
        "In Entra, the app registration's API permissions: add the application permission {least} of Microsoft Graph and \
         grant admin consent. A token that is out already shows it within an hour and a half."
    );
    if closed.is_empty() {
        let other = permission.requests.iter().find_map(|opening| opening.opened_by.iter().find(|role| has(role)));
        let remark = match other {
            _ if has(least) => String::new(),
            Some(other) => format!("through {other}; {least} would be enough"),
            None => String::new(),
        };
        return Check::ok(name, promise).remark(remark);
    }
    if permission.needed.is_in(uses) {
        return Check::failed_at(name, promise, closed, grant);
    }
    Check::ok(name, promise).remark(match permission.needed {
        Needed::Catalogue => format!("not without {least}, and it need not: somebody who has the app is named"),
        _ => format!("not without {least}; so far nobody has wanted it"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check::Verdict;

    fn verdicts(roles: &[&str], uses: Uses) -> Vec<(&'static str, Verdict, String)> {
        let roles: Vec<String> = roles.iter().map(ToString::to_string).collect();
        held_against(&roles, &uses).into_iter().map(|check| (check.name, check.verdict, check.remark)).collect()
    }

    #[test]
    fn the_least_permission_of_each_row_opens_all_of_its_requests() {
        for permission in PERMISSIONS.iter() {
            assert!(
                permission.requests.iter().all(|it| it.opened_by.contains(&permission.least)),
                "{}",
                permission.name
            );
        }
        let least: Vec<&str> = PERMISSIONS.iter().map(|it| it.least.as_str()).collect();
        let all = Uses { groups: true, feeds: true, posts: true, ..Uses::default() };
        assert!(verdicts(&least, all).iter().all(|(_, verdict, remark)| *verdict == Verdict::Ok && remark.is_empty()));
        assert_eq!(super::least().count(), 3);
    }

    #[test]
    fn what_is_missing_fails_where_it_is_used_and_is_named_elsewhere() {
        let some = ["TeamsAppInstallation.ReadWriteForUser.All", "Directory.Read.All"];
        let found = verdicts(&some, Uses { feeds: true, ..Uses::default() });
        let of = |name: &str| found.iter().find(|(it, ..)| *it == name).unwrap();
        assert!(of("permission_apps").2.contains("ReadWriteSelfForUser.All would be enough"));
        assert_eq!((of("permission_apps").1, of("permission_groups").1), (Verdict::Ok, Verdict::Ok));
        assert_eq!((of("permission_catalogue").1, of("permission_feed").1), (Verdict::Failure, Verdict::Failure));
        assert!(of("permission_team_apps").2.contains("nobody has wanted it"));
        let held = verdicts(&some, Uses { holder: true, ..Uses::default() });
        assert!(held.iter().any(|(name, verdict, _)| *name == "permission_catalogue" && *verdict == Verdict::Ok));
    }

    #[test]
    fn what_may_be_read_but_not_installed_is_named_by_its_request() {
        let roles = ["TeamsAppInstallation.ReadForUser.All".to_owned()];
        let check = &held_against(&roles, &Uses::default())[0];
        assert_eq!((check.verdict, check.count), (Verdict::Failure, 1));
        assert!(check.places[0].detail.contains("POST /users/{id}/teamwork/installedApps"), "{check:?}");
        assert!(check.cure.contains("ReadWriteSelfForUser.All"));
    }
}
