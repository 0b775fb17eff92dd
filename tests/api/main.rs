//! The api suite.
