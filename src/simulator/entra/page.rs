//! What somebody sees who signs in: a page to pick an account on, and pages that say why not.
//!
//! No script and nothing from elsewhere; it can be used with a keyboard and read in the dark. Each account is a button of
//! one form, which goes to the very address that the page came from, so that nothing needs to be remembered meanwhile.

use std::fmt::Write as _;

use super::sign_in::Assigned;
use crate::domain::time::Timestamp;

/// Somebody who can be picked.
pub(super) struct Account {
    pub(super) account: Assigned,
    pub(super) department: &'static str,
}

/// Pick an account. `hint` is who the app thinks it will be, `message` what was wrong with the last choice.
pub(super) fn choice(accounts: &[Account], hint: Option<&str>, message: Option<&str>) -> String {
    let mut body = String::from(
        "<h1>Pick an account</h1>\n<p class=\"to\">to go on to <strong>Stentor</strong></p>\n<form method=\"post\">\n",
    );
    if let Some(message) = message {
        let _ = writeln!(body, "<p class=\"wrong\" role=\"alert\">{}</p>", escaped(message));
    }
    body.push_str("<ul>\n");
    let (first, others): (Vec<&Account>, Vec<&Account>) =
        accounts.iter().partition(|one| hint.is_some_and(|hint| one.account.principal_name.eq_ignore_ascii_case(hint)));
    for one in first.into_iter().chain(others) {
        body.push_str(&row(one));
    }
    let hint = escaped(hint.unwrap_or_default());
    let _ = write!(
        body,
        "</ul>\n</form>\n<form method=\"post\" class=\"other\">\n<label for=\"other\">Somebody else</label>\n<div>\
         <input id=\"other\" name=\"account\" value=\"{hint}\" required autocomplete=\"off\" spellcheck=\"false\" \
         placeholder=\"name.surname1@contoso.example\">\n<button>Sign in</button></div>\n</form>\n\
         <form method=\"post\"><button class=\"cancel\" name=\"cancel\" value=\"yes\">Cancel</button></form>\n"
    );
    page("Pick an account", &body)
}

/// Why nobody is sent anywhere.
pub(super) fn refusal(number: u32, text: &str, (trace, correlation): &(String, String), now: Timestamp) -> String {
    let at = now.format("%Y-%m-%d %H:%M:%SZ");
    let body = format!(
        "<h1>Sorry, but we’re having trouble signing you in.</h1>\n<p class=\"wrong\" role=\"alert\">AADSTS{number}: {}</p>\n\
         <dl><dt>Trace ID</dt><dd>{trace}</dd><dt>Correlation ID</dt><dd>{correlation}</dd><dt>Timestamp</dt><dd>{at}</dd></dl>\n",
        escaped(text)
    );
    page("Sign in", &body)
}

/// After a sign-out that leads nowhere else.
pub(super) fn signed_out() -> String {
    page(
        "Signed out",
        "<h1>You signed out of your account</h1>\n<p class=\"to\">It’s a good idea to close this page.</p>\n",
    )
}

fn row(Account { account, department }: &Account) -> String {
    let initials: String = account.name.split(' ').filter_map(|word| word.chars().next()).take(2).collect();
    let mut roles = String::new();
    for role in &account.roles {
        let name = role.name();
        let _ = write!(roles, "<span class=\"role {}\">{name}</span>", name.to_lowercase());
    }
    let may = match account.roles.as_slice() {
        [] => {
            roles.push_str("<span class=\"role none\">No role</span>");
            "May not use Stentor".to_owned()
        }
        some => some.iter().map(|role| role.description()).collect::<Vec<_>>().join(". "),
    };
    let (name, principal_name) = (escaped(&account.name), escaped(&account.principal_name));
    format!(
        "<li><button name=\"account\" value=\"{principal_name}\"><span class=\"face\" aria-hidden=\"true\">{}</span>\
         <span class=\"who\"><span class=\"name\">{name}</span><span class=\"what\">{}, {}</span>\
         <span class=\"what\">{principal_name}</span></span>\
         <span class=\"roles\">{roles}<span class=\"may\">{}</span></span></button></li>\n",
        escaped(&initials),
        escaped(account.job_title),
        escaped(department),
        escaped(&may),
    )
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} – Contoso</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<p class=\"house\">Contoso</p>\n{body}</main>\n\
         <footer>A simulated Microsoft Entra: these people are made up, no password is asked, and nothing leaves this \
         machine.</footer>\n</body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\'' => written.push_str("&#39;"),
            other => written.push(other),
        }
    }
    written
}

