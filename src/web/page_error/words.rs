//! What an error page says to people.
//!
//! Owns: heading and text for each kind. Does not own: the kinds (`kind`), or the page's layout (`templates/error.html`).

use crate::web::page_error::Kind;

impl Kind {
    /// The heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::MalformedRequest | Self::QueryTooLong | Self::FormTooLarge | Self::NotAForm => {
                "This request cannot be read"
            }
            Self::UnknownClient => "This application is not known here",
            Self::WrongRedirectUri => "This application gave a wrong return address",
            Self::ClientGone => "The settings of this application have changed",
            Self::UnknownTransaction => "Start again in the application",
            Self::OtherBrowser => "This page belongs to another browser",
            Self::Expired => "This took too long",
            Self::CookiesNeeded => "Cookies are needed to sign in",
            Self::CrossSite | Self::ForeignForm => "This form cannot be accepted",
            Self::WrongHost => "This page was opened under another address",
            Self::ProviderDenied => "You were not signed in there",
            Self::ProviderUnavailable => "The other service does not answer",
            Self::ProviderInvalid => "The answer of the other service cannot be trusted",
            Self::ProviderRefused => "This account cannot be used here",
            Self::UnknownDeparture => "This sign-in is not under way any more",
            Self::AddressNotAllowed | Self::AccountClosed | Self::NoAccount => "You cannot sign in here",
            Self::AddressTaken => "You already have an account",
            Self::IdentityTaken | Self::LinkingOff => "This sign-in cannot be linked",
            Self::WrongProof => "This is not that account",
            Self::UnknownJoin => "Start the sign-in again",
            Self::SignInAgain => "Sign in once more",
            Self::LastWay => "This is your only way to sign in",
            Self::NotFound => "There is no such page",
            Self::MethodNotAllowed => "This page cannot be used in that way",
            Self::Busy | Self::Unavailable => "Please try again in a moment",
            Self::Internal => "Something went wrong on our side",
        }
    }

    /// What it means and what to do, for the person.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a text for each kind, and nothing else")]
    pub const fn text(self) -> &'static str {
        match self {
            Self::MalformedRequest => "The application sent a request that is malformed. Nobody was signed in.",
            Self::QueryTooLong => "The address is longer than this server accepts. Nobody was signed in.",
            Self::FormTooLarge => "The form is larger than this server accepts.",
            Self::NotAForm => "A form was expected here, sent as application/x-www-form-urlencoded.",
            Self::UnknownClient => {
                "The application that sent you here is not registered with this server, so you were not signed in. \
                 Tell the people who run the application."
            }
            Self::WrongRedirectUri => {
                "The address to which the application wants you to be sent back is not one that it registered. \
                 For your safety you were not sent there. Tell the people who run the application."
            }
            Self::ClientGone => {
                "While this page was open, the registration of the application changed so that you cannot be sent \
                 back to it. Start again in the application."
            }
            Self::UnknownTransaction => {
                "This sign-in is no longer known, perhaps because it is from yesterday. \
                 Go back to the application and sign in from there."
            }
            Self::OtherBrowser => {
                "This sign-in was started in another browser or before its cookies were deleted. \
                 Go back to the application and sign in from there."
            }
            Self::Expired => {
                "The page was open for so long that the sign-in expired. Nothing is lost: continue from here."
            }
            Self::CookiesNeeded => {
                "This page needs one cookie to know that it is still you, and your browser did not send it. Allow \
                 cookies for this site, or use the browser in which you began; then start again in the application."
            }
            Self::CrossSite => "It was sent by a page of another site. Nothing was changed.",
            Self::ForeignForm => {
                "It was not sent from the page that this browser was last shown: it may be an old page, or you \
                 signed in or out in another tab meanwhile. Nothing was changed."
            }
            Self::WrongHost => {
                "Pages and forms are only served under this server's own address, and this request arrived under \
                 another. Nothing was changed. If a proxy stands before the server, its operator has to let it pass \
                 the Host header on, or name it in [proxies] trusted."
            }
            Self::ProviderDenied => {
                "You, or the service that you were sent to, did not allow it. Nothing was changed; try again or \
                 choose another way to sign in."
            }
            Self::ProviderUnavailable => {
                "The service that you chose cannot be reached or took too long. Nothing is lost: try again in a \
                 moment, or choose another way to sign in."
            }
            Self::ProviderInvalid => {
                "What came back does not fit what was asked there, so that nobody was signed in. If it happens \
                 again, tell the people who run this server."
            }
            Self::ProviderRefused => {
                "You are signed in there, but the rules of this server do not let that account in. Choose another \
                 account or another way to sign in."
            }
            Self::UnknownDeparture => {
                "It was finished already, was begun in another browser, or took too long. Nothing was changed by it; go on \
                 from here."
            }
            Self::AddressNotAllowed => {
                "Only people with a confirmed e-mail address of certain organisations may sign in that way, and the \
                 provider confirmed none for you. Use another account there, or sign in another way."
            }
            Self::AccountClosed => "Your account here was closed. Ask the people who run this server.",
            Self::NoAccount => {
                "There is no account here for you, and none is made by signing in that way. Ask the people who run this \
                 server for one, or sign in another way."
            }
            Self::AddressTaken => {
                "There is an account here with your e-mail address, and that provider is not a way into it. Sign in the \
                 way you did before."
            }
            Self::IdentityTaken => {
                "It opens the account of somebody else here, so it was not linked to yours. If both are yours, sign in to \
                 the other one and unlink it there first."
            }
            Self::LinkingOff => "That provider is not linked to accounts that exist already. Nothing was changed.",
            Self::WrongProof => {
                "You signed in, but not to the account that was asked for, so nothing was linked. Prove the account in \
                 one of the ways that the page offers."
            }
            Self::UnknownJoin => {
                "What this page was about is over: it took too long, it is done, or the account changed meanwhile. \
                 Nothing was changed; sign in again."
            }
            Self::SignInAgain => {
                "To change the ways to sign in to your account you have to have signed in within the last 10 minutes, in \
                 this browser. Nothing was changed."
            }
            Self::LastWay => "It was not removed: without it nobody could open your account. Link another one first.",
            Self::NotFound => "The address may be mistyped, or the page may have moved.",
            Self::MethodNotAllowed => "Open the page from the beginning.",
            Self::Busy => "Many people are signing in right now.",
            Self::Unavailable => "A part of this server cannot be reached. Nothing was changed; try again in a moment.",
            Self::Internal => "The fault was recorded under the reference below. Nothing was changed.",
        }
    }
}
