//! `stentor app-package`: the Teams app, ready to be uploaded.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use uuid::Uuid;

use super::broadcast::whole_file::WholeFile;
use super::complaint::Complaint;
use super::{Global, text};
use crate::adapters::system::SystemRandom;
use crate::adapters::teams::package::{ActivityType, Description, Icon, accent, check_icon, draw_icon};
use crate::config::{Need, Settings, file_trouble};
use crate::domain::fault::{Fault, Faults};
use crate::ports::Random;
use crate::telemetry::Voice;

/// An icon is a few kilobytes; whatever is larger is something else.
const ICON_BYTES_MAX: u64 = 1024 * 1024;

/// Write the Teams app package: a manifest and two icons, zipped, ready to upload to the organisation's catalogue.
///
/// The manifest has the bot of teams.app_id for people and teams, what makes Teams know the app by its registration in Entra,
/// and the types of feed entries that broadcasts use. It is held against Microsoft's own schema before anything is written.
/// People can write to the bot when bot.replies is "on".
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
                        stentor app-package --website https://contoso.example --out company-news.zip\n  \
                        stentor app-package --name \"Contoso News\" --developer Contoso --website https://contoso.example \\\n      \
                        --privacy https://contoso.example/privacy --terms https://contoso.example/terms \\\n      \
                        --color \"#0B6A0B\" --app-version 1.0.1 --out company-news.zip")]
pub(super) struct AppPackage {
    /// What people call it, up to 30 characters
    #[arg(long, value_name = "TEXT", default_value = "Company News")]
    name: String,
    /// Its name where there is room, up to 100 characters [default: the name]
    #[arg(long, value_name = "TEXT")]
    full_name: Option<String>,
    /// A line about it, up to 80 characters
    #[arg(long, value_name = "TEXT", default_value = "News from the company")]
    summary: String,
    /// Who made it, up to 32 characters [default: the website's host]
    #[arg(long, value_name = "TEXT")]
    developer: Option<String>,
    /// Where to read about it [default: the host of bot.public_url]
    #[arg(long, value_name = "URL")]
    website: Option<String>,
    /// What becomes of data [default: the website]
    #[arg(long, value_name = "URL")]
    privacy: Option<String>,
    /// Under which terms [default: the website]
    #[arg(long, value_name = "URL")]
    terms: Option<String>,
    /// The colour around the icon, as #RRGGBB
    #[arg(long, value_name = "COLOUR", default_value = "#464EB8")]
    color: String,
    /// An icon of your own: PNG, 192×192 pixels
    #[arg(long, value_name = "FILE")]
    color_icon: Option<PathBuf>,
    /// An outline of your own: PNG, 32×32 pixels, white on nothing
    #[arg(long, value_name = "FILE")]
    outline_icon: Option<PathBuf>,
    /// One more type of feed entry, and its line; once for each. announcementPublished is there already
    #[arg(long, value_name = "TYPE=TEMPLATE", value_parser = activity_type)]
    activity_type: Vec<ActivityType>,
    /// The package's version; raise it for each upload
    #[arg(long, value_name = "VERSION", default_value = "1.0.0")]
    app_version: String,
    /// Where to write it
    #[arg(long, value_name = "FILE", default_value = "company-news.zip")]
    out: PathBuf,
}

fn activity_type(text: &str) -> Result<ActivityType, String> {
    let (name, template) = text.split_once('=').ok_or_else(|| "write TYPE=TEMPLATE".to_owned())?;
    Ok(ActivityType { name: name.trim().to_owned(), template: template.to_owned() })
}

impl AppPackage {
    pub(super) fn perform(self, global: &Global) -> anyhow::Result<()> {
        let settings = global.begin(Need::Nothing, Voice::Command)?;
        let (manifest_id, is_new) = match settings.teams.manifest_id {
            Some(id) => (id, false),
            None => (fresh_id(), true),
        };
        let (mut faults, out) = (Vec::new(), self.out.clone());
        let icons = (
            icon(Icon::Color, "--color-icon", self.color_icon.as_deref(), &self.color, &mut faults),
            icon(Icon::Outline, "--outline-icon", self.outline_icon.as_deref(), &self.color, &mut faults),
        );
        let described = self.describe(&settings, manifest_id, &mut faults);
        if let Some(Err(Faults(more))) = described.as_ref().map(Description::manifest) {
            faults.extend(more);
        }
        let (Some(described), true) = (described, faults.is_empty()) else { return Err(Faults(faults).into()) };
        let packed = described.packed(&icons.0, &icons.1)?;
        write(&out, &packed)?;
        if global.json {
            text::print_json(&json!({
                "file": out, "bytes": packed.len(), "manifest_id": manifest_id, "manifest_id_is_new": is_new,
                "app_id": described.app_id, "version": described.version,
            }))?;
            return Ok(());
        }
        let size = text::thousands(packed.len() as u64);
        text::print(&format!("Wrote {}: {} {}, {size} bytes.\n", out.display(), described.name, described.version))?;
        if is_new {
            text::print(&format!(
                "Set teams.manifest_id = \"{manifest_id}\", and keep it: it is made anew otherwise.\n"
            ))?;
        }
        text::print(
            "Upload it in the Teams admin centre: Teams apps, Manage apps, Upload new app; later versions update the same entry.\n",
        )?;
        Ok(())
    }

