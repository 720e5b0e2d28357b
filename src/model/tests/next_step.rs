//! The dispatcher's decision, as a table; threats.md H10, H11.

use super::*;
use crate::model::consent::{Consent, Permission};
use crate::model::interaction::{ConsentGiven, Interaction};
use crate::model::next_step::{Issue, NextStep, SignInReason, Situation, next_step};
use crate::protocol::claims::{Claims, SingleClaims};

/// One situation; every field has a usual value.
struct Case {
    client: Client,
    parameters: Vec<(&'static str, &'static str)>,
    user: Option<User>,
    signed_in_ago: u64,
    begun_ago: u64,
    remembered: Option<&'static str>,
    given: Option<(UserId, &'static str)>,
    made_here: bool,
    account: Option<UserId>,
    denied_by: Option<UserId>,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            client: web(),
            parameters: Vec::new(),
            user: Some(user()),
            signed_in_ago: 100,
            begun_ago: 10,
            remembered: None,
            given: None,
            made_here: false,
            account: None,
            denied_by: None,
        }
    }
}

impl Case {
    fn asking(parameters: &[(&'static str, &'static str)]) -> Self {
        Self { parameters: parameters.to_vec(), ..Self::default() }
    }

    fn decide(&self) -> NextStep {
        let request = checked(&self.client, &self.parameters).unwrap();
        let (id, begun) = (self.client.client_id.clone(), seconds_ago(self.begun_ago));
        let mut interaction = Interaction::begin(id.clone(), request, TokenHash::of(b"b"), begun, NOW);
        if let Some((by, scope)) = self.given {
            interaction = interaction.with_consent(ConsentGiven { by, permission: permission(scope) });
        }
        if let Some(account) = self.account {
            interaction = interaction.with_account(account);
        }
        if let Some(by) = self.denied_by {
            interaction = interaction.with_denial(by);
        }
        let session = session(seconds_ago(self.signed_in_ago));
        let consent = self.remembered.map(|scope| Consent {
            user_id: user().id,
            client_id: id,
            permission: permission(scope),
            updated_at: NOW,
        });
        next_step(&Situation {
            interaction: &interaction,
            client: &self.client,
            registry: &registry(),
            signed_in: self.user.as_ref().map(|user| (user, &session)),
            made_here: self.made_here,
            remembered: consent.as_ref(),
            now: NOW,
        })
    }

    #[track_caller]
    fn assert_refused(&self, code: ErrorCode) {
        match self.decide() {
            NextStep::Refuse(error) => assert_eq!(error.code(), code),
            other => panic!("{other:?}"),
        }
    }
}

/// Scopes, and after a `+` claims.
fn permission(text: &str) -> Permission {
    let (scope, claims) = text.split_once('+').unwrap_or((text, ""));
    Permission { scope: scopes(scope), claims: Claims::parse(claims) }
}

fn consent(ask: &str, known: &str) -> NextStep {
    NextStep::Consent { ask: permission(ask), known: permission(known) }
}

fn issue(scope: &str, remember: bool) -> NextStep {
    let remember = if remember { permission(scope) } else { Permission::default() };
    NextStep::Issue(Issue { scope: scopes(scope), claims: SingleClaims::default(), remember })
}

const SIGN_IN: NextStep = NextStep::SignIn(SignInReason::Nobody);
const SIGN_IN_AGAIN: NextStep = NextStep::SignIn(SignInReason::Again);
const SOMEBODY_ELSE: NextStep = NextStep::SignIn(SignInReason::SomebodyElse);

#[test]
fn nobody_signs_in_first_and_then_is_asked() {
    assert_eq!(Case { user: None, ..Case::default() }.decide(), SIGN_IN);
    assert_eq!(Case::default().decide(), consent("openid posts:read", ""));
    let given = Case { given: Some((user().id, "openid posts:read")), ..Case::default() };
    assert_eq!(given.decide(), issue("openid posts:read", true));
}

#[test]
fn remembered_consent_is_not_asked_again_and_only_the_rest_is() {
    let remembered = |scope| Case { remembered: Some(scope), ..Case::default() };
    assert_eq!(remembered("openid posts:read posts:write").decide(), issue("openid posts:read", false));
    assert_eq!(remembered("openid").decide(), consent("posts:read", "openid"));
    assert_eq!(remembered("email").decide(), consent("openid posts:read", ""));
}

