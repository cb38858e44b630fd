//! What depends on more than one option, and rules that a type can't hold.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::{Config, ConfigError, Location};

impl Config {
    /// Fills in what follows from other options.
    pub(super) fn complete(&mut self) {
        if self.public_url.is_empty() {
            self.public_url = Location::new(format!("http://{}", self.listen));
        }
        if self.attachments_url.is_empty() {
            let folder = self.data_dir.join("attachments");
            self.attachments_url = Location::new(format!("file:{}", folder.display()));
        }
        if let (None, Some(imap)) = (&self.email_smtp_server, &self.email_imap_server) {
            self.email_smtp_server = Some(match imap.strip_prefix("imap.") {
                Some(domain) => format!("smtp.{domain}"),
                None => imap.clone(),
            });
        }
        if self.email_smtp_user.is_none() {
            self.email_smtp_user.clone_from(&self.support_email);
        }
        if self.email_smtp_password.is_none() {
            self.email_smtp_password.clone_from(&self.support_email_password);
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.must("EVENTS_KEEP_DAYS", self.events_keep_days > 0, "must be 1 or more")?;
        let days = self.days_of_tries();
        let rule = format!(
            "must be {days} or more, as long as WEBHOOK_RETRY_SECONDS lets a delivery be tried"
        );
        self.must("EVENTS_KEEP_DAYS", u128::from(self.events_keep_days) >= days, &rule)?;
        // A request that is repeated under its key, for two days, is told from it what it was told.
        self.must("DECISIONS_KEEP_DAYS", self.decisions_keep_days >= 3, "must be 3 or more")?;
        self.must("EMAIL_IMAP_PORT", self.email_imap_port > 0, "must be from 1 to 65535")?;
        self.must("EMAIL_SMTP_PORT", self.email_smtp_port > 0, "must be from 1 to 65535")?;
        self.check_telegram()?;
        let address = self.support_email.as_deref().unwrap_or("a@b");
        self.must("SUPPORT_EMAIL", address.contains('@'), "must be an e-mail address")
    }

    /// What Telegram says of tokens and secrets, before it is asked.
    fn check_telegram(&self) -> Result<(), ConfigError> {
        let token = "must look like 123456789:ABC-def_1, as @BotFather gives it";
        let secret = "must be 1 to 256 letters of A-Z, a-z, 0-9, _ and -";
        for (name, value, keeps, rule) in [
            ("TELEGRAM_BOT_TOKEN", &self.telegram_bot_token, is_token as fn(&str) -> bool, token),
            ("TELEGRAM_SUPPORT_BOT_TOKEN", &self.telegram_support_bot_token, is_token, token),
            ("TELEGRAM_WEBHOOK_SECRET", &self.telegram_webhook_secret, is_secret, secret),
            (
                "TELEGRAM_SUPPORT_WEBHOOK_SECRET",
                &self.telegram_support_webhook_secret,
                is_secret,
                secret,
            ),
        ] {
            let is_right = value.as_ref().is_none_or(|value| keeps(value.expose_secret()));
            self.must(name, is_right, rule)?;
        }
        Ok(())
    }

    /// For how many days a delivery may be tried: a pause may be a fifth longer than it says.
    fn days_of_tries(&self) -> u128 {
        let sum: u128 =
            self.webhook_retry_seconds.iter().map(Duration::as_secs).map(u128::from).sum();
        (sum * 6).div_ceil(5 * 86_400)
    }

    fn must(&self, name: &str, kept: bool, rule: &str) -> Result<(), ConfigError> {
        if kept { Ok(()) } else { Err(ConfigError::rule(name, self.source(name), rule)) }
    }
}

fn is_token(token: &str) -> bool {
    let parts = token.split_once(':');
    parts.is_some_and(|(id, secret)| id.parse().is_ok_and(|id: i64| id > 0) && is_secret(secret))
}

fn is_secret(secret: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=256).contains(&secret.len()) && secret.chars().all(is_letter)
}
