//! The client against a transport that plays a script.

mod answers;
mod exchange;
mod leader;
mod lists;
mod refused_writes;
mod script;
