//! What a fake OpenID provider says that is not so, in an answer that is well formed.
//!
//! Owns: the list of lies, and which of them a relying party has to see through. Does not own: telling them (the
//! endpoints of `openid`).

/// One lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twist {
    // The metadata.
    MetadataIssuerOther,
    MetadataIssuerAbsent,
    /// With a slash at the end where it has none, and without where it has one.
    MetadataIssuerSlash,
    // The authorization response. RFC 9207's parameter is sent where the metadata says so, or a lie wants it.
    ResponseIssuerOther,
    ResponseIssuerAbsent,
    ResponseIssuerTwice,
    StateOther,
    StateAbsent,
    CodeUnknown,
    CodeAbsent,
    CodeTwice,
    // The token response.
    IdTokenAbsent,
    /// Text that is no JWS.
    IdTokenGarbage,
    TokenTypeOther,
    // The ID token.
    IssuerOther,
    IssuerAbsent,
    IssuerSlash,
    /// As Google's tokens may say `accounts.google.com`.
    IssuerWithoutScheme,
    NonceOther,
    NonceAbsent,
    NonceEmpty,
    AudienceOther,
    AudienceAbsent,
    AudienceWithoutUs,
    AudienceOfMany,
    AudienceOfManyWithAzpOther,
    AzpOther,
    /// A list of us alone.
    AudienceListOfUs,
    AzpUs,
    Expired,
    ExpAbsent,
    ExpText,
    IssuedInFuture,
    IssuedAbsent,
    NotYet,
    AlgNone,
    AlgNoneInCapitals,
    Hs256BySecret,
    Hs256ByPublicKey,
    KidUnknown,
    KidAbsent,
    /// Another key under the `kid` that is published.
    KeyOther,
    /// The key that was published before this one, as whoever stole it signs.
    KeyBefore,
    SignatureAbsent,
    AtHashOther,
    AtHashAbsent,
    SubjectAbsent,
    SubjectEmpty,
    SubjectNumber,
    /// 300 bytes.
    SubjectLong,
    SubjectOfControls,
    AuthTimeText,
    // Userinfo.
    UserInfoSubjectOther,
    UserInfoSubjectAbsent,
}

use Twist::*;

impl Twist {
    /// Metadata of somebody else, and of nobody.
    pub const REFUSED_METADATA: &'static [Self] = &[MetadataIssuerOther, MetadataIssuerAbsent, MetadataIssuerSlash];

    /// ID tokens, or answers without one, that no relying party may take.
    pub const REFUSED_ID_TOKENS: &'static [Self] = &[
        IdTokenAbsent,
        IdTokenGarbage,
        TokenTypeOther,
        IssuerOther,
        IssuerAbsent,
        IssuerSlash,
        IssuerWithoutScheme,
        NonceOther,
        NonceAbsent,
        NonceEmpty,
        AudienceOther,
        AudienceAbsent,
        AudienceWithoutUs,
        AudienceOfMany,
        AudienceOfManyWithAzpOther,
        AzpOther,
        Expired,
        ExpAbsent,
        ExpText,
        IssuedInFuture,
        IssuedAbsent,
        NotYet,
        AlgNone,
        AlgNoneInCapitals,
        Hs256BySecret,
        Hs256ByPublicKey,
        KidUnknown,
        KeyOther,
        SignatureAbsent,
        AtHashOther,
        SubjectAbsent,
        SubjectEmpty,
        SubjectNumber,
        SubjectLong,
        SubjectOfControls,
        AuthTimeText,
    ];

    /// Unusual, and right.
    pub const ACCEPTED_ID_TOKENS: &'static [Self] = &[AudienceListOfUs, AzpUs, AtHashAbsent, KidAbsent];

    /// Userinfo that is not of whom the ID token is of.
    pub const REFUSED_USERINFO: &'static [Self] = &[UserInfoSubjectOther, UserInfoSubjectAbsent];

    /// Authorization responses that may lead to no sign-in (the issuer's where the metadata says that it is sent).
    pub const REFUSED_RESPONSES: &'static [Self] = &[
        ResponseIssuerOther,
        ResponseIssuerAbsent,
        ResponseIssuerTwice,
        StateOther,
        StateAbsent,
        CodeUnknown,
        CodeAbsent,
        CodeTwice,
    ];
}
