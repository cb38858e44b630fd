//! Every option, in the order of `config.example.toml`, which explains them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use regex::Regex;
use secrecy::SecretString;
use serde::Deserialize;

use super::{EmailSecurity, Location, LogFormat, Source, TelegramMode, parse};

/// The whole configuration, checked. `Debug` shows no secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The HTTP server.
    #[serde(deserialize_with = "parse::listen")]
    pub listen: SocketAddr,
    /// How the outside reaches the server, without a slash at the end.
    #[serde(default, deserialize_with = "parse::http")]
    pub public_url: Location,
    /// The database: `sqlite://`, `postgres://` or `postgresql://`.
    #[serde(deserialize_with = "parse::database")]
    pub database_url: Location,
    /// The folder for attachments, logs and generated keys.
    pub data_dir: PathBuf,
    /// Where attachments are kept: `file:` or `s3:`.
    #[serde(default, deserialize_with = "parse::attachments")]
    pub attachments_url: Location,
    /// Networks whose `X-Forwarded-For` counts.
    #[serde(default, deserialize_with = "parse::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Origins (`https://example.com`) that may embed the widget or the form.
    #[serde(default, deserialize_with = "parse::origins")]
    pub allowed_origins: Vec<String>,

    /// Keys of the external API that were set; the ring of keys generates one when empty.
    #[serde(default, deserialize_with = "parse::keys")]
    pub external_api_key: Vec<SecretString>,
    /// Tokens of our own API that were set; the ring of keys generates one when empty.
    #[serde(default, deserialize_with = "parse::keys")]
    pub api_token: Vec<SecretString>,
    /// Requests a minute for one key; 0 = off.
    pub rate_limit_per_key: u32,
    /// Requests a minute for one address; 0 = off.
    pub rate_limit_per_ip: u32,
    /// With it a site proves who its user is.
    pub identity_secret: Option<SecretString>,

    /// The name in texts to customers.
    pub company_name: String,
    /// `ru`, `kk` or `en`: the language of texts when the customer's can't be told.
    #[serde(deserialize_with = "parse::language")]
    pub default_language: String,
    /// For how many days a closed ticket is reopened; 0 = never.
    pub reopen_days: u32,
    /// After how many silent hours an answered ticket closes; 0 = never.
    pub auto_close_hours: u32,
    /// For how many days events are kept; at least 1.
    pub events_keep_days: u32,
    /// For how many days decisions are kept; at least 3.
    pub decisions_keep_days: u32,

    /// The key of a model's endpoint.
    pub openai_api_key: Option<SecretString>,
    /// The base URL of a model's endpoint.
    #[serde(default, deserialize_with = "parse::http_or_none")]
    pub openai_base_url: Option<Location>,
    /// The model.
    pub ai_model: Option<String>,
    /// How long a model may take.
    #[serde(deserialize_with = "parse::thinking_time")]
    pub ai_timeout_seconds: Duration,
    /// How many tokens a day may be spent; `None` = no cap.
    pub ai_daily_tokens: Option<u64>,
    /// What else a model's provider must not see, beside cards and IBANs.
    #[serde(default, deserialize_with = "parse::patterns")]
    pub masked_patterns: Vec<Regex>,
    /// Hosts that a model's reply may link to, beside those in the articles it was shown.
    #[serde(default, deserialize_with = "parse::hosts")]
    pub reply_link_hosts: Vec<String>,
    /// Files here replace the embedded prompts.
    pub prompts_dir: Option<PathBuf>,
    /// How long to wait for the rest of a message.
    #[serde(deserialize_with = "parse::milliseconds")]
    pub assistant_quiet_ms: Duration,

    /// How log lines look.
    pub log_format: LogFormat,
    /// A log file beside the terminal.
    pub log_file: Option<PathBuf>,
    /// What is logged, as directives of `tracing`.
    pub rust_log: String,

    /// The mailbox's address.
    pub support_email: Option<String>,
    /// The mailbox's password.
    pub support_email_password: Option<SecretString>,
    /// The IMAP server.
    pub email_imap_server: Option<String>,
    /// The IMAP server's port.
    pub email_imap_port: u16,
    /// How the IMAP connection is protected.
    pub email_imap_security: EmailSecurity,
    /// The folder that is read.
    pub email_imap_folder: String,
    /// The pause between two looks into the mailbox.
    #[serde(deserialize_with = "parse::seconds")]
    pub email_poll_seconds: Duration,
    /// How far back the first connection reads.
    pub email_backfill_days: u32,
    /// The SMTP server; from the IMAP server's name when not set.
    pub email_smtp_server: Option<String>,
    /// The SMTP server's port.
    pub email_smtp_port: u16,
    /// How the SMTP connection is protected.
    pub email_smtp_security: EmailSecurity,
    /// The SMTP user; `support_email` when not set.
    pub email_smtp_user: Option<String>,
    /// The SMTP password; `support_email_password` when not set.
    pub email_smtp_password: Option<SecretString>,
    /// A program that prints an XOAUTH2 token.
    pub email_oauth_token_command: Option<SecretString>,
    /// Reply-To `support+ID@…`.
    pub email_plus_addresses: bool,
    /// A copy of each reply goes into the Sent folder.
    pub email_save_sent: bool,

    /// The customers' bot.
    pub telegram_bot_token: Option<SecretString>,
    /// The secret in calls of the customers' bot.
    pub telegram_webhook_secret: Option<SecretString>,
    /// How updates of the customers' bot come.
    pub telegram_mode: TelegramMode,
    /// The Bot API server.
    #[serde(deserialize_with = "parse::http")]
    pub telegram_api_url: Location,

    /// The support bot.
    pub telegram_support_bot_token: Option<SecretString>,
    /// The operators' chat.
    pub telegram_admin_chat_id: Option<i64>,
    /// The support bot's username.
    pub telegram_support_bot_username: Option<String>,
    /// The secret in calls of the support bot.
    pub telegram_support_webhook_secret: Option<SecretString>,

    /// The Graph API's access token.
    pub whatsapp_access_token: Option<SecretString>,
    /// The ids of our phone numbers.
    #[serde(default, deserialize_with = "parse::texts")]
    pub whatsapp_phone_number_id: Vec<String>,
    /// With it webhooks are signed.
    pub whatsapp_app_secret: Option<SecretString>,
    /// It is shown when the webhook is registered.
    pub whatsapp_verify_token: Option<SecretString>,
    /// The Graph API server.
    #[serde(deserialize_with = "parse::http")]
    pub whatsapp_api_url: Location,
    /// The Graph API's version, such as `v24.0`.
    pub whatsapp_api_version: String,
    /// The template that reopens a conversation.
    pub whatsapp_reopen_template: Option<String>,

    /// The site's WebSocket.
    #[serde(default, deserialize_with = "parse::websocket_or_none")]
    pub site_ws_url: Option<Location>,
    /// With it both sides of the site WebSocket sign.
    pub hmac_secret: Option<SecretString>,
    /// The pause between two pings.
    #[serde(deserialize_with = "parse::seconds")]
    pub ws_ping_interval: Duration,
    /// The first pause before dialling again.
    #[serde(deserialize_with = "parse::seconds")]
    pub reconnect_backoff: Duration,
    /// The Telegram channel for the site's feedback.
    pub feedback_telegram_channel_id: Option<i64>,

    /// The pauses between the tries of a webhook delivery.
    #[serde(deserialize_with = "parse::pauses")]
    pub webhook_retry_seconds: Vec<Duration>,
    /// How long one try may take, the end of the answer included.
    #[serde(deserialize_with = "parse::seconds")]
    pub webhook_timeout_seconds: Duration,
    /// Webhooks may go to private addresses.
    pub webhook_allow_private: bool,

    /// Where each option that has not its default was set.
    #[serde(skip)]
    pub(super) sources: BTreeMap<String, Source>,
}
