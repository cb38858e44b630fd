//! A ticket as a channel's caller may read it.
