//! Black-box tests of the whole server, one module a behaviour.
