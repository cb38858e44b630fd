//! Tickets are found by their words, whether the newest of them fill a page or the index is asked.

use centrium::jobs::housekeeping;
use centrium::store::tickets::{self, Filter, Ticket};
use centrium::store::{Changes, Table, reserve};

use crate::harness::{App, both};

/// Enough that a search neither looks at all of them one by one, nor sorts all that are found.
const TICKETS: i64 = 1_200;

/// Tickets of one customer, of which every fifth is Dana's. All hold «облако», every third
/// «радуга», every fortieth «туман», every five hundredth «иней»; the oldest alone has «гроза».
/// Three at a time were active last in the same millisecond.
pub async fn many(app: &App) {
    let said = app.http.say("anna", "здравствуйте").await;
    let tx = app.engine.store.begin().await.unwrap();
    let first = said["ticket_id"].as_i64().unwrap();
    let first = tickets::get(&tx, first).await.unwrap().unwrap();
    let ids =
        reserve(&tx, Table::Tickets, TICKETS.unsigned_abs().try_into().unwrap()).await.unwrap();
    let like = |(number, id): (i64, i64)| {
        let words = [(1, "облако"), (3, "радуга"), (40, "туман"), (500, "иней")];
        let held = words.iter().filter(|(each, _)| number % each == 0).map(|(_, word)| *word);
        let mut subject = held.collect::<Vec<_>>().join(", ");
        if number == 0 {
            subject.push_str(" ГРОЗА");
        }
        let operator = (number % 5 == 0).then(|| "Дана".to_owned());
        let updated_at = first.updated_at + 1_000 + number / 3;
        Ticket {
            id,
            subject: Some(subject),
            operator,
            updated_at,
            indexed_version: 0,
            ..first.clone()
        }
    };
    let tickets = (0..).zip(ids).map(|ticket| (ticket.1, like(ticket))).collect();
    Changes { tickets, ..Changes::default() }.write(&tx).await.unwrap();
    tx.commit().await.unwrap();
    housekeeping::index(&app.engine).await.unwrap();
}

/// The ids of all that are found, page by page.
async fn found(app: &App, filter: &Filter, limit: usize) -> Vec<i64> {
    let conn = app.engine.store.read().await.unwrap();
    let (mut filter, mut ids) = (filter.clone(), Vec::new());
    loop {
        let page = tickets::list(&conn, &filter, i64::try_from(limit).unwrap()).await.unwrap();
        assert!(page.len() <= limit);
        ids.extend(page.iter().map(|ticket| ticket.id));
        let Some(last) = page.last().filter(|_| page.len() == limit) else { return ids };
        filter.after = Some((last.updated_at, last.id));
    }
}

both!(pages_are_the_same_whichever_way_they_are_found, async |app: App| {
    many(&app).await;
    let conn = app.engine.store.read().await.unwrap();
    let all = tickets::list(&conn, &Filter::default(), 2 * TICKETS).await.unwrap();
    drop(conn);
    let danas = Some("Дана".to_owned());
    for (text, words) in [
        ("облако", &["облако"][..]),
        ("ОБЛА", &["облако"]),
        ("радуга обл", &["радуга", "облако"]),
        ("туман", &["туман"]),
        ("туман рад", &["туман", "радуга"]),
        ("иней", &["иней"]),
        ("гроза", &["ГРОЗА"]),
        ("блако", &["nothing"]),
    ] {
        for operator in [None, danas.clone()] {
            let holds = |ticket: &&Ticket| {
                let subject = ticket.subject.as_deref().unwrap_or_default();
                words.iter().all(|word| subject.contains(word))
                    && (operator.is_none() || ticket.operator == operator)
            };
            let expected: Vec<i64> = all.iter().filter(holds).map(|ticket| ticket.id).collect();
            let filter =
                Filter { text: Some(text.into()), operator: operator.clone(), ..Filter::default() };
            for limit in [40, 201] {
                let ids = found(&app, &filter, limit).await;
                assert_eq!(ids, expected, "{text}, {operator:?}, {limit} a page");
            }
        }
    }
});

both!(accents_make_no_difference, async |app: App| {
    let said = app.http.say("boris", "Où est le CAFÉ? Mənim adım Zoë, край").await;
    let expected = [said["ticket_id"].as_i64().unwrap()];
    housekeeping::index(&app.engine).await.unwrap();
    for way in ["one by one", "by the index"] {
        for (text, count) in [("cafe", 1), ("café ou", 1), ("zoe", 1), ("mənim", 1), ("краи", 0)]
        {
            let filter = Filter { text: Some(text.into()), ..Filter::default() };
            assert_eq!(found(&app, &filter, 50).await, expected[..count], "{text}, {way}");
        }
        many(&app).await;
    }
});
