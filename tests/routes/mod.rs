//! Every route, as the outside sees it; the files mirror the URLs.

mod errors;
mod external;
mod keys;
mod shapes;
mod status;
