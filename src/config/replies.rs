//! What the bot says to whoever writes to it, unless the operator says it otherwise.

use std::collections::BTreeMap;

const BUILT_IN: [(&str, &str); 5] = [
    ("de", "Dies ist der Bot für Mitteilungen Ihrer Organisation. Was Sie hier schreiben, liest niemand."),
    ("en", "This bot delivers announcements from your organisation. Nobody reads what you write here."),
    ("es", "Este bot envía los anuncios de su organización. Nadie lee lo que escriba aquí."),
    ("fr", "Ce bot transmet les annonces de votre organisation. Personne ne lit ce que vous écrivez ici."),
    ("it", "Questo bot invia gli annunci della sua organizzazione. Nessuno legge ciò che scrive qui."),
];

/// Ours, with `own` in place of them or beside them.
pub(super) fn with(own: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let built_in = BUILT_IN.into_iter().filter(|(tag, _)| own.keys().all(|known| !known.eq_ignore_ascii_case(tag)));
    let built_in: Vec<_> = built_in.map(|(tag, text)| (tag.to_owned(), text.to_owned())).collect();
    own.into_iter().chain(built_in).collect()
}