const STYLE: &str = "
:root{color-scheme:light dark;--ground:#f3f4f6;--sheet:#fff;--ink:#1b1f24;--soft:#59636e;--line:#d8dde3;--hover:#f0f4fa;
--accent:#0b5cad;--wrong:#a4262c}
@media (prefers-color-scheme:dark){:root{--ground:#14171a;--sheet:#1e2226;--ink:#eceff2;--soft:#a3adb8;--line:#353c44;
--hover:#262c33;--accent:#7db8f5;--wrong:#ff9a9e}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;padding:2rem 1rem;display:flex;flex-direction:column;align-items:center;
justify-content:center;gap:1rem;background:var(--ground);color:var(--ink);
font:16px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}
main{width:100%;max-width:44rem;padding:2rem;background:var(--sheet);border:1px solid var(--line);border-radius:12px}
.house{margin:0 0 1.25rem;color:var(--soft);font-weight:600;letter-spacing:.02em}
h1{margin:0;font-size:1.5rem;font-weight:600;line-height:1.25}
.to{margin:.25rem 0 1.25rem;color:var(--soft)}
.wrong{margin:.75rem 0 1.25rem;color:var(--wrong);overflow-wrap:anywhere}
ul{list-style:none;margin:0;padding:0;border-top:1px solid var(--line)}
li{border-bottom:1px solid var(--line)}
button,input{font:inherit;color:inherit}
li button{display:grid;grid-template-columns:2.5rem minmax(0,1fr) 12rem;align-items:center;gap:.35rem 1rem;width:100%;
padding:.75rem .5rem;border:0;background:none;text-align:left;cursor:pointer}
li button:hover{background:var(--hover)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.face{width:2.5rem;height:2.5rem;border-radius:50%;display:grid;place-items:center;background:var(--line);
font-weight:600}
.name,.what,.may{display:block}
.name{font-weight:600}
.what,.may{color:var(--soft);font-size:.875rem;overflow-wrap:anywhere}
.role{display:inline-block;margin-right:.35rem;padding:.05rem .55rem;border:1px solid currentColor;border-radius:999px;
color:var(--accent);font-size:.8125rem;font-weight:600}
.role.none{color:var(--soft)}
.other{margin:1.25rem 0 0}
.other label{display:block;margin-bottom:.35rem;color:var(--soft);font-size:.875rem}
.other div{display:flex;gap:.5rem}
.other input{flex:1;min-width:0;padding:.5rem .65rem;border:1px solid var(--line);border-radius:6px;background:var(--ground)}
.other button,.cancel{padding:.5rem 1rem;border:1px solid var(--line);border-radius:6px;background:none;cursor:pointer}
.cancel{margin-top:1rem;color:var(--soft)}
dl{display:grid;grid-template-columns:auto 1fr;gap:.15rem 1rem;margin:0;color:var(--soft);font-size:.875rem}
dd{margin:0;overflow-wrap:anywhere}
footer{max-width:44rem;color:var(--soft);font-size:.8125rem;text-align:center}
@media (max-width:36rem){body{padding:1rem .5rem}main{padding:1.25rem 1rem}
li button{grid-template-columns:2.5rem minmax(0,1fr)}.roles{grid-column:2}}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_wrote_is_text_and_never_markup() {
        assert!(!choice(&[], Some("\"><script>"), Some("<b>")).contains("<script"));
        let refusal = refusal(50_011, "'<img src=x>'", &(String::new(), String::new()), Timestamp::UNIX_EPOCH);
        assert!(refusal.contains("&#39;&lt;img src=x&gt;&#39;"));
    }
}
