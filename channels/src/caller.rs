//! Whose request it is.

use std::net::IpAddr;

/// The address that a request came from, behind proxies that are trusted.
///
/// The engine's outer layer puts it into the extensions of every request; an adapter passes it
/// on to [`Inbox::authorize`](crate::Inbox::authorize) and looks at no header for it. It is
/// missing only where there is no such layer, as in a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller(pub IpAddr);
