//! The login's page: HTML and a style, and no script.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, VARY,
    WWW_AUTHENTICATE,
};

use super::Desk;

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

const PAGE: &str = include_str!("../pages/login/login.html");
const PASSWORD: &str = include_str!("../pages/login/password.html");
const TOKEN: &str = include_str!("../pages/login/token.html");
const STYLE: &str = include_str!("../pages/login/login.css");

/// The page, with what was wrong before.
pub(super) fn login(desk: &Desk, status: StatusCode, wrong: Option<&'static str>) -> Response {
    let page = page(!desk.0.operators.is_empty(), wrong);
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        // Without a referrer, a browser would send the form with an origin of `null` (Fetch, "serialized request origin").
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
        (VARY, "cookie"),
    ];
    let mut answer = (status, headers, page).into_response();
    if status == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tidings\""));
    }
    answer
}

pub(super) fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")], STYLE)
}

/// Nothing that somebody typed is ever in it.
fn page(by_password: bool, wrong: Option<&'static str>) -> String {
    let wrong = wrong.map(|words| format!("<p class=\"wrong\" id=\"wrong\" role=\"alert\">{words}</p>"));
    let forms = match by_password {
        true => {
            let token = TOKEN.replace("<!-- first -->", "");
            format!("{PASSWORD}<details><summary>Log in by token</summary>\n{token}</details>\n")
        }
        false => TOKEN.replace("<!-- first -->", "autofocus"),
    };
    PAGE.replace("<!-- wrong -->", &wrong.unwrap_or_default()).replace("<!-- forms -->", &forms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_forms_that_there_are_and_says_what_was_wrong() {
        let both = page(true, Some("Name or password is wrong."));
        assert!(both.contains("name=\"password\"") && both.contains("name=\"token\""), "{both}");
        assert!(both.contains("Name or password is wrong."));
        let token = page(false, None);
        assert!(!token.contains("name=\"password\"") && token.contains("name=\"token\""), "{token}");
        assert!(!token.contains("role=\"alert\""));
        for page in [both, token] {
            assert!(!page.contains("<!--"), "every place is filled: {page}");
            for forbidden in ["<script", "<style", " style=", " onclick=", "javascript:", "https://"] {
                assert!(!page.contains(forbidden), "{forbidden} in {page}");
            }
            assert_eq!(page.matches("autofocus").count(), 1, "{page}");
        }
    }

    #[test]
    fn the_policy_allows_the_form_and_its_style_alone() {
        assert!(
            !POLICY.contains("unsafe") && !POLICY.contains("script") && !POLICY.contains("http"),
            "{POLICY}"
        );
    }
}
