//! Keys that are planned but not served by this version.
//!
//! Owns: that list, so that a reader is told "not in this version" and not "unknown". Does not own: the
//! keys that are read.

/// Tables and keys that a later version will know, by table.
const PLANNED: &[(&str, &[&str])] = &[
    ("", &["mail", "telemetry"]),
    ("lifetimes", &["device_code", "par"]),
    (
        "clients",
        &[
            "backchannel_logout_session_required",
            "backchannel_logout_uri",
            "client_uri",
            "contacts",
            "frontchannel_logout_session_required",
            "frontchannel_logout_uri",
            "jwks",
            "jwks_uri",
            "logo_uri",
            "policy_uri",
            "require_pushed_authorization_requests",
            "response_types",
            "sector_identifier_uri",
            "subject_type",
            "tos_uri",
        ],
    ),
];

/// Whether the key is planned for that table (`""` is the top level).
pub(super) fn is_planned(table: &str, key: &str) -> bool {
    PLANNED.iter().any(|(name, keys)| *name == table && keys.contains(&key))
}
