//! A delivery is one engine's until its lease has run out, and on its way once.

use std::collections::BTreeSet;
use std::time::Duration;

use centrium::clock::HOUR;

use super::{hook, pauses, until_status};
use crate::harness::{App, Receiver, Says, both};

both!(what_is_under_way_is_not_sent_beside_itself, async |app: App| {
    let app = app.restart(pauses("100000")).await;
    let receiver =
        Receiver::answering(|posted| if posted.place == 0 { Says::Nothing } else { SAYS_OK }).await;
    let hook = hook(&app, &receiver, "user.created").await;
    app.http.say("anna", "привет").await;
    receiver.until(1).await;
    // As if nothing could be written for so long that its lease has run out.
    app.engine.clock.advance(HOUR);
    app.http.say("boris", "привет").await;
    until_status(&app, &hook, "success", 1).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let posted = receiver.all();
    let ids: BTreeSet<_> = posted.iter().map(|p| p.id().to_owned()).collect();
    assert_eq!((posted.len(), ids.len()), (2, 2), "each once");
});

const SAYS_OK: Says = Says::Status(200, "ok");
