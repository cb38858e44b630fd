//! Who may do what, and how often.

mod caller;
mod limit;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use centrium_channels::{Error, KeyId, Kind};

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
    /// Follow events live.
    Live,
}

impl Want {
    fn allowed_by(self, scope: Scope) -> bool {
        matches!(
            (self, scope),
            (Self::External, Scope::External)
                | (Self::Read, Scope::Read)
                | (Self::Live, Scope::Live | Scope::Read)
        )
    }
}

/// Checks keys, and counts what each makes.
pub struct Access {
    ring: KeyRing,
    limits: Limits,
    store: Store,
    added: Mutex<HashMap<String, (Option<Added>, Instant)>>,
}

/// A key that was added by hand.
#[derive(Clone)]
struct Added {
    name: String,
    scope: Scope,
}

impl Added {
    fn of(row: rows::ApiKey) -> Option<Self> {
        Some(Self { scope: row.scope.parse().ok()?, name: row.name })
    }

    /// A key that replaces another under its name is the same one. Main keys have no slash.
    fn id(&self) -> KeyId {
        KeyId::new(format!("added/{}", self.name))
    }
}

impl Access {
    /// Checks with these keys, and the ones that were added to the database.
    #[must_use]
    pub fn new(ring: KeyRing, limits: Limits, store: Store) -> Self {
        Self { ring, limits, store, added: Mutex::default() }
    }

    /// Lets a request pass and says with which key, or says why not. A main key is one key,
    /// however many values it has while it is replaced; one that was added goes by its name.
    ///
    /// # Errors
    /// `Unauthorized`, `TooMany`, or `Unavailable` when the database had to be asked and could not.
    pub async fn check(
        &self,
        key: Option<&str>,
        want: Want,
        caller: Option<IpAddr>,
    ) -> Result<KeyId, Error> {
        let Some(key) = key.filter(|key| !key.is_empty()) else {
            return Err(self.refuse("An API key is required.", caller));
        };
        let digest = keys::digest(key);
        if let Some(id) = self.main_key(key, want) {
            self.limits.check_key(&digest)?;
            return Ok(id);
        }
        if !matches!(self.remembered(&digest), Some(Some(_))) {
            // The database is asked about a stranger's key only as often as strangers may ask.
            self.count(caller)?;
        }
        if let Some(added) = self.added_key(&digest).await?.filter(|key| want.allowed_by(key.scope))
        {
            self.limits.check_key(&digest)?;
            return Ok(added.id());
        }
        Err(Error::new(Kind::Unauthorized, "This API key is not valid here."))
    }

    /// Whether a key that was let in would still be: it may have been taken away since. Counts nothing.
    ///
    /// # Errors
    /// `Unavailable` when the database had to be asked and could not.
    pub async fn opens(&self, key: &str, want: Want) -> Result<bool, Error> {
        if self.main_key(key, want).is_some() {
            return Ok(true);
        }
        let added = self.added_key(&keys::digest(key)).await?;
        Ok(added.is_some_and(|key| want.allowed_by(key.scope)))
    }

    /// Counts a request to a public page, or to what does not exist.
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

    fn main_key(&self, key: &str, want: Want) -> Option<KeyId> {
        let name = match want {
            Want::External => KeyName::ExternalApiKey,
            Want::Read | Want::Write | Want::Live => KeyName::ApiToken,
        };
        self.ring.accepts(name, key).then(|| KeyId::new(name.as_str()))
    }

    async fn added_key(&self, digest: &str) -> Result<Option<Added>, Error> {
        if let Some(remembered) = self.remembered(digest) {
            return Ok(remembered);
        }
        let row = rows::find(&*self.store.read().await?, digest).await?;
        let key = row.and_then(Added::of);
        self.remember(digest, key.clone());
        Ok(key)
    }

    fn remembered(&self, digest: &str) -> Option<Option<Added>> {
        let added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, since) = added.get(digest)?;
        (since.elapsed() < REMEMBER).then(|| key.clone())
    }

    fn remember(&self, digest: &str, key: Option<Added>) {
        let mut added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        if added.len() >= REMEMBERED {
            added.clear();
        }
        added.insert(digest.to_owned(), (key, Instant::now()));
    }

    /// A refused caller is counted by its address; too many refusals are told as such.
    fn refuse(&self, sentence: &str, caller: Option<IpAddr>) -> Error {
        match self.count(caller) {
            Ok(()) => Error::new(Kind::Unauthorized, sentence),
            Err(too_many) => too_many,
        }
    }
}
