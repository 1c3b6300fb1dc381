//! How a server of ours far away is reached: by the same network settings as Microsoft.

use std::path::Path;
use std::time::Duration;

use super::{Way, way};
use crate::adapters::teams::{self, Network, TeamsError};
use crate::config::Settings;

/// A client that follows no redirect and tries nothing again. An answer of which nothing comes for `silence` is broken off.
///
/// `is_here`: the server is on this machine, which no proxy leads to.
///
/// # Errors
/// When the network settings cannot be used.
pub fn http_client(settings: &Settings, is_here: bool, silence: Duration) -> anyhow::Result<reqwest::Client> {
    let network = &settings.network;
    let network = Network {
        request_timeout: network.request_timeout,
        connect_timeout: network.connect_timeout,
        way: if is_here { Way::Direct } else { way(&network.proxy)? },
        extra_ca_file: network.extra_ca_file.as_deref().map(Path::to_path_buf),
        connect_to: network.connect_to.iter().map(|(host, address)| (host.clone(), *address)).collect(),
    };
    Ok(teams::builder(&network).map_err(TeamsError::from)?.read_timeout(silence).build()?)
}

/// What lies beneath an error of the network, without the address.
pub fn what_happened(error: &reqwest::Error) -> String {
    teams::causes(error)
}

/// Whether the other side showed a certificate that we do not believe.
pub fn is_untrusted(error: &reqwest::Error) -> bool {
    teams::is_untrusted(error)
}
