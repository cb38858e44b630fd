//! Customers are found by any part of their names.

use centrium::jobs::housekeeping;
use centrium::store::contacts::{self, NewIdentity};
use centrium::store::{Changes, StoredKind};
use centrium_channels::{ChannelKind, Sender};
use serde_json::{Value, json};

use crate::harness::{App, both, message};

fn person(identifier: &str, name: &str, email: &str, phone: &str) -> Sender {
    let told = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let (name, email, phone) = (told(name), told(email), told(phone));
    Sender { identifier: identifier.into(), name, email, phone, ..Sender::default() }
}

async fn writes(app: &App, sender: Sender) {
    let said = message(ChannelKind::Api, sender, "не работает интернет");
    app.engine.ingest.accept(said).await.unwrap();
}

async fn page(app: &App, q: &str, more: &str) -> Value {
    let q: String = url::form_urlencoded::byte_serialize(q.as_bytes()).collect();
    app.http.get(&format!("/api/contacts?q={q}{more}")).await.expect(200)
}

/// The identifiers of those who are found, newest first.
async fn found(app: &App, q: &str) -> Vec<String> {
    let page = page(app, q, "").await;
    let items = page["items"].as_array().unwrap().iter();
    let first = |contact: &Value| contact["identities"][0]["identifier"].as_str().unwrap().into();
    items.map(first).collect()
}

both!(a_contact_is_found_by_any_part_of_its_names, async |app: App| {
    writes(&app, person("u-1", "Айгерим Ахметова", "aigerim@post.example", "+77011234567")).await;
    writes(&app, person("u-2", "Данияр Ахметов", "", "")).await;
    housekeeping::index(&app.engine).await.unwrap();
    let both = &["u-2", "u-1"][..];
    for (q, expected) in [
        ("4567", &["u-1"][..]),
        ("+7 (701) 123-45-67", &["u-1"]),
        ("gerim@post.ex", &["u-1"]),
        ("ost.exam", &["u-1"]),
        ("АХМЕТОВА", &["u-1"]),
        ("ахметов айгерим", &["u-1"]),
        ("метов", both),
        ("метов u", both),
        ("метов 2", both),
        ("метов 12", &["u-1"]),
        ("Ахметов ДА", &["u-2"]),
        ("aigerim@post.ex", &["u-1"]),
        ("aigerim@post.e q", &[]),
        ("u", both),
        ("данияр айгерим", &[]),
        ("никто", &[]),
    ] {
        assert_eq!(found(&app, q).await, expected, "{q}");
    }
    for q in ["%", "_", "*", "\"", "'", "' OR 1=1 --", "a:*", "(", "NEAR(", "&", "\\"] {
        let found = found(&app, q).await;
        assert!(found.len() < 2, "{q} finds {found:?}");
    }
    assert_eq!(found(&app, " ").await.len(), 2, "a blank text is none");
    let many = (0..200).map(|i| format!("w{i}")).collect::<Vec<_>>().join(" ");
    assert!(found(&app, &many).await.is_empty());
});

both!(a_contact_is_found_by_its_newest_name, async |app: App| {
    writes(&app, person("u-1", "Айгерим Ахметова", "", "")).await;
    housekeeping::index(&app.engine).await.unwrap();
    writes(&app, person("u-1", "Айгерим Омарова", "", "")).await;
    housekeeping::index(&app.engine).await.unwrap();
    assert_eq!(found(&app, "омарова").await, ["u-1"]);
    assert!(found(&app, "ахметова").await.is_empty(), "as the contact itself says");
});

both!(who_has_no_ticket_of_their_own_is_found_as_well, async |app: App| {
    for who in ["anna", "boris"] {
        let body = json!({ "user_identifier": who, "text": "привет", "external_id": "chat-7" });
        app.http.message(body).await.expect(200);
        housekeeping::index(&app.engine).await.unwrap();
    }
    assert_eq!(found(&app, "oris").await, ["boris"]);
});

both!(a_contact_is_found_by_each_of_their_identities, async |app: App| {
    app.http.say("anna", "не работает интернет").await;
    housekeeping::index(&app.engine).await.unwrap();
    let tx = app.engine.store.begin().await.unwrap();
    let mut anna = contacts::search(&tx, None, None, 1).await.unwrap().remove(0);
    anna.search_version += 1;
    let other = NewIdentity {
        contact_id: anna.id,
        channel: StoredKind(ChannelKind::Telegram),
        identifier: "Telegram_77".into(),
        is_verified: true,
        created_at: 0,
    };
    let mut changes = Changes { identities: vec![other], ..Changes::default() };
    changes.contacts.insert(anna.id, anna);
    changes.write(&tx).await.unwrap();
    tx.commit().await.unwrap();
    app.http.say("anna", "и телевизор").await;
    housekeeping::index(&app.engine).await.unwrap();
    for (q, count) in [("telegram_77", 1), ("egram", 1), ("anna", 1), ("telegramx77", 0)] {
        assert_eq!(found(&app, q).await.len(), count, "{q}");
    }
    let tickets = app.http.get("/api/tickets?q=telegram").await.expect(200);
    assert_eq!(tickets["items"].as_array().unwrap().len(), 1);
});

both!(those_who_are_found_come_newest_first_page_by_page, async |app: App| {
    let people = (0..30).map(|i| writes(&app, person(&format!("person-{i}"), "", "", "")));
    futures_util::future::join_all(people).await;
    app.http.say("anna", "привет").await;
    housekeeping::index(&app.engine).await.unwrap();
    // With a short word beside it, the few who hold the long one are looked at one by one.
    for q in ["erson", "erson p"] {
        let (mut ids, mut after) = (Vec::new(), String::new());
        loop {
            let page = page(&app, q, &format!("&limit=7{after}")).await;
            let items = page["items"].as_array().unwrap();
            ids.extend(items.iter().map(|contact| contact["id"].as_i64().unwrap()));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(ids.len(), 30);
        assert!(ids.is_sorted_by(|a, b| a > b), "{ids:?}");
    }
});
