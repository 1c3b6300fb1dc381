//! The Teams app package: a manifest and two icons in a zip, ready to be uploaded to the organisation's catalogue.
//!
//! Nothing leaves this module that Microsoft's own schema of manifests would refuse (`package/manifest-1.29.json`, unchanged,
//! with its licence beside it). The same description gives the same bytes.

use std::io::{Cursor, Write};
use std::sync::LazyLock;

use boon::{Compiler, SchemaIndex, Schemas, ValidationError};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::domain::fault::{Fault, Faults};
use crate::domain::notification::SYSTEM_DEFAULT;

mod icons;

pub use icons::{Icon, accent, check_icon, draw_icon};

/// An entry of activity feeds that the app may make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityType {
    /// Its name, as `--activity-type` of a broadcast names it.
    pub name: String,
    /// Its line, with variables in braces.
    pub template: String,
}

impl ActivityType {
    /// The one that every package has: its variables are those that a broadcast fills by itself.
    pub fn announcement() -> Self {
        Self { name: "announcementPublished".to_owned(), template: "{actor} published: {title}".to_owned() }
    }
}

/// What people and administrators are told of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The app registration in Entra, which is also the bot.
    pub app_id: Uuid,
    /// The app in every catalogue.
    pub manifest_id: Uuid,
    /// Three numbers, such as 1.0.0; each upload needs a higher one.
    pub version: String,
    /// Its name.
    pub name: String,
    /// Its name where there is room.
    pub full_name: String,
    /// A line about it.
    pub summary: String,
    /// Who made it.
    pub developer: String,
    /// Where to read about it.
    pub website: String,
    /// What becomes of data.
    pub privacy: String,
    /// Under which terms.
    pub terms: String,
    /// The colour around the icon, as #RRGGBB.
    pub color: String,
    /// Whether people can write to the bot.
    pub hears: bool,
    /// Hosts that the app's own pages may be of.
    pub domains: Vec<String>,
    /// What it may write into feeds.
    pub activity_types: Vec<ActivityType>,
}

impl Description {
    /// The manifest, if there is nothing wrong with it.
    ///
    /// # Errors
    /// Every fault, each named by the option of `stentor app-package` that it is about.
    pub fn manifest(&self) -> Result<Value, Faults> {
        let manifest = self.written();
        let mut faults = self.faults();
        faults.extend(official_faults(&manifest));
        // One option is one fault: the schema repeats what was said of the website for those that follow it.
        let mut seen = std::collections::BTreeSet::new();
        faults.retain(|fault| seen.insert((fault.field.clone(), fault.problem.clone())));
        Faults::or(faults, manifest)
    }

    fn written(&self) -> Value {
        // Invariant: the skeleton is part of the program, and a test reads it.
        let mut manifest: Value = serde_json::from_str(include_str!("package/skeleton.json")).unwrap_or_default();
        let types: Vec<Value> = self.activity_types.iter().map(ActivityType::written).collect();
        let (app, colour) = (self.app_id, &self.color);
        let parts = json!({
            "version": self.version,
            "id": self.manifest_id,
            "developer": {
                "name": self.developer,
                "websiteUrl": self.website,
                "privacyUrl": self.privacy,
                "termsOfUseUrl": self.terms,
            },
            "name": {"short": self.name, "full": self.full_name},
            "description": {"short": self.summary, "full": self.summary},
            "accentColor": colour,
            "bots": [{
                "botId": app,
                "scopes": ["personal", "team"],
                "isNotificationOnly": !self.hears,
                "supportsFiles": false,
            }],
            "webApplicationInfo": {"id": app, "resource": format!("api://{app}")},
            "activities": {"activityTypes": types},
            "validDomains": self.domains,
        });
        if let (Value::Object(manifest), Value::Object(parts)) = (&mut manifest, parts) {
            manifest.extend(parts);
        }
        manifest
    }

