//! The rules of the design that a machine can check. A failure lists every place, with file and line.

mod budgets;
mod layers;
mod promises;
mod source;
mod words;
