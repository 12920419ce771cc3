//! What the program talks about, as plain data: no I/O, nothing imported from the other rooms.

pub mod activity;
pub mod bots;
pub mod catalogue;
pub mod change;
pub mod change_words;
pub mod conflict;
pub mod diff;
pub mod edit;
pub mod journal;
pub mod json_check;
pub mod name;
pub mod page;
pub mod past;
pub mod place;
pub mod question;
pub mod record_text;
pub mod review;
pub mod schema;
pub mod secret;
pub mod staged;
pub mod syntax;
pub mod time;
pub mod value;