#[test]
fn each_consent_policy_asks_as_it_says() {
    let everything = Some("openid posts:read");
    let with = |consent, first_party| Case {
        client: Client { first_party, consent, ..web() },
        remembered: everything,
        ..Case::default()
    };
    assert_eq!(with(ConsentPolicy::Ask, false).decide(), consent("openid posts:read", ""));
    assert_eq!(with(ConsentPolicy::Remember, false).decide(), issue("openid posts:read", false));
    assert_eq!(with(ConsentPolicy::Never, true).decide(), issue("openid posts:read", false));
    // Never is for first-party clients; the configuration refuses it for others, and so does this.
    let foreign = Case { remembered: None, ..with(ConsentPolicy::Never, false) };
    assert_eq!(foreign.decide(), consent("openid posts:read", ""));
    let asked = Case { given: Some((user().id, "openid posts:read")), ..with(ConsentPolicy::Ask, false) };
    assert_eq!(asked.decide(), issue("openid posts:read", false));
}

#[test]
fn consent_of_a_native_client_is_never_remembered() {
    let native = Client { application_type: ApplicationType::Native, ..public() };
    let case = Case { client: native.clone(), remembered: Some("openid posts:read"), ..Case::default() };
    assert_eq!(case.decide(), consent("openid posts:read", ""));
    let given = Case { client: native, given: Some((user().id, "openid posts:read")), ..Case::default() };
    assert_eq!(given.decide(), issue("openid posts:read", false));
}

#[test]
fn h04_consent_of_somebody_else_or_for_less_does_not_count() {
    let other = UserId(Uuid::from_u128(9));
    let case = |by, scope| Case { given: Some((by, scope)), ..Case::default() };
    assert_eq!(case(other, "openid posts:read").decide(), consent("openid posts:read", ""));
    assert_eq!(case(user().id, "openid").decide(), consent("openid posts:read", ""));
}

#[test]
fn prompt_consent_asks_for_everything_once() {
    let forced = |remembered, given| Case { remembered, given, ..Case::asking(&[("prompt", "consent")]) };
    let all = Some("openid posts:read");
    assert_eq!(forced(all, None).decide(), consent("openid posts:read", ""));
    assert_eq!(forced(all, Some((user().id, "openid posts:read"))).decide(), issue("openid posts:read", true));
    let ours = Client { consent: ConsentPolicy::Never, first_party: true, ..web() };
    assert_eq!(Case { client: ours, ..forced(None, None) }.decide(), consent("openid posts:read", ""));
}

#[test]
fn h10_prompt_login_wants_a_sign_in_of_this_transaction() {
    for prompt in ["login", "login consent"] {
        let parameters = [("prompt", prompt)];
        assert_eq!(Case::asking(&parameters).decide(), SIGN_IN_AGAIN, "{prompt}");
        let here = Case { made_here: true, ..Case::asking(&parameters) };
        assert_eq!(here.decide(), consent("openid posts:read", ""), "{prompt}");
        // A session of the same millisecond, or a later one, that another page made is none of this transaction.
        for signed_in_ago in [10, 5, 0] {
            let elsewhere = Case { signed_in_ago, begun_ago: 10, ..Case::asking(&parameters) };
            assert_eq!(elsewhere.decide(), SIGN_IN_AGAIN, "{prompt}");
        }
        assert_eq!(Case { user: None, ..Case::asking(&parameters) }.decide(), SIGN_IN);
    }
}

#[test]
fn h10_max_age_wants_a_young_sign_in_or_one_of_this_transaction() {
    let case = |max_age, signed_in_ago, made_here| {
        let parameters = vec![("max_age", max_age)];
        Case { parameters, signed_in_ago, made_here, remembered: Some("openid posts:read"), ..Case::default() }
    };
    let done = issue("openid posts:read", false);
    for (max_age, signed_in_ago, made_here, expected) in [
        ("100", 100, false, &done),
        ("99", 100, false, &SIGN_IN_AGAIN),
        ("4294967295", 100, false, &done),
        ("0", 100, false, &SIGN_IN_AGAIN),
        ("0", 0, false, &SIGN_IN_AGAIN),
        // However long the person takes over the pages, the sign-in made here does not grow old.
        ("0", 5, true, &done),
        ("1", 500, true, &done),
    ] {
        let step = case(max_age, signed_in_ago, made_here).decide();
        assert_eq!(&step, expected, "max_age={max_age} signed in {signed_in_ago} s ago, here: {made_here}");
    }
}

