//! Who looks at everything that a broadcast rests on.

use async_trait::async_trait;

use crate::domain::check::Check;

/// Looks at the settings, the database, the credential, Microsoft's permissions, the bot, quotas, workers and the record.
#[async_trait]
pub trait Examiner: Send + Sync {
    /// Examines everything, and tells each thing as it is found. It changes nothing.
    ///
    /// # Errors
    /// Why it could not come to its end.
    async fn examine(&self, found: &mut (dyn FnMut(Check) + Send)) -> Result<(), String>;
}
