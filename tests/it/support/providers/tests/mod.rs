//! The fakes hold a relying party to the standards, or their sign-ins would prove nothing.

mod github;
mod independent;
mod openid;
