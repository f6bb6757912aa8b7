//! Rules that the compiler does not enforce: how files of a crate import each other, names and
//! sizes, where foreign types may appear, and that documents match the code.

mod documents;
mod imports;
mod names;
mod places;
mod sources;
