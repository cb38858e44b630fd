//! Which channels are on: a channel has no switch of its own, its variables are the switch.

use centrium_channels::ChannelKind;

use super::{Config, ConfigError};

/// A part of the engine that some variables, all of them together, switch on.
struct Switch {
    part: &'static str,
    /// Any one of each group must be set.
    needs: &'static [&'static [&'static str]],
}

const EMAIL: Switch = Switch {
    part: "e-mail channel",
    needs: &[
        &["SUPPORT_EMAIL"],
        &["SUPPORT_EMAIL_PASSWORD", "EMAIL_OAUTH_TOKEN_COMMAND"],
        &["EMAIL_IMAP_SERVER"],
    ],
};
const TELEGRAM: Switch = Switch { part: "Telegram channel", needs: &[&["TELEGRAM_BOT_TOKEN"]] };
const TELEGRAM_SUPPORT: Switch = Switch {
    part: "Telegram support bot",
    needs: &[&["TELEGRAM_SUPPORT_BOT_TOKEN"], &["TELEGRAM_ADMIN_CHAT_ID"]],
};
const WHATSAPP: Switch = Switch {
    part: "WhatsApp channel",
    needs: &[
        &["WHATSAPP_ACCESS_TOKEN"],
        &["WHATSAPP_PHONE_NUMBER_ID"],
        &["WHATSAPP_APP_SECRET"],
        &["WHATSAPP_VERIFY_TOKEN"],
    ],
};
const SITE: Switch =
    Switch { part: "site WebSocket channel", needs: &[&["SITE_WS_URL"], &["HMAC_SECRET"]] };
const MODEL: Switch =
    Switch { part: "model assistant", needs: &[&["OPENAI_API_KEY", "OPENAI_BASE_URL"]] };

const ALL: [&Switch; 6] = [&EMAIL, &TELEGRAM, &TELEGRAM_SUPPORT, &WHATSAPP, &SITE, &MODEL];

/// What can be configured and does not exist yet. Whoever builds a part removes its line.
const NOT_YET: &[&Switch] = &[&EMAIL, &TELEGRAM_SUPPORT, &WHATSAPP, &SITE];

impl Config {
    /// Whether this channel is switched on. `web` and `api` always are.
    #[must_use]
    pub fn channel_on(&self, kind: ChannelKind) -> bool {
        match kind {
            ChannelKind::Web | ChannelKind::Api => true,
            ChannelKind::Email => EMAIL.is_on(self),
            ChannelKind::Telegram => TELEGRAM.is_on(self),
            ChannelKind::Whatsapp => WHATSAPP.is_on(self),
            ChannelKind::Site => SITE.is_on(self),
        }
    }

    /// Whether the Telegram support bot and the operators' desk are switched on.
    #[must_use]
    pub fn telegram_support_on(&self) -> bool {
        TELEGRAM_SUPPORT.is_on(self)
    }

    /// Whether a model answers, and not the built-in assistant.
    #[must_use]
    pub fn model_on(&self) -> bool {
        MODEL.is_on(self)
    }

    pub(super) fn check_switches(&self) -> Result<(), ConfigError> {
        ALL.iter().try_for_each(|switch| switch.is_whole(self))?;
        match NOT_YET.iter().find(|switch| switch.is_on(self)) {
            Some(switch) => Err(switch.not_yet(self)),
            None => Ok(()),
        }
    }
}

impl Switch {
    fn is_on(&self, config: &Config) -> bool {
        self.needs.iter().all(|any| any.iter().any(|name| config.source(name).is_some()))
    }

    fn set(&self, config: &Config) -> Vec<&'static str> {
        let names = self.needs.iter().copied().flatten().copied();
        names.filter(|name| config.source(name).is_some()).collect()
    }

    fn is_whole(&self, config: &Config) -> Result<(), ConfigError> {
        let set = self.set(config);
        if set.is_empty() || self.is_on(config) {
            return Ok(());
        }
        let missing: Vec<String> = self
            .needs
            .iter()
            .filter(|any| any.iter().all(|name| config.source(name).is_none()))
            .map(|any| any.join(" (or ") + &")".repeat(any.len() - 1))
            .collect();
        Err(ConfigError::new(format!(
            "The {} is half-configured: {} {} set, but {} {} missing; add what is missing, or \
             remove the rest.",
            self.part,
            set.join(", "),
            is_or_are(set.len()),
            missing.join(", "),
            is_or_are(missing.len()),
        )))
    }

    fn not_yet(&self, config: &Config) -> ConfigError {
        let set = self.set(config);
        ConfigError::new(format!(
            "{} {} set, but this version has no {} yet; remove {} to start.",
            set.join(", "),
            is_or_are(set.len()),
            self.part,
            if set.len() == 1 { "it" } else { "them" },
        ))
    }
}

const fn is_or_are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_is_made_of_options_that_exist() {
        for switch in ALL {
            for name in switch.needs.iter().copied().flatten() {
                let option = name.to_ascii_lowercase();
                assert!(super::super::layers::names().contains(&option.as_str()), "{name}");
            }
        }
    }

    #[test]
    fn a_half_configured_channel_is_named_with_what_is_missing() {
        let refused = Config::with(&[("SUPPORT_EMAIL", "help@example.com")]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "The e-mail channel is half-configured: SUPPORT_EMAIL is set, but \
             SUPPORT_EMAIL_PASSWORD (or EMAIL_OAUTH_TOKEN_COMMAND), EMAIL_IMAP_SERVER are \
             missing; add what is missing, or remove the rest."
        );
        for (name, value, missing) in [
            ("TELEGRAM_SUPPORT_BOT_TOKEN", "1:a", "TELEGRAM_ADMIN_CHAT_ID is missing"),
            ("HMAC_SECRET", "secret", "SITE_WS_URL is missing"),
            ("WHATSAPP_ACCESS_TOKEN", "token", "WHATSAPP_PHONE_NUMBER_ID, WHATSAPP_APP_SECRET"),
        ] {
            let refused = Config::with(&[(name, value)]).unwrap_err().to_string();
            assert!(refused.contains(missing), "{refused}");
        }
    }

    #[test]
    fn a_channel_that_does_not_exist_yet_is_refused_in_plain_words() {
        let site = [("SITE_WS_URL", "wss://example.com/ws"), ("HMAC_SECRET", "secret")];
        let refused = Config::with(&site).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "SITE_WS_URL, HMAC_SECRET are set, but this version has no site WebSocket channel \
             yet; remove them to start."
        );
    }

    #[test]
    fn a_key_or_an_address_alone_switches_the_model_on() {
        for (name, value) in [("OPENAI_BASE_URL", "http://127.0.0.1:1/v1"), ("OPENAI_API_KEY", "k")]
        {
            assert!(Config::with(&[(name, value)]).unwrap().model_on());
        }
    }

    #[test]
    fn a_bots_token_alone_switches_telegram_on() {
        let config = Config::with(&[("TELEGRAM_BOT_TOKEN", "1:secret")]).unwrap();
        assert!(config.channel_on(ChannelKind::Telegram) && !config.telegram_support_on());
    }

    #[test]
    fn without_switching_variables_only_web_and_api_are_on() {
        let config = Config::with(&[("EMAIL_SMTP_SERVER", "smtp.example.com")]).unwrap();
        let on: Vec<_> =
            ChannelKind::ALL.into_iter().filter(|kind| config.channel_on(*kind)).collect();
        assert_eq!(on, [ChannelKind::Web, ChannelKind::Api]);
        assert!(!config.telegram_support_on() && !config.model_on());
    }
}
