//! The names of what can happen.

/// Every kind of event that the outside can ask for.
pub const KINDS: [&str; 9] = [
    "user.created",
    "payment.completed",
    "transaction.created",
    "ticket.created",
    "ticket.status_changed",
    "ticket.message_added",
    "ticket.escalated",
    "ticket.assigned",
    "webhook.disabled",
];

/// Those that another system may publish.
pub const PUBLISHED: [&str; 3] = ["user.created", "payment.completed", "transaction.created"];

/// The kind of this name, if there is one.
#[must_use]
pub fn kind(name: &str) -> Option<&'static str> {
    KINDS.into_iter().find(|kind| *kind == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_known() {
        assert!(PUBLISHED.iter().all(|name| kind(name) == Some(*name)));
        assert_eq!(kind("webhook.test"), None, "it concerns one webhook alone");
        assert_eq!(kind("ticket"), None);
    }
}
