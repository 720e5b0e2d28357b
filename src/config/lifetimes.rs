//! `[lifetimes]`: how long things live.
//!
//! Owns: that section and its bounds. Does not own: what expires (`model`).

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::config::document::Table;
use crate::config::section::Reader;
use crate::model::refresh::RefreshRules;

/// `[lifetimes]`.
#[derive(Debug, Clone)]
pub struct Lifetimes {
    /// 60 s, at most 600 s.
    pub code: Duration,
    /// 30 min.
    pub interaction: Duration,
    /// 12 h.
    pub session_idle: Duration,
    /// 7 d.
    pub session_absolute: Duration,
    /// 10 min.
    pub access_token: Duration,
    /// 10 min.
    pub id_token: Duration,
    /// 14 d idle, 90 d absolute, 20 s grace; each client may have its own.
    pub refresh: RefreshRules,
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
const YEAR: Duration = Duration::from_hours(365 * 24);

/// What an access token's lifetime may be, here and for one client or API. Backends that verify offline
/// see nothing but the expiry, so a day is the end.
pub(super) const ACCESS_TOKEN: RangeInclusive<Duration> = SECOND..=DAY;

/// How long refresh tokens may live unused.
pub(super) const REFRESH_IDLE: RangeInclusive<Duration> = SECOND..=YEAR;
/// How long they may live at most.
pub(super) const REFRESH_ABSOLUTE: RangeInclusive<Duration> = SECOND..=YEAR.saturating_mul(10);
/// How long a superseded one may still get the current one: a thief has as long.
pub(super) const REFRESH_GRACE: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_mins(5);

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            code: MINUTE,
            interaction: 30 * MINUTE,
            session_idle: DAY / 2,
            session_absolute: 7 * DAY,
            access_token: 10 * MINUTE,
            id_token: 10 * MINUTE,
            refresh: RefreshRules { rotation: true, idle: 14 * DAY, absolute: 90 * DAY, grace: 20 * SECOND },
        }
    }
}

/// Reads the section.
pub(super) fn read(reader: &mut Reader<'_>, table: Table) -> Lifetimes {
    let default = Lifetimes::default();
    let mut section = reader.section("lifetimes", table);
    // RFC 6749 4.1.2: a code lives ten minutes at most.
    let code = section.duration("code", SECOND..=10 * MINUTE);
    let interaction = section.duration("interaction", SECOND..=DAY);
    let idle = section.duration("session_idle", SECOND..=90 * DAY);
    let absolute = section.duration("session_absolute", SECOND..=365 * DAY);
    let access_token = section.duration("access_token", ACCESS_TOKEN);
    let id_token = section.duration("id_token", SECOND..=DAY);
    let refresh_idle = section.duration("refresh_idle", REFRESH_IDLE);
    let refresh_absolute = section.duration("refresh_absolute", REFRESH_ABSOLUTE);
    let refresh_grace = section.duration("refresh_grace", REFRESH_GRACE);
    let lifetimes = Lifetimes {
        code: code.map_or(default.code, |found| found.value),
        interaction: interaction.map_or(default.interaction, |found| found.value),
        session_idle: idle.as_ref().map_or(default.session_idle, |found| found.value),
        session_absolute: absolute.as_ref().map_or(default.session_absolute, |found| found.value),
        access_token: access_token.map_or(default.access_token, |found| found.value),
        id_token: id_token.map_or(default.id_token, |found| found.value),
        refresh: RefreshRules {
            rotation: true,
            idle: refresh_idle.as_ref().map_or(default.refresh.idle, |found| found.value),
            absolute: refresh_absolute.as_ref().map_or(default.refresh.absolute, |found| found.value),
            grace: refresh_grace.map_or(default.refresh.grace, |found| found.value),
        },
    };
    if let Some(written) = idle.or(absolute).filter(|_| lifetimes.session_idle > lifetimes.session_absolute) {
        let help = "make session_absolute the longer of the two: a session ends then however busy it is";
        section.fault(&written.place, "`session_idle` is longer than `session_absolute`", help);
    }
    if let Some(written) =
        refresh_idle.or(refresh_absolute).filter(|_| lifetimes.refresh.idle > lifetimes.refresh.absolute)
    {
        let help = "make refresh_absolute the longer of the two: refresh tokens end then however much they are used";
        section.fault(&written.place, "`refresh_idle` is longer than `refresh_absolute`", help);
    }
    section.finish();
    lifetimes
}