    /// What the schema does not say, and Teams does.
    fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let number = |part: &str| !part.is_empty() && part.len() <= 9 && part.bytes().all(|it| it.is_ascii_digit());
        if self.version.split('.').count() != 3 || !self.version.split('.').all(number) {
            faults.push(Fault::new("--app-version", "is not three numbers", "Write it like 1.0.0."));
        }
        let texts = [("--name", &self.name), ("--developer", &self.developer), ("--summary", &self.summary)];
        let empty = texts.into_iter().filter(|(_, text)| text.trim().is_empty());
        faults.extend(empty.map(|(option, _)| Fault::new(option, "is empty", "Write what people shall read.")));
        let urls = [("--website", &self.website), ("--privacy", &self.privacy), ("--terms", &self.terms)];
        let is_web = |text: &str| Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host());
        let wrong = urls.into_iter().filter(|(_, text)| !is_web(text));
        faults.extend(wrong.map(|(option, _)| {
            Fault::new(
                option,
                "is not a web address that begins with https://",
                "Write it whole, such as https://contoso.example/news.",
            )
        }));
        for (place, kind) in self.activity_types.iter().enumerate() {
            faults.extend(kind.fault());
            if self.activity_types.iter().take(place).any(|earlier| earlier.name == kind.name) {
                let problem = format!("names {} twice", kind.name);
                faults.push(Fault::new("--activity-type", problem, "Give each type one template."));
            }
        }
        faults
    }

    /// The package as bytes.
    ///
    /// # Errors
    /// As [`Self::manifest`].
    pub fn packed(&self, color: &[u8], outline: &[u8]) -> Result<Vec<u8>, Faults> {
        let manifest = format!("{:#}\n", self.manifest()?);
        let files = [("manifest.json", manifest.as_bytes()), ("color.png", color), ("outline.png", outline)];
        // Memory does not refuse to be written to.
        zipped(&files).map_err(|error| Faults(vec![Fault::new("--out", error.to_string(), "Report it.")]))
    }
}

impl ActivityType {
    fn written(&self) -> Value {
        json!({"type": self.name, "description": self.name, "templateText": self.template})
    }

    fn fault(&self) -> Option<Fault> {
        let field = "--activity-type";
        let plain = !self.name.is_empty() && self.name.chars().all(|it| it.is_ascii_alphanumeric());
        if !plain || self.name == SYSTEM_DEFAULT {
            let problem = format!("“{}” is not the name of a type", self.name);
            return Some(Fault::new(
                field,
                problem,
                "Use letters and digits, and not systemDefault, which every app has.",
            ));
        }
        let mut within = false;
        let paired = self.template.chars().all(|letter| match letter {
            '{' => !std::mem::replace(&mut within, true),
            '}' => std::mem::replace(&mut within, false),
            _ => true,
        });
        if !paired || within || self.template.trim().is_empty() {
            let problem = format!("the template of {} is empty, or its braces do not pair", self.name);
            return Some(Fault::new(field, problem, "Write it like \"{actor} published: {title}\"."));
        }
        None
    }
}

/// Stored, without dates: the same content is the same bytes.
fn zipped(files: &[(&str, &[u8])]) -> zip::result::ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).unix_permissions(0o644);
    for (name, content) in files {
        zip.start_file(*name, plain.last_modified_time(zip::DateTime::default()))?;
        zip.write_all(content)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Microsoft's schema, compiled.
struct Official {
    schemas: Schemas,
    manifest: SchemaIndex,
}

static OFFICIAL: LazyLock<Option<Official>> = LazyLock::new(|| {
    const NAME: &str = "memory:manifest";
    let mut schema = serde_json::from_str(include_str!("package/manifest-1.29.json")).ok()?;
    forget_lookahead(&mut schema);
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource(NAME, schema).ok()?;
    let manifest = compiler.compile(NAME, &mut schemas).ok()?;
    Some(Official { schemas, manifest })
});

/// Takes away the patterns that look ahead, which no regular language can. There is one, for the names of spreadsheet
/// functions, of which our manifests have none.
fn forget_lookahead(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.retain(|name, value| name != "pattern" || value.as_str().is_none_or(|it| !it.contains("(?!")));
            members.values_mut().for_each(forget_lookahead);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_lookahead),
        _ => {}
    }
}

/// What the schema says against it.
fn official_faults(manifest: &Value) -> Vec<Fault> {
    let Some(Official { schemas, manifest: schema }) = &*OFFICIAL else {
        return vec![Fault::new(
            "manifest",
            "cannot be held against Microsoft's schema",
            "Report it: a test reads the schema.",
        )];
    };
    let mut faults = Vec::new();
    if let Err(error) = schemas.validate(manifest, *schema) {
        leaves(&error, &mut faults);
    }
    faults
}

