//! What depends on more than one option, and rules that a type can't hold.

use std::time::Duration;

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
        let address = self.support_email.as_deref().unwrap_or("a@b");
        self.must("SUPPORT_EMAIL", address.contains('@'), "must be an e-mail address")
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
