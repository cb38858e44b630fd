//! The tables, as both databases have them. `tests/migrations.rs` compares this page with what
//! the migrations make.

use diesel::{allow_tables_to_appear_in_same_query, joinable, table};

table! {
    contacts {
        id -> BigInt,
        name -> Nullable<Text>,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        language -> Nullable<Text>,
        is_blocked -> Bool,
        metadata -> Nullable<Json>,
        search_text -> Text,
        search_version -> BigInt,
        indexed_version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    contact_identities {
        id -> BigInt,
        contact_id -> BigInt,
        channel -> Text,
        identifier -> Text,
        is_verified -> Bool,
        created_at -> BigInt,
    }
}

table! {
    channels (kind) {
        kind -> Text,
        is_active -> Bool,
        config -> Json,
        health -> Text,
        health_detail -> Nullable<Text>,
        checked_at -> Nullable<BigInt>,
    }
}

table! {
    tickets {
        id -> BigInt,
        contact_id -> BigInt,
        channel -> Text,
        external_id -> Nullable<Text>,
        subject -> Nullable<Text>,
        status -> Text,
        priority -> Text,
        category -> Nullable<Text>,
        department -> Nullable<Text>,
        needs_escalation -> Bool,
        escalation_reason -> Nullable<Text>,
        escalated_at -> Nullable<BigInt>,
        is_auto_solved -> Bool,
        operator -> Nullable<Text>,
        taken_by -> Nullable<Text>,
        version -> BigInt,
        indexed_version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        first_response_at -> Nullable<BigInt>,
        closed_at -> Nullable<BigInt>,
        reopened_at -> Nullable<BigInt>,
    }
}

table! {
    messages {
        id -> BigInt,
        ticket_id -> BigInt,
        author -> Text,
        operator -> Nullable<Text>,
        text -> Text,
        html -> Nullable<Text>,
        channel -> Text,
        external_id -> Nullable<Text>,
        in_reply_to -> Nullable<BigInt>,
        delivery_state -> Nullable<Text>,
        delivery_error -> Nullable<Text>,
        rating -> Nullable<BigInt>,
        metadata -> Nullable<Json>,
        raw_key -> Nullable<Text>,
        created_at -> BigInt,
    }
}

table! {
    attachments {
        id -> BigInt,
        message_id -> BigInt,
        name -> Text,
        content_type -> Text,
        size -> BigInt,
        sha256 -> Text,
        key -> Text,
        display_key -> Nullable<Text>,
        display_type -> Nullable<Text>,
        created_at -> BigInt,
    }
}

table! {
    jobs {
        id -> BigInt,
        kind -> Text,
        subject_id -> BigInt,
        state -> Text,
        attempts -> BigInt,
        run_at -> BigInt,
        lease_owner -> Nullable<Text>,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
    }
}

table! {
    events {
        id -> BigInt,
        kind -> Text,
        ticket_id -> Nullable<BigInt>,
        payload -> Json,
        created_at -> BigInt,
    }
}

table! {
    webhooks {
        id -> BigInt,
        name -> Text,
        url -> Text,
        event_type -> Text,
        is_active -> Bool,
        description -> Nullable<Text>,
        secret -> Nullable<Text>,
        previous_secret -> Nullable<Text>,
        previous_until -> Nullable<BigInt>,
        failing_since -> Nullable<BigInt>,
        disabled_reason -> Nullable<Text>,
        last_triggered_at -> Nullable<BigInt>,
        failure_count -> BigInt,
        success_count -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    webhook_deliveries {
        id -> BigInt,
        webhook_id -> BigInt,
        event_id -> BigInt,
        status -> Text,
        attempt_number -> BigInt,
        run_at -> BigInt,
        lease_owner -> Nullable<Text>,
        response_status -> Nullable<BigInt>,
        response_body -> Nullable<Text>,
        error_message -> Nullable<Text>,
        created_at -> BigInt,
        delivered_at -> Nullable<BigInt>,
    }
}

table! {
    decisions {
        id -> BigInt,
        message_id -> BigInt,
        ticket_id -> BigInt,
        reply_id -> Nullable<BigInt>,
        outcome -> Text,
        stale -> Nullable<Text>,
        assistant -> Text,
        needs_escalation -> Bool,
        reason -> Nullable<Text>,
        category -> Nullable<Text>,
        priority -> Nullable<Text>,
        department -> Nullable<Text>,
        language -> Nullable<Text>,
        sources -> Json,
        basis -> Json,
        ticket_status -> Text,
        latency_ms -> BigInt,
        created_at -> BigInt,
    }
}

table! {
    cursors (name) {
        name -> Text,
        value -> Text,
        updated_at -> BigInt,
    }
}

table! {
    quarantine {
        id -> BigInt,
        channel -> Text,
        reason -> Text,
        raw -> Binary,
        state -> Text,
        created_at -> BigInt,
    }
}

table! {
    api_keys {
        id -> BigInt,
        name -> Text,
        scope -> Text,
        digest -> Text,
        created_at -> BigInt,
    }
}

table! {
    idempotency_keys {
        id -> BigInt,
        scope -> Text,
        key -> Text,
        request -> Text,
        resource_id -> BigInt,
        created_at -> BigInt,
    }
}

table! {
    settings (name) {
        name -> Text,
        value -> Text,
        updated_at -> BigInt,
    }
}

table! {
    articles (id, language) {
        id -> Text,
        language -> Text,
        category -> Text,
        title -> Text,
        questions -> Json,
        body -> Text,
        links -> Json,
        version -> BigInt,
        updated_at -> BigInt,
    }
}

joinable!(contact_identities -> contacts (contact_id));
joinable!(tickets -> contacts (contact_id));
joinable!(messages -> tickets (ticket_id));
joinable!(attachments -> messages (message_id));

allow_tables_to_appear_in_same_query!(
    contacts,
    contact_identities,
    channels,
    tickets,
    messages,
    attachments,
    jobs,
    events,
    webhooks,
    webhook_deliveries,
    decisions,
    cursors,
    quarantine,
    api_keys,
    idempotency_keys,
    settings,
    articles
);
