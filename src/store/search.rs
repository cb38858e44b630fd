//! Finding tickets by words. The index is filled behind the hot path: a ticket whose
//! `indexed_version` is behind its `version` waits for its document to be made again.
