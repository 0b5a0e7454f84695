//! What is said is read, of every measure that ships.

mod kinds;