    fn describe(self, settings: &Settings, manifest_id: Uuid, faults: &mut Vec<Fault>) -> Option<Description> {
        let host = settings.bot.public_url.as_ref().and_then(|url| url.host_str()).map(str::to_owned);
        let website = self.website.or_else(|| host.as_ref().map(|host| format!("https://{host}/")));
        if website.is_none() {
            let problem = "is not given, and bot.public_url does not say it either";
            faults.push(Fault::new("--website", problem, "Name a page about it: https://contoso.example/news."));
        }
        if settings.teams.app_id.is_none() {
            let cure = "Copy the application (client) id of the bot's app registration in Entra.";
            faults.push(Fault::new("teams.app_id", "is not given, and the manifest names the bot by it", cure));
        }
        let (website, app_id) = (website?, settings.teams.app_id?);
        let of_website = || website.parse::<url::Url>().ok().and_then(|url| url.host_str().map(str::to_owned));
        let mut activity_types = vec![ActivityType::announcement()];
        if self.activity_type.iter().any(|it| it.name == activity_types[0].name) {
            activity_types.clear();
        }
        activity_types.extend(self.activity_type);
        Some(Description {
            app_id,
            manifest_id,
            version: self.app_version,
            full_name: self.full_name.unwrap_or_else(|| self.name.clone()),
            name: self.name,
            summary: self.summary,
            developer: self.developer.or_else(of_website).unwrap_or_default(),
            privacy: self.privacy.unwrap_or_else(|| website.clone()),
            terms: self.terms.unwrap_or_else(|| website.clone()),
            website,
            color: self.color,
            hears: !settings.bot.replies.is_empty(),
            domains: host.into_iter().collect(),
            activity_types,
        })
    }
}

/// The file that was given, if it will do; otherwise ours.
fn icon(icon: Icon, option: &str, file: Option<&Path>, color: &str, faults: &mut Vec<Fault>) -> Vec<u8> {
    let Some(file) = file else {
        // A colour that is none is told by the manifest.
        return draw_icon(icon, accent(color).unwrap_or_default()).unwrap_or_default();
    };
    let side = icon.side();
    let cure = match icon {
        Icon::Color => format!("Give a PNG of {side}×{side} pixels, or leave it out."),
        Icon::Outline => {
            format!("Give a PNG of {side}×{side} pixels, white on a transparent background, or leave it out.")
        }
    };
    let mut refuse = |problem: String| {
        faults.push(Fault::new(option, format!("“{}” {problem}", file.display()), cure.clone()));
        Vec::new()
    };
    match std::fs::metadata(file) {
        Ok(there) if there.len() > ICON_BYTES_MAX => return refuse("is larger than 1 MB".to_owned()),
        Ok(_) => {}
        Err(error) => return refuse(format!("cannot be read: {}", file_trouble(&error))),
    }
    match std::fs::read(file) {
        Ok(bytes) => match check_icon(icon, &bytes) {
            Ok(()) => bytes,
            Err(problem) => refuse(problem),
        },
        Err(error) => refuse(format!("cannot be read: {}", file_trouble(&error))),
    }
}

fn write(out: &Path, packed: &[u8]) -> anyhow::Result<()> {
    let written = WholeFile::create(out).and_then(|mut file| {
        file.write_all(packed)?;
        file.finish()
    });
    written.map_err(|error| {
        let message = format!("“{}” cannot be written: {}.", out.display(), file_trouble(&error));
        Complaint::failed("write", message, "Make room on that disk, or write to another place.").about("--out").into()
    })
}

fn fresh_id() -> Uuid {
    let halves = [SystemRandom.next_u64(), SystemRandom.next_u64()].map(u64::to_be_bytes);
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(halves.concat()).for_each(|(byte, chance)| *byte = chance);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
