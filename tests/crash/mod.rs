//! What is cut off in the middle: nothing that was acknowledged is lost, nothing happens twice.

mod cut;
