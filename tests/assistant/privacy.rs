//! What a provider is shown, and what it is not.

use std::sync::Arc;

use base64::Engine as _;
use centrium_channels::testing::ScriptedChannel;
use centrium_channels::{Attachment, Channel, ChannelKind, Content, Sender};
use serde_json::{Value, json};

use super::provider::{Act, KEY, Provider, answer, say};
use super::{QUESTION, asking, start, start_with};
use crate::harness::{API_TOKEN, App, EXTERNAL_KEY, Kind, both, message};

/// All that the provider was ever sent.
fn everything(provider: &Provider) -> String {
    provider.seen().iter().map(Value::to_string).collect()
}

both!(a_provider_sees_one_ticket_and_nothing_else, async |app: App| {
    let provider = Provider::always(say("Смените пароль.")).await;
    let app = start(app.database.kind(), &provider, 10).await;
    app.http.say("boris", "Подскажите, мой логин КАНАРЕЙКА-ЧУЖАЯ?").await;
    let before = provider.seen().len();
    let got = app.http.say("anna", QUESTION).await;
    let path = format!("/api/tickets/{}/messages", got["ticket_id"]);
    let note = json!({ "text": "КАНАРЕЙКА-ЗАМЕТКА", "note": true });
    app.http.post(&path, note).await.expect(201);
    app.http.say("anna", "а ещё я забыл, где адрес роутера").await;

    let seen: String = provider.seen()[before..].iter().map(Value::to_string).collect();
    assert!(seen.contains("где адрес роутера"));
    for canary in ["КАНАРЕЙКА", EXTERNAL_KEY, API_TOKEN, "boris"] {
        assert!(!seen.contains(canary), "{canary}");
    }
    assert!(!everything(&provider).contains(KEY), "the key is in a header alone");
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_numbers_are_hidden_and_put_back() {
    let reply = "Платёж с карты {CARD-1} по договору {TEXT-1} найден.";
    let provider = Provider::always(say(reply)).await;
    let mut config = asking(&provider, 10);
    config.push(("MASKED_PATTERNS", r"ДГ-\d{6} \b\d{12}\b".into()));
    let app = start_with(Kind::Sqlite, config).await;
    let text = "где чек? карта 4111 1111 1111 1111, договор ДГ-100200, ИИН 900101300123, \
                счёт KZ86 125K ZT50 0410 0100";
    let got = app.http.say("anna", text).await;
    assert_eq!(got["reply"], "Платёж с карты 4111 1111 1111 1111 по договору ДГ-100200 найден.");
    for private in ["4111", "100200", "900101300123", "125K"] {
        assert!(!everything(&provider).contains(private), "{private}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_links_to_known_hosts_alone() {
    let reply = "См. https://help.example.com/wifi и https://evil.example/wifi.";
    let provider = Provider::always(say(reply)).await;
    let mut config = asking(&provider, 10);
    config.push(("REPLY_LINK_HOSTS", "help.example.com".into()));
    let app = start_with(Kind::Sqlite, config).await;
    let got = app.http.say("anna", QUESTION).await;
    assert_eq!(got["reply"], "См. https://help.example.com/wifi и");
}

/// The smallest picture that there is.
const DOT: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_sees_images_is_shown_them_and_another_is_told_of_them() {
    for sees in [true, false] {
        let provider = Provider::always(Act::Say(answer("Вижу.").to_string())).await;
        let folder = tempfile::tempdir().unwrap();
        let reply = prompts_file("reply.md");
        let reply = reply.replace("images = false", &format!("images = {sees}"));
        std::fs::write(folder.path().join("reply.md"), reply).unwrap();
        let app = with_prompts(&provider, folder.path(), Vec::new()).await;

        let body = json!({ "user_identifier": "anna", "text": QUESTION, "image_base64": DOT });
        app.http.message(body).await.expect(200);
        assert_eq!(provider.complaints(), [""; 0]);
        let content = &provider.seen()[0]["messages"][1]["content"];
        if sees {
            assert_eq!(content[1]["type"], "image_url");
            let url = content[1]["image_url"]["url"].as_str().unwrap();
            let (_, bytes) = url.split_once("base64,").unwrap();
            let bytes = base64::engine::general_purpose::STANDARD.decode(bytes).unwrap();
            assert!(image::load_from_memory(&bytes).is_ok());
        } else {
            assert!(content.as_str().unwrap().contains("<unseen-images>1<"), "{content}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_shown_with_the_words_that_follow_it() {
    let provider = Provider::always(say("Вижу.")).await;
    let folder = tempfile::tempdir().unwrap();
    let reply = prompts_file("reply.md").replace("images = false", "images = true");
    std::fs::write(folder.path().join("reply.md"), reply).unwrap();
    let channel = ScriptedChannel::new(ChannelKind::Telegram);
    let app = with_prompts(&provider, folder.path(), vec![channel]).await;
    for (text, picture) in [("", Some(DOT)), ("что это за лампочка?", None)] {
        let sender = Sender { identifier: "chat".into(), ..Sender::default() };
        let mut piece = message(ChannelKind::Telegram, sender, text);
        piece.attachments.extend(picture.map(|picture| Attachment {
            name: "photo.png".into(),
            content: Content::Image,
            bytes: base64::engine::general_purpose::STANDARD.decode(picture).unwrap().into(),
        }));
        app.engine.ingest.accept(piece).await.unwrap();
    }
    super::until_no_job_is_left(&app).await;
    let asked = provider.seen();
    let content = &asked.last().unwrap()["messages"][1]["content"];
    assert!(content[0]["text"].as_str().unwrap().contains("лампочка"), "{content}");
    assert_eq!(content[1]["type"], "image_url");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_is_recorded_with_what_it_cost() {
    let provider = Provider::always(say("Смените пароль.")).await;
    let folder = tempfile::tempdir().unwrap();
    let price = "articles = 4\nprice = { question = 1.5, answer = 5 }";
    let reply = prompts_file("reply.md").replace("articles = 4", price);
    std::fs::write(folder.path().join("reply.md"), reply).unwrap();
    let app = with_prompts(&provider, folder.path(), Vec::new()).await;
    let got = app.http.say("anna", QUESTION).await;
    let decisions = app.http.decisions(&got["ticket_id"]).await;
    // 100 tokens at 1.5 and 20 at 5, a million of each.
    assert_eq!(decisions[0]["basis"]["model"]["cost"], 0.00025, "{decisions:#?}");
}

fn prompts_file(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// An engine whose model is told what stands in this folder.
pub async fn with_prompts(
    provider: &Provider,
    folder: &std::path::Path,
    channels: Vec<Arc<dyn Channel>>,
) -> App {
    use centrium::assistant::{Instructions, Language, Live, Model};
    use centrium::config::Config;

    let mut options = asking(provider, 10);
    options.push(("ASSISTANT_QUIET_MS", "1500".into()));
    let pairs: Vec<_> = options.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let config = Config::with(&pairs).unwrap();
    let instructions = Instructions::load(Some(folder), "Centrium", Language::Ru).unwrap();
    let model = Model::new(&config, Live::new(Arc::new(instructions))).unwrap();
    let assistant: Arc<dyn centrium::assistant::Assistant> = Arc::new(model);
    let options = crate::harness::Options {
        assistant: Some(assistant),
        config: options,
        channels,
        ..Default::default()
    };
    App::start_with(Kind::Sqlite, options).await
}
