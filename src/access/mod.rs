//! Who may do what, and how often.

mod caller;
mod limit;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use centrium_channels::{Error, Kind};

use crate::keys::{self, KeyName, KeyRing, Scope};
use crate::store::{Store, keys as rows};

pub use caller::caller;
pub use limit::{Limits, Wait};

/// How long a key that was added by hand is remembered before the database is asked again.
const REMEMBER: Duration = Duration::from_secs(2);
/// Keys that are remembered at once; beyond that all are forgotten.
const REMEMBERED: usize = 1_000;

/// What a request wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Post customers' messages and read their tickets.
    External,
    /// Read tickets, contacts and metrics.
    Read,
    /// Change anything.
    Write,
}

impl Want {
    fn allowed_by(self, scope: Scope) -> bool {
        matches!((self, scope), (Self::External, Scope::External) | (Self::Read, Scope::Read))
    }
}

/// Checks keys, and counts what each makes.
pub struct Access {
    ring: KeyRing,
    limits: Limits,
    store: Store,
    added: Mutex<HashMap<String, (Option<Scope>, Instant)>>,
}

impl Access {
    /// Checks with these keys, and the ones that were added to the database.
    #[must_use]
    pub fn new(ring: KeyRing, limits: Limits, store: Store) -> Self {
        Self { ring, limits, store, added: Mutex::default() }
    }

    /// Lets a request pass, or says why not.
    ///
    /// # Errors
    /// `Unauthorized`, `TooMany`, or `Unavailable` when the database had to be asked and could not.
    pub async fn check(
        &self,
        key: Option<&str>,
        want: Want,
        caller: Option<IpAddr>,
    ) -> Result<(), Error> {
        let Some(key) = key.filter(|key| !key.is_empty()) else {
            return Err(self.refuse("An API key is required.", caller));
        };
        let digest = keys::digest(key);
        if self.is_main_key(key, want) {
            return Ok(self.limits.check_key(&digest)?);
        }
        if !matches!(self.remembered(&digest), Some(Some(_))) {
            // The database is asked about a stranger's key only as often as strangers may ask.
            self.count(caller)?;
        }
        if self.is_added_key(&digest, want).await? {
            return Ok(self.limits.check_key(&digest)?);
        }
        Err(Error::new(Kind::Unauthorized, "This API key is not valid here."))
    }

    /// Counts a request to a public page.
    ///
    /// # Errors
    /// `TooMany`.
    pub fn count(&self, caller: Option<IpAddr>) -> Result<(), Error> {
        match caller {
            Some(address) => Ok(self.limits.check_ip(address)?),
            None => Ok(()),
        }
    }

    /// Reads the file of keys again where it has changed, and says when it can't.
    pub fn reload(&self) {
        match self.ring.reload_if_changed() {
            Ok(true) => tracing::info!("keys.reloaded"),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "keys.unreadable"),
        }
    }

    /// Forgets callers who have not come lately.
    pub fn sweep(&self) {
        self.limits.sweep();
    }

    fn is_main_key(&self, key: &str, want: Want) -> bool {
        let name = match want {
            Want::External => KeyName::ExternalApiKey,
            Want::Read | Want::Write => KeyName::ApiToken,
        };
        self.ring.accepts(name, key)
    }

    async fn is_added_key(&self, digest: &str, want: Want) -> Result<bool, Error> {
        let remembered = self.remembered(digest);
        let scope = match remembered {
            Some(scope) => scope,
            None => {
                let row = rows::find(&mut *self.store.read().await?, digest).await?;
                let scope = row.and_then(|row| row.scope.parse().ok());
                self.remember(digest, scope);
                scope
            }
        };
        Ok(scope.is_some_and(|scope| want.allowed_by(scope)))
    }

    fn remembered(&self, digest: &str) -> Option<Option<Scope>> {
        let added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        let (scope, since) = added.get(digest)?;
        (since.elapsed() < REMEMBER).then_some(*scope)
    }

    fn remember(&self, digest: &str, scope: Option<Scope>) {
        let mut added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        if added.len() >= REMEMBERED {
            added.clear();
        }
        added.insert(digest.to_owned(), (scope, Instant::now()));
    }

    /// A refused caller is counted by its address; too many refusals are told as such.
    fn refuse(&self, sentence: &str, caller: Option<IpAddr>) -> Error {
        match self.count(caller) {
            Ok(()) => Error::new(Kind::Unauthorized, sentence),
            Err(too_many) => too_many,
        }
    }
}