#[test]
fn select_account_always_asks_and_one_answer_is_enough() {
    let asks = || Case { remembered: Some("openid posts:read"), ..Case::asking(&[("prompt", "select_account")]) };
    let done = issue("openid posts:read", false);
    assert_eq!(asks().decide(), NextStep::SelectAccount);
    assert_eq!(Case { signed_in_ago: 0, begun_ago: 0, ..asks() }.decide(), NextStep::SelectAccount);
    assert_eq!(Case { user: None, ..asks() }.decide(), SIGN_IN);
    assert_eq!(Case { account: Some(user().id), ..asks() }.decide(), done);
    assert_eq!(Case { account: Some(UserId(Uuid::from_u128(9))), ..asks() }.decide(), NextStep::SelectAccount);
    assert_eq!(Case { made_here: true, ..asks() }.decide(), done, "whoever just signed in said who they are");
    // Beside login the account is chosen, and then signed in to.
    let both = |account, made_here| {
        let case = Case::asking(&[("prompt", "login select_account")]);
        Case { account, made_here, remembered: Some("openid posts:read"), ..case }.decide()
    };
    assert_eq!(both(None, false), NextStep::SelectAccount);
    assert_eq!(both(Some(user().id), false), SIGN_IN_AGAIN);
    assert_eq!(both(Some(user().id), true), done);
}

#[test]
fn somebody_else_than_the_client_asks_for_signs_in_once_and_is_then_refused() {
    const ADA: &str = r#"{"id_token":{"sub":{"value":"00000000-0000-0000-0000-000000000001"}}}"#;
    const BOB: &str = r#"{"userinfo":{"sub":{"value":"00000000-0000-0000-0000-000000000009"}}}"#;
    const NOBODY: &str = r#"{"id_token":{"sub":{"value":"nobody"}}}"#;
    let case = |claims, prompt| Case {
        remembered: Some("openid posts:read"),
        ..Case::asking(&[("claims", claims), ("prompt", prompt)])
    };
    assert_eq!(case(ADA, "none").decide(), issue("openid posts:read", false));
    for claims in [BOB, NOBODY] {
        case(claims, "none").assert_refused(ErrorCode::LoginRequired);
        assert_eq!(case(claims, "").decide(), SOMEBODY_ELSE);
        assert_eq!(case(claims, "select_account").decide(), SOMEBODY_ELSE);
        Case { made_here: true, ..case(claims, "") }.assert_refused(ErrorCode::LoginRequired);
        assert_eq!(Case { user: None, ..case(claims, "") }.decide(), SIGN_IN);
    }
}

#[test]
fn single_claims_are_asked_beside_the_scopes_that_do_not_open_them() {
    const CLAIMS: &str = r#"{"userinfo":{"email":null,"address":null},"id_token":{"name":{"essential":true}}}"#;
    let case = |scope| Case::asking(&[("claims", CLAIMS), ("scope", scope)]);
    // The client may not ask for the scope `address`.
    assert_eq!(case("openid").decide(), consent("openid+name email", ""));
    assert_eq!(case("openid email").decide(), consent("openid email+name", ""));
    assert_eq!(case("openid email profile").decide(), consent("openid email profile", ""));
    assert_eq!(case("posts:read").decide(), consent("posts:read", ""), "claims are a part of openid");
    let granted = SingleClaims { userinfo: Claims::parse("email"), id_token: Claims::parse("name") };
    let remembered = |text| Case { remembered: Some(text), ..case("openid") }.decide();
    let done = |remember| NextStep::Issue(Issue { scope: scopes("openid"), claims: granted.clone(), remember });
    assert_eq!(remembered("openid+name"), consent("+email", "openid+name"));
    assert_eq!(remembered("openid+name email"), done(Permission::default()));
    assert_eq!(remembered("openid profile email"), done(Permission::default()), "a scope permits what it opens");
    let given = |text| Case { given: Some((user().id, text)), ..case("openid") }.decide();
    assert_eq!(given("openid+name email"), done(permission("openid+name email")));
    assert_eq!(given("openid+name"), consent("openid+name email", ""));
}

