use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use centrium_channels::ChannelKind;
use secrecy::ExposeSecret;

use super::layers::names;
use super::*;

fn pairs(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// The example with every commented option switched on.
fn example_uncommented() -> String {
    let option =
        |line: &str| line.split_once(" = ").is_some_and(|(name, _)| names().contains(&name));
    let lines = EXAMPLE.lines().map(|line| match line.strip_prefix("# ") {
        Some(rest) if option(rest) => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_names_each_option_and_nothing_else() {
    let table: toml::Table = toml::from_str(&example_uncommented()).unwrap();
    let in_file: BTreeSet<&str> = table.keys().map(String::as_str).collect();
    let in_code: BTreeSet<&str> = names().iter().copied().collect();
    assert!(in_code.len() > 60);
    assert_eq!(in_file, in_code);
}

#[test]
fn the_example_gives_each_option_a_comment_line() {
    let text = example_uncommented();
    let lines: Vec<&str> = text.lines().collect();
    let option = |line: &str| !line.starts_with('#') && line.contains(" = ");
    for pair in lines.windows(2).filter(|pair| option(pair[1])) {
        assert!(pair[0].starts_with("# "), "no comment above: {}", pair[1]);
    }
}

#[test]
fn the_values_of_the_example_keep_their_own_rules() {
    let layer = Layer::toml(Source::File("example".into()), &example_uncommented()).unwrap();
    let mut config = layers::merge(vec![layer]).unwrap();
    config.complete();
    config.check().unwrap();
    assert!(ChannelKind::ALL.into_iter().all(|kind| config.channel_on(kind)));
}

#[test]
fn alone_it_has_the_defaults_of_the_contract() {
    let config = Config::with(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8000");
    assert_eq!(config.public_url.as_str(), "http://127.0.0.1:8000");
    assert_eq!(config.database_url.as_str(), "sqlite://data/centrium.db");
    assert_eq!(config.data_dir, Path::new("data"));
    assert_eq!(config.attachments_url.as_str(), "file:data/attachments");
    assert!(config.external_api_key.is_empty() && config.api_token.is_empty());
    assert_eq!((config.rate_limit_per_key, config.rate_limit_per_ip), (6000, 120));
    assert_eq!(
        (config.company_name.as_str(), config.default_language.as_str()),
        ("Centrium", "ru")
    );
    assert_eq!((config.reopen_days, config.auto_close_hours), (14, 72));
    assert_eq!(config.assistant_quiet_ms, Duration::from_millis(1500));
    assert_eq!(config.webhook_retry_seconds.len(), 9);
    assert_eq!((config.log_format, config.rust_log.as_str()), (LogFormat::Text, "info"));
    assert_eq!(config.source("LISTEN"), None);
}

#[test]
fn what_follows_from_another_option_follows_it() {
    let config = Config::with(&[("LISTEN", "0.0.0.0:9000"), ("DATA_DIR", "/srv/c")]).unwrap();
    assert_eq!(config.public_url.as_str(), "http://0.0.0.0:9000");
    assert_eq!(config.attachments_url.as_str(), "file:/srv/c/attachments");
    let config = Config::with(&[("PUBLIC_URL", "https://help.example.com/")]).unwrap();
    assert_eq!(config.public_url.as_str(), "https://help.example.com");
}

#[test]
fn the_environment_wins_over_dotenv_and_dotenv_over_the_file() {
    let file = "company_name = \"file\"\nreopen_days = 1\nauto_close_hours = 1";
    let dotenv = pairs(&[("REOPEN_DAYS", "2"), ("AUTO_CLOSE_HOURS", "2")]);
    let env = pairs(&[("AUTO_CLOSE_HOURS", "3")]);
    let config = Config::from_layers(Some(file), dotenv, env).unwrap();
    assert_eq!(config.company_name, "file");
    assert_eq!((config.reopen_days, config.auto_close_hours), (2, 3));
    assert_eq!(config.source("COMPANY_NAME"), Some(&Source::File("centrium.toml".into())));
    assert_eq!(config.source("REOPEN_DAYS"), Some(&Source::DotEnv));
    assert_eq!(config.source("AUTO_CLOSE_HOURS"), Some(&Source::Environment));
}

#[test]
fn an_empty_value_counts_as_not_set() {
    let config = Config::with(&[("COMPANY_NAME", ""), ("TELEGRAM_BOT_TOKEN", " ")]).unwrap();
    assert_eq!(config.company_name, "Centrium");
    let config = Config::from_layers(Some("telegram_bot_token = \"\""), [], []).unwrap();
    assert!(config.telegram_bot_token.is_none());
}

#[test]
fn names_that_are_not_ours_are_left_alone_in_the_environment() {
    Config::with(&[("HOME", "/root"), ("listen", "not ours"), ("Listen", "neither")]).unwrap();
}

#[test]
fn an_unknown_option_in_the_file_is_named() {
    for file in ["lisen = \"127.0.0.1:1\"", "[lisen]\nx = 1"] {
        let refused = Config::from_layers(Some(file), [], []).unwrap_err().to_string();
        assert!(refused.contains("`lisen`") && refused.contains("centrium.toml"), "{refused}");
    }
    let refused = Config::from_layers(Some("LISTEN = \"127.0.0.1:1\""), [], []).unwrap_err();
    assert!(refused.to_string().contains("lower case"), "{refused}");
}

#[test]
fn a_broken_file_is_refused_by_line_and_without_its_text() {
    let file = "listen = \"127.0.0.1:1\"\nidentity_secret = \"hush-hush";
    let refused = Config::from_layers(Some(file), [], []).unwrap_err().to_string();
    assert!(refused.contains("line 2") && !refused.contains("hush"), "{refused}");
    let refused = Config::load(Some(Path::new("/nowhere/c.toml"))).unwrap_err().to_string();
    assert!(refused.contains("/nowhere/c.toml"), "{refused}");
}

#[test]
fn a_key_of_digits_stays_a_text() {
    let digits = "0".repeat(31) + "7";
    let config = Config::with(&[("EXTERNAL_API_KEY", &digits), ("COMPANY_NAME", "007")]).unwrap();
    assert_eq!(config.external_api_key[0].expose_secret(), digits);
    assert_eq!(config.company_name, "007");
}

#[test]
fn several_keys_are_written_with_commas() {
    let (new, old) = ("n".repeat(32), "o".repeat(40));
    let config = Config::with(&[("API_TOKEN", &format!("{new}, {old},"))]).unwrap();
    let keys: Vec<_> = config.api_token.iter().map(|key| key.expose_secret()).collect();
    assert_eq!(keys, [new, old]);
}

#[test]
fn a_short_key_is_refused_by_name_and_rule_and_not_shown() {
    for name in ["EXTERNAL_API_KEY", "API_TOKEN"] {
        let good = "g".repeat(32);
        for value in ["swordfish".into(), format!("{good},swordfish"), ",".into()] {
            let refused = Config::with(&[(name, &value)]).unwrap_err().to_string();
            assert_eq!(
                refused,
                format!("{name} in the environment must hold keys of at least 32 characters each.")
            );
        }
    }
}

#[test]
fn each_refusal_names_the_variable_its_place_and_the_rule() {
    for (name, value, rule) in [
        ("LISTEN", "localhost", "must be an IP address and a port"),
        ("PUBLIC_URL", "help.example.com", "http:// or https://"),
        ("DATABASE_URL", "mysql://root:swordfish@db/x", "must be sqlite://PATH or postgres://"),
        ("DATABASE_URL", "sqlite://", "must be sqlite://PATH"),
        ("ATTACHMENTS_URL", "ftp://swordfish", "must begin with file: or s3:"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, proxy", "must hold networks"),
        ("ALLOWED_ORIGINS", "*", "must hold origins"),
        ("ALLOWED_ORIGINS", "https://example.com/path", "must hold origins"),
        ("DEFAULT_LANGUAGE", "de", "must be one of ru, kk, en"),
        ("RATE_LIMIT_PER_KEY", "many", "must be a whole number from 0 to 4294967295"),
        ("RATE_LIMIT_PER_IP", "-1", "must be a whole number from 0"),
        ("REOPEN_DAYS", "1.5", "must be a whole number"),
        ("AI_TIMEOUT_SECONDS", "0", "from 1 to 35"),
        ("ASSISTANT_QUIET_MS", "1 s", "must be a whole number"),
        ("EVENTS_KEEP_DAYS", "0", "must be 1 or more"),
        ("DECISIONS_KEEP_DAYS", "2", "must be 3 or more"),
        ("LOG_FORMAT", "xml", "must be one of text, json"),
        ("EMAIL_IMAP_PORT", "70000", "must be a whole number from 0 to 65535"),
        ("EMAIL_SAVE_SENT", "perhaps", "must be true or false"),
        ("TELEGRAM_ADMIN_CHAT_ID", "@desk", "must be a whole number"),
        ("TELEGRAM_BOT_TOKEN", "swordfish", "must look like 123456789:ABC"),
        ("TELEGRAM_BOT_TOKEN", "-1:swordfish", "must look like"),
        ("TELEGRAM_WEBHOOK_SECRET", "sword fish", "must be 1 to 256 letters"),
        ("SITE_WS_URL", "https://example.com", "ws:// or wss://"),
        ("WEBHOOK_RETRY_SECONDS", "1,two", "must hold whole seconds"),
    ] {
        let dotenv =
            Config::from_layers(None, pairs(&[(name, value)]), []).unwrap_err().to_string();
        assert!(dotenv.starts_with(&format!("{name} in .env must ")), "{dotenv}");
        assert!(dotenv.contains(rule), "{dotenv}");
        assert!(!dotenv.contains("swordfish") && !dotenv.contains("many"), "{dotenv}");
    }
}

#[test]
fn events_are_kept_for_as_long_as_their_deliveries_are_tried() {
    let config = |days, pauses| {
        Config::with(&[("EVENTS_KEEP_DAYS", days), ("WEBHOOK_RETRY_SECONDS", pauses)])
    };
    // Two pauses of a day may take two days and ten hours.
    config("3", "86400,86400").unwrap();
    let refused = config("2", "86400,86400").unwrap_err().to_string();
    let rule = "must be 3 or more, as long as WEBHOOK_RETRY_SECONDS lets a delivery be tried.";
    assert!(refused.starts_with("EVENTS_KEEP_DAYS") && refused.ends_with(rule), "{refused}");
    assert!(Config::with(&[("EVENTS_KEEP_DAYS", "3")]).is_err(), "four are needed by default");
}

#[test]
fn values_of_the_wrong_type_in_the_file_are_refused_too() {
    for (line, rule) in [
        ("company_name = 5", "COMPANY_NAME in centrium.toml must be a text in quotes."),
        ("trusted_proxies = true", "must be a text with commas"),
        ("identity_secret = 123456", "must be a text in quotes"),
        ("log_format = 1", "LOG_FORMAT in centrium.toml"),
    ] {
        let refused = Config::from_layers(Some(line), [], []).unwrap_err().to_string();
        assert!(refused.contains(rule) && !refused.contains("123456"), "{refused}");
    }
}

#[test]
fn lists_may_be_arrays_in_the_file() {
    let file = "trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\nwebhook_retry_seconds = [1, 2]\n\
                allowed_origins = \"https://Example.com/, http://localhost:3000\"";
    let config = Config::from_layers(Some(file), [], []).unwrap();
    let networks: Vec<String> = config.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.0.0.0/8", "::1/128"]);
    assert_eq!(config.webhook_retry_seconds, [1, 2].map(Duration::from_secs));
    assert_eq!(config.allowed_origins, ["https://example.com", "http://localhost:3000"]);
}

#[test]
fn switches_understand_the_usual_words() {
    for (word, meant) in [("true", true), ("1", true), ("false", false), ("0", false)] {
        let config = Config::with(&[("WEBHOOK_ALLOW_PRIVATE", word)]).unwrap();
        assert_eq!(config.webhook_allow_private, meant, "{word}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let key = "swordfish".repeat(4);
    let config = Config::with(&[
        ("DATABASE_URL", "postgres://me:swordfish@db/x"),
        ("EXTERNAL_API_KEY", &key),
        ("IDENTITY_SECRET", "swordfish"),
        ("TELEGRAM_WEBHOOK_SECRET", "swordfish"),
        ("EMAIL_SMTP_PASSWORD", "swordfish"),
    ])
    .unwrap();
    assert!(!format!("{config:?}").contains("swordfish"), "{config:?}");
}

#[test]
fn dotenv_is_read_without_touching_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    assert!(Layer::dotenv(&path).is_ok(), "a missing .env is no error");
    std::fs::write(&path, "# keys\nCOMPANY_NAME=\"Kaz Telecom\"\nOTHER=1\n").unwrap();
    let layers = vec![Layer::defaults().unwrap(), Layer::dotenv(&path).unwrap()];
    assert_eq!(layers::merge(layers).unwrap().company_name, "Kaz Telecom");
    assert!(std::env::var_os("OTHER").is_none());

    std::fs::write(&path, "LISTEN=127.0.0.1:1\nIDENTITY_SECRET=sword fish\n").unwrap();
    let Err(refused) = Layer::dotenv(&path) else { panic!("it was read") };
    let refused = refused.to_string();
    assert!(refused.contains("line 2") && !refused.contains("fish"), "{refused}");
}

#[test]
fn a_named_file_is_read_and_named_in_refusals() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    std::fs::write(&path, "company_name = \"Kaz Telecom\"\nreopen_days = -1").unwrap();
    let layers = vec![Layer::defaults().unwrap(), Layer::file(&path).unwrap()];
    let refused = layers::merge(layers).unwrap_err().to_string();
    let says = format!("REOPEN_DAYS in {} must be a whole number", path.display());
    assert!(refused.starts_with(&says), "{refused}");
    assert!(Layer::environment().is_ok(), "this process's own environment can be read");
}
