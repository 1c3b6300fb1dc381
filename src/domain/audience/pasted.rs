//! People in a line of free text, as it is pasted from a mail or a chat: `Ann <ann@x.example>; bob@x.example`.

use super::Address;

/// Everybody whom a line names, in order; what looks like an address and is none, or the line that names nobody, as an
/// error. Words that are neither ids nor hold an `@` are names of people.
pub(super) fn people(line: &str) -> Vec<Result<Address, &str>> {
    let line = line.trim_matches(|letter: char| letter.is_whitespace() || matches!(letter, ',' | ';' | '\u{feff}'));
    if line.is_empty() {
        return Vec::new();
    }
    let has_brackets = line.split('<').skip(1).any(|behind| behind.contains('>'));
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((before, inner, behind)) = bracket(rest) {
        // What stands right before a bracket is the name, even when it reads like an address.
        let name = before.rfind([',', ';', '\t']).map_or(0, |place| place + 1);
        loose(&before[..name], has_brackets, &mut found);
        found.push(Address::parse(inner).ok_or_else(|| inner.trim()));
        rest = behind;
    }
    loose(rest, has_brackets, &mut found);
    let names_nobody = !line.contains('@') && found.iter().all(Result::is_err);
    if found.is_empty() || names_nobody { vec![Err(line)] } else { found }
}

/// The next `<…>`, with what stands before it and behind it.
fn bracket(text: &str) -> Option<(&str, &str, &str)> {
    let (before, behind) = text.split_once('<')?;
    let (inner, behind) = behind.split_once('>')?;
    Some((before, inner, behind))
}

/// Addresses between separators or spaces. `are_names`: a piece without any may be half of a name (`Smith, Ann <…>`).
fn loose<'a>(text: &'a str, are_names: bool, found: &mut Vec<Result<Address, &'a str>>) {
    for piece in text.split([',', ';', '\t']).map(str::trim).filter(|piece| !piece.is_empty()) {
        let words = piece.split_whitespace().map(|word| (word, Address::parse(word)));
        let named: Vec<_> = words.filter(|(word, address)| address.is_some() || word.contains('@')).collect();
        if named.is_empty() && !are_names {
            found.push(Err(piece));
        }
        found.extend(named.into_iter().map(|(word, address)| address.ok_or(word)));
    }
}
