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
    let code = section.duration_or("code", SECOND..=10 * MINUTE, default.code);
    let interaction = section.duration_or("interaction", SECOND..=DAY, default.interaction);
    let idle = section.duration_or("session_idle", SECOND..=90 * DAY, default.session_idle);
    let absolute = section.duration_or("session_absolute", SECOND..=365 * DAY, default.session_absolute);
    let access_token = section.duration_or("access_token", ACCESS_TOKEN, default.access_token);
    let id_token = section.duration_or("id_token", SECOND..=DAY, default.id_token);
    let refresh_idle = section.duration_or("refresh_idle", REFRESH_IDLE, default.refresh.idle);
    let refresh_absolute = section.duration_or("refresh_absolute", REFRESH_ABSOLUTE, default.refresh.absolute);
    let refresh_grace = section.duration_or("refresh_grace", REFRESH_GRACE, default.refresh.grace);
    let lifetimes = Lifetimes {
        code: code.value,
        interaction: interaction.value,
        session_idle: idle.value,
        session_absolute: absolute.value,
        access_token: access_token.value,
        id_token: id_token.value,
        refresh: RefreshRules {
            rotation: true,
            idle: refresh_idle.value,
            absolute: refresh_absolute.value,
            grace: refresh_grace.value,
        },
    };
    let place = idle.place.or(absolute.place);
    if let Some(place) = place.filter(|_| lifetimes.session_idle > lifetimes.session_absolute) {
        let help = "make session_absolute the longer of the two: a session ends then however busy it is";
        section.fault(&place, "`session_idle` is longer than `session_absolute`", help);
    }
    let place = refresh_idle.place.or(refresh_absolute.place);
    if let Some(place) = place.filter(|_| lifetimes.refresh.idle > lifetimes.refresh.absolute) {
        let help = "make refresh_absolute the longer of the two: refresh tokens end then however much they are used";
        section.fault(&place, "`refresh_idle` is longer than `refresh_absolute`", help);
    }
    section.finish();
    lifetimes
}
