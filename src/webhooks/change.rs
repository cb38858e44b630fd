//! Webhooks come, change and go over the API, each in one transaction.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt;
use secrecy::SecretString;

use super::{Error, Result, interest, target};
use crate::clock::{DAY, Millis};
use crate::engine::Engine;
use crate::store::webhooks::{self, Secret, Webhook};
use crate::store::{Table, Tx, deliveries, reserve};

/// Webhooks at most: each look of the dispatcher reads all of them.
const MOST: i64 = 1_000;
/// Characters of a name.
const LONGEST_NAME: usize = 200;
/// Characters of a description.
const LONGEST_DESCRIPTION: usize = 2_000;
/// Characters of a secret.
const LONGEST_SECRET: usize = 500;
/// What Standard Webhooks writes before a secret that is base64.
const BASE64: &str = "whsec_";
/// For how long the old secret signs beside the new one.
const ROTATION: Millis = DAY;
/// Deliveries that are deleted in one transaction.
const BATCH: i64 = 2_000;

/// A new webhook, as it was given.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// What people call it.
    pub name: String,
    /// Where events go.
    pub url: String,
    /// The kind of events that it wants, or `*`.
    pub event_type: String,
    /// What it is for.
    pub description: Option<String>,
    /// What signs its deliveries; without one they are not signed.
    pub secret: Option<String>,
}

/// What shall be different. What is not given stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What people call it.
    pub name: Option<String>,
    /// Where events go.
    pub url: Option<String>,
    /// The kind of events that it wants, or `*`.
    pub event_type: Option<String>,
    /// What it is for; `Some(None)` for nothing.
    pub description: Option<Option<String>>,
    /// What signs its deliveries from now on, alone; `Some(None)` for nothing.
    pub secret: Option<Option<String>>,
    /// Whether it is told of anything. `true` also forgives it all failures.
    pub is_active: Option<bool>,
}

/// Adds a webhook, which is told of every event of its type from now on.
///
/// # Errors
/// `Invalid` (also where its address is forbidden), `Store`.
pub async fn create(engine: &Engine, draft: Draft) -> Result<Webhook> {
    let now = engine.clock.now();
    let mut hook = Webhook {
        id: 0,
        name: name(&draft.name)?,
        url: address(engine, &draft.url).await?,
        event_type: draft.event_type,
        is_active: true,
        description: description(draft.description)?,
        secret: draft.secret.map(secret).transpose()?,
        previous_secret: None,
        previous_until: None,
        failing_since: None,
        disabled_reason: None,
        last_triggered_at: None,
        failure_count: 0,
        success_count: 0,
        created_at: now,
        updated_at: now,
    };
    interest::check(&hook.event_type)?;
    let tx = engine.store.begin().await?;
    if webhooks::count(&tx).await? >= MOST {
        return Err(Error::Invalid(format!("There are {MOST} webhooks; no more fit.")));
    }
    hook.id = reserve(&tx, Table::Webhooks, 1).await?.next().ok_or(Error::NO_WEBHOOK)?;
    webhooks::insert(&tx, &hook).await?;
    tx.commit().await?;
    tracing::info!(webhook.id = hook.id, event.kind = hook.event_type, "webhook.created");
    Ok(hook)
}

/// Changes a webhook.
///
/// # Errors
/// `NotFound`, `Invalid`, `Store`.
pub async fn change(engine: &Engine, id: i64, change: Change) -> Result<Webhook> {
    let url = match &change.url {
        Some(url) => Some(address(engine, url).await?),
        None => None,
    };
    let tx = engine.store.begin().await?;
    let mut hook = lock(&tx, id).await?;
    hook.url = url.unwrap_or(hook.url);
    if let Some(text) = change.name {
        hook.name = name(&text)?;
    }
    if let Some(event_type) = change.event_type {
        interest::check(&event_type)?;
        hook.event_type = event_type;
    }
    if let Some(text) = change.description {
        hook.description = description(text)?;
    }
    if let Some(text) = change.secret {
        hook.secret = text.map(secret).transpose()?;
        (hook.previous_secret, hook.previous_until) = (None, None);
    }
    if let Some(is_active) = change.is_active {
        hook.is_active = is_active;
        (hook.disabled_reason, hook.failing_since) = (None, None);
    }
    hook.updated_at = engine.clock.now();
    webhooks::update(&tx, &hook).await?;
    // Switched on again it has deliveries that wait; switched off some that must not be sent.
    tx.wake_dispatcher();
    tx.commit().await?;
    tracing::info!(webhook.id = id, webhook.is_active = hook.is_active, "webhook.changed");
    Ok(hook)
}

