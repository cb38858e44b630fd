//! The company's articles: those of files and those that came over the API, and how an engine
//! follows their changes.

mod change;
mod error;
mod follow;
mod list;

pub use change::{Change, Draft, change, create, delete};
pub use error::{Error, Result};
pub use follow::{follow, reload};
pub use list::{Known, get, list};