/// The innermost errors: what is around them says only that something within is wrong.
fn leaves(error: &ValidationError<'_, '_>, faults: &mut Vec<Fault>) {
    if !error.causes.is_empty() {
        return error.causes.iter().for_each(|cause| leaves(cause, faults));
    }
    let place = error.instance_location.to_string();
    let (option, cure) = match place.as_str() {
        "/name/short" => ("--name", "Shorten it."),
        "/name/full" => ("--full-name", "Shorten it."),
        "/developer/name" => ("--developer", "Shorten it."),
        "/developer/websiteUrl" => ("--website", "Write it whole, such as https://contoso.example/news."),
        "/developer/privacyUrl" => ("--privacy", "Write it whole, such as https://contoso.example/privacy."),
        "/developer/termsOfUseUrl" => ("--terms", "Write it whole, such as https://contoso.example/terms."),
        "/description/short" | "/description/full" => ("--summary", "Shorten it."),
        "/accentColor" => ("--color", "Write it like #464EB8."),
        place if place.starts_with("/activities") => {
            ("--activity-type", "Shorten the name or the template, or leave some out.")
        }
        place => (place, "Report it: the manifest is put together by Stentor."),
    };
    faults.push(Fault::new(option, error.kind.to_string(), cure));
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn description() -> Description {
        Description {
            app_id: Uuid::from_u128(2),
            manifest_id: Uuid::from_u128(3),
            version: "1.0.0".to_owned(),
            name: "Company News".to_owned(),
            full_name: "Contoso Company News".to_owned(),
            summary: "News from the company".to_owned(),
            developer: "Contoso".to_owned(),
            website: "https://contoso.example".to_owned(),
            privacy: "https://contoso.example/privacy".to_owned(),
            terms: "https://contoso.example/terms".to_owned(),
            color: "#464EB8".to_owned(),
            hears: false,
            domains: vec!["stentor.contoso.example".to_owned()],
            activity_types: vec![ActivityType::announcement()],
        }
    }

    fn faulty(change: impl FnOnce(&mut Description)) -> Vec<String> {
        let mut changed = description();
        change(&mut changed);
        changed.manifest().unwrap_err().0.into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn a_sound_description_passes_the_official_schema() {
        let manifest = description().manifest().unwrap();
        assert_eq!(manifest["manifestVersion"], "1.29");
        assert_eq!(manifest["bots"][0]["isNotificationOnly"], true);
        assert_eq!(manifest["webApplicationInfo"]["id"], manifest["bots"][0]["botId"]);
        assert_eq!(manifest["activities"]["activityTypes"][0]["templateText"], "{actor} published: {title}");
        assert!(manifest["authorization"].is_null(), "consent to more would be in the way of installing");
        assert_eq!(
            Description { hears: true, ..description() }.manifest().unwrap()["bots"][0]["isNotificationOnly"],
            false
        );
    }

    #[test]
    fn every_limit_is_refused_under_the_name_of_its_option() {
        let long = |characters| "x".repeat(characters);
        assert_eq!(faulty(|it| it.name = long(31)), ["--name"]);
        assert_eq!(faulty(|it| it.full_name = long(101)), ["--full-name"]);
        assert_eq!(faulty(|it| it.summary = long(81)), ["--summary"]);
        assert_eq!(faulty(|it| it.developer = long(33)), ["--developer"]);
        assert_eq!(faulty(|it| it.color = "blue".to_owned()), ["--color"]);
        assert!(faulty(|it| it.website = "http://contoso.example".to_owned()).iter().all(|field| field == "--website"));
        assert!(faulty(|it| it.privacy = "contoso".to_owned()).iter().all(|field| field == "--privacy"));
        assert_eq!(faulty(|it| it.version = "1.0".to_owned()), ["--app-version"]);
        assert_eq!(faulty(|it| it.activity_types[0].template = long(129)), ["--activity-type"]);
        assert_eq!(faulty(|it| it.activity_types[0].template = "{actor".to_owned()), ["--activity-type"]);
        assert_eq!(faulty(|it| it.activity_types[0].name = SYSTEM_DEFAULT.to_owned()), ["--activity-type"]);
        assert_eq!(faulty(|it| it.activity_types.push(ActivityType::announcement())), ["--activity-type"]);
        assert_eq!(faulty(|it| (it.name, it.color) = (String::new(), "#12345".to_owned())), ["--name", "--color"]);
    }

    #[test]
    fn the_same_description_is_the_same_package_with_three_files_in_it() {
        let colour = accent("#464EB8").unwrap();
        let (color, outline) = (draw_icon(Icon::Color, colour).unwrap(), draw_icon(Icon::Outline, colour).unwrap());
        let packed = description().packed(&color, &outline).unwrap();
        assert_eq!(packed, description().packed(&color, &outline).unwrap());
        let mut zip = zip::ZipArchive::new(Cursor::new(packed)).unwrap();
        let names: Vec<String> = zip.file_names().map(str::to_owned).collect();
        assert_eq!(names.len(), 3);
        let mut manifest = String::new();
        zip.by_name("manifest.json").unwrap().read_to_string(&mut manifest).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&manifest).unwrap(), description().manifest().unwrap());
        let mut drawn = Vec::new();
        zip.by_name("outline.png").unwrap().read_to_end(&mut drawn).unwrap();
        assert_eq!(check_icon(Icon::Outline, &drawn), Ok(()));
    }
}
