//! Every route, as the outside sees it; the files mirror the URLs.

mod connections;
mod errors;
mod external;
mod keys;
mod knowledge;
mod shapes;
mod status;
mod webhooks;
