//! The deploy suite.
