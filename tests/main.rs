//! The suite seen from outside: scripts that step futures by hand, one behaviour a test.

mod user_code;
