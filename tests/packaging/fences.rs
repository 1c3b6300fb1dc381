//! The shell commands of a document: blocks fenced as `sh` are run, blocks fenced as `sh no-run` are read.

/// One command, its continued lines joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// Where it stands, from 1.
    pub line: usize,
    pub text: String,
    pub runs: bool,
}

/// Every command of `document`, in order.
pub fn commands(document: &str) -> Vec<Printed> {
    let mut commands: Vec<Printed> = Vec::new();
    let (mut fence, mut continues) = (None, false);
    for (number, line) in document.lines().enumerate() {
        let text = line.trim();
        if let Some(info) = text.strip_prefix("```") {
            fence = match (fence, info) {
                (None, "sh") => Some(Some(true)),
                (None, "sh no-run") => Some(Some(false)),
                (None, _) => Some(None),
                (Some(_), _) => None,
            };
            continues = false;
            continue;
        }
        let Some(Some(runs)) = fence else { continue };
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let part = text.strip_suffix('\\').unwrap_or(text).trim();
        match commands.last_mut() {
            Some(command) if continues => command.text = format!("{} {part}", command.text),
            _ => commands.push(Printed { line: number + 1, text: part.to_owned(), runs }),
        }
        continues = text.ends_with('\\');
    }
    commands
}

/// The words of a command as a shell would split them, up to the first operator or comment.
pub fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut is_word) = (Vec::new(), String::new(), None, false);
    for letter in command.chars() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => word.push(letter),
            (None, '"' | '\'') => (quote, is_word) = (Some(letter), true),
            (None, '|' | '<' | '>' | '&' | ';') => break,
            (None, '#') if word.is_empty() && !is_word => break,
            (None, ' ') => {
                if is_word || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                is_word = false;
            }
            (None, _) => word.push(letter),
        }
    }
    if is_word || !word.is_empty() {
        words.push(word);
    }
    words
}

/// The command line of ours within `command`, if there is one: behind `sudo -u …`, behind a container's name.
pub fn ours(command: &str) -> Option<Vec<String>> {
    let words = words(command);
    let leads = ["sudo", "docker", "docker-compose"];
    let first = words.iter().position(|word| !word.contains('='))?;
    let at = match words[first].as_str() {
        "stentor" => first,
        lead if leads.contains(&lead) => (first + 1..words.len()).find(|at| {
            let next = words.get(at + 1).map_or("", String::as_str);
            // `-u stentor` is a user.
            let is_value = words[at - 1].starts_with('-');
            words[*at] == "stentor" && !is_value && next.starts_with(|letter: char| letter.is_alphabetic())
        })?,
        _ => return None,
    };
    Some(words[at..].to_vec())
}

#[test]
fn commands_are_found_and_joined() {
    let document =
        "text\n```sh\n# why\nstentor a \\\n    --b\n```\n```text\nno\n```\n  ```sh no-run\n  make x # y\n  ```\n";
    let found = commands(document);
    assert_eq!((found[0].text.as_str(), found[0].line, found[0].runs), ("stentor a --b", 4, true));
    assert_eq!((found[1].text.as_str(), found[1].runs, found.len()), ("make x # y", false, 2));
}

#[test]
fn our_own_command_lines_are_told_from_mentions() {
    let ours = |command| ours(command).map(|words| words.join("|"));
    assert_eq!(ours("A=b stentor config --x \"y z\" > f &").as_deref(), Some("stentor|config|--x|y z"));
    assert_eq!(ours("sudo -u stentor stentor run").as_deref(), Some("stentor|run"));
    assert_eq!(ours("docker compose exec -T serve stentor migrate < f").as_deref(), Some("stentor|migrate"));
    assert_eq!(ours("sudo install -o stentor -g stentor -m 0640 a b"), None);
    assert_eq!(ours("sudo -u stentor pg_dump --username stentor --file a stentor"), None);
    assert_eq!(ours("sudo systemctl restart stentor"), None);
}