#[test]
fn a_no_is_an_answer_of_this_person_alone() {
    let denied = |by| Case { denied_by: Some(by), remembered: Some("openid"), ..Case::default() };
    denied(user().id).assert_refused(ErrorCode::AccessDenied);
    assert_eq!(denied(UserId(Uuid::from_u128(9))).decide(), consent("posts:read", "openid"));
}

#[test]
fn h11_prompt_none_answers_or_fails_and_shows_nothing() {
    let silent = || Case::asking(&[("prompt", "none")]);
    Case { user: None, ..silent() }.assert_refused(ErrorCode::LoginRequired);
    silent().assert_refused(ErrorCode::ConsentRequired);
    Case { remembered: Some("openid"), ..silent() }.assert_refused(ErrorCode::ConsentRequired);
    let remembered = Case { remembered: Some("openid posts:read"), ..silent() };
    assert_eq!(remembered.decide(), issue("openid posts:read", false));
    let old = [("prompt", "none"), ("max_age", "1")];
    Case { remembered: Some("openid posts:read"), ..Case::asking(&old) }.assert_refused(ErrorCode::LoginRequired);
    let generated = StoredPassword { phc: SecretString::from("x"), generated_until: Some(NOW) };
    Case { user: Some(User { password: Some(generated), ..user() }), ..silent() }
        .assert_refused(ErrorCode::InteractionRequired);
}

#[test]
fn a_generated_password_leads_to_an_own_one_before_anything_is_granted() {
    let generated = StoredPassword { phc: SecretString::from("x"), generated_until: Some(NOW) };
    let person = User { password: Some(generated), ..user() };
    let case = Case { user: Some(person), remembered: Some("openid posts:read"), ..Case::default() };
    assert_eq!(case.decide(), NextStep::SetPassword);
}

#[test]
fn what_no_role_permits_is_dropped_and_nothing_left_is_refused() {
    let roleless = || Some(User { roles: Vec::new(), ..user() });
    let some = Case { user: roleless(), ..Case::asking(&[("scope", "posts:read posts:write")]) };
    assert_eq!(some.decide(), consent("posts:read", ""));
    let none = |prompt| Case { user: roleless(), ..Case::asking(&[("scope", "posts:write"), ("prompt", prompt)]) };
    none("consent").assert_refused(ErrorCode::AccessDenied);
    none("none").assert_refused(ErrorCode::AccessDenied);
    // A role that was lost since consent was given is lost.
    let lost = Case { given: Some((user().id, "posts:read posts:write")), ..some };
    assert_eq!(lost.decide(), issue("posts:read", true));
}

#[test]
fn offline_access_needs_a_person_who_is_asked_or_allowed_it_before() {
    let keeper = Client { grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken], ..web() };
    let asks = |more: &[(&'static str, &'static str)]| {
        let parameters = [&[("scope", "openid offline_access")], more].concat();
        Case { client: keeper.clone(), parameters, ..Case::default() }
    };
    assert_eq!(asks(&[]).decide(), consent("openid", ""));
    assert_eq!(Case { remembered: Some("openid"), ..asks(&[]) }.decide(), issue("openid", false));
    assert_eq!(asks(&[("prompt", "consent")]).decide(), consent("openid offline_access", ""));
    let given = Some((user().id, "openid offline_access"));
    assert_eq!(Case { given, ..asks(&[("prompt", "consent")]) }.decide(), issue("openid offline_access", true));
    let before = Some("openid offline_access");
    assert_eq!(Case { remembered: before, ..asks(&[]) }.decide(), issue("openid offline_access", false));
    // What a native client was allowed is not remembered, so it is asked.
    let native = Client { application_type: ApplicationType::Native, ..keeper.clone() };
    assert_eq!(Case { client: native, remembered: before, ..asks(&[]) }.decide(), consent("openid", ""));
    let own = Client { first_party: true, consent: ConsentPolicy::Never, ..keeper.clone() };
    assert_eq!(Case { client: own, ..asks(&[]) }.decide(), issue("openid offline_access", false));
}