/// Deletes a webhook and its deliveries, batch after batch. What is left of them where the engine
/// ends in between is nobody's, and goes with its events.
///
/// # Errors
/// `NotFound`, `Store`.
pub async fn delete(engine: &Engine, id: i64) -> Result<()> {
    let tx = engine.store.begin().await?;
    if !webhooks::delete(&tx, id).await? {
        return Err(Error::NO_WEBHOOK);
    }
    tx.wake_dispatcher();
    tx.commit().await?;
    tracing::info!(webhook.id = id, "webhook.deleted");
    loop {
        let tx = engine.store.begin().await?;
        let gone = deliveries::delete_of_webhook(&tx, id, BATCH).await?;
        tx.commit().await?;
        if i64::try_from(gone).unwrap_or(BATCH) < BATCH {
            return Ok(());
        }
    }
}

/// Gives a webhook a new secret. The present one, where there is one, signs beside it for 24 hours.
/// Gives the new one where it was made here.
///
/// # Errors
/// `NotFound`, `Invalid`, `Store`.
pub async fn rotate(
    engine: &Engine,
    id: i64,
    given: Option<String>,
) -> Result<(Webhook, Option<String>)> {
    let made = given.is_none().then(make_secret);
    let new = secret(given.or_else(|| made.clone()).unwrap_or_default())?;
    let tx = engine.store.begin().await?;
    let mut hook = lock(&tx, id).await?;
    let now = engine.clock.now();
    hook.previous_secret = hook.secret.replace(new);
    hook.previous_until = hook.previous_secret.is_some().then_some(now + ROTATION);
    hook.updated_at = now;
    webhooks::update(&tx, &hook).await?;
    tx.commit().await?;
    tracing::info!(webhook.id = id, "webhook.secret_rotated");
    Ok((hook, made))
}

/// The webhook, which nobody else changes until this transaction ends.
pub(super) async fn lock(tx: &Tx, id: i64) -> Result<Webhook> {
    webhooks::lock(tx, &[id]).await?.pop().ok_or(Error::NO_WEBHOOK)
}

fn name(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::Invalid("name is empty.".into()));
    }
    no_longer("name", text, LONGEST_NAME)?;
    Ok(text.to_owned())
}

fn description(text: Option<String>) -> Result<Option<String>> {
    if let Some(text) = &text {
        no_longer("description", text, LONGEST_DESCRIPTION)?;
    }
    Ok(text)
}

fn secret(text: String) -> Result<Secret> {
    if text.is_empty() {
        return Err(Error::Invalid("secret is empty.".into()));
    }
    no_longer("secret", &text, LONGEST_SECRET)?;
    if let Some(key) = text.strip_prefix(BASE64)
        && STANDARD.decode(key).map_or(true, |key| key.is_empty())
    {
        return Err(Error::Invalid(format!("secret begins with {BASE64}, and is not base64.")));
    }
    Ok(Secret(SecretString::from(text)))
}

fn make_secret() -> String {
    let key: [u8; 32] = rand::rng().random();
    format!("{BASE64}{}", STANDARD.encode(key))
}

async fn address(engine: &Engine, url: &str) -> Result<String> {
    let checked = target::resolve_and_check(url, engine.config.webhook_allow_private).await;
    let url = checked.map_err(|refusal| Error::Invalid(refusal.to_string()))?;
    Ok(url.to_string())
}

fn no_longer(field: &str, text: &str, most: usize) -> Result<()> {
    if text.chars().count() > most {
        return Err(Error::Invalid(format!("{field} is longer than {most} characters.")));
    }
    Ok(())
}
