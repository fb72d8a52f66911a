//! Configuration of alerts from environment variables.

use super::{from_env::new_problems, variables::*};
#[cfg(feature = "alert-email")]
use crate::alerts::{EmailChannel, EmailTls};
#[cfg(feature = "alert-webhook")]
use crate::alerts::{WebhookChannel, WebhookFormat};
use crate::{
    alerts::{AlertsConfig, AlertsConfigBuilder, Rule},
    event::Severity,
};

/// Returns the configuration of alerts, or `None` if no variable enables them.
/// Its settings take the place of those of the code.
pub(super) fn alerts(
    variables: &mut Variables,
    code: Option<AlertsConfigBuilder>,
) -> Option<AlertsConfigBuilder> {
    let wanted = variables.flag(ALERTS);
    let mut is_set = code.is_some();
    let mut builder = code.unwrap_or_else(AlertsConfig::builder);
    let own_problems = builder.clone().build().err();
    if let Some(level) = variables.parsed(ALERTS_MIN_LEVEL, LEVEL, Severity::from_name) {
        let rules = [
            Rule::immediate("errors"),
            Rule::breakers("circuit breakers"),
            Rule::health("health checks"),
        ];
        builder = rules.into_iter().fold(builder, |builder, rule| {
            builder.replace_rule(rule.min_level(level))
        });
        is_set = true;
    }
    if let Some(interval) = variables.duration(ALERTS_THROTTLE) {
        (builder, is_set) = (builder.throttle(interval), true);
    }
    if let Some(name) = variables.text(ALERTS_SOURCE) {
        (builder, is_set) = (builder.source(name), true);
    }
    #[cfg(feature = "alert-webhook")]
    if let Some(channel) = webhook(variables) {
        (builder, is_set) = (builder.replace_channel(channel), true);
    }
    #[cfg(not(feature = "alert-webhook"))]
    variables.refuse(WEBHOOK, "needs the feature `alert-webhook` of gardefou");
    #[cfg(feature = "alert-email")]
    if let Some(channel) = mail(variables) {
        (builder, is_set) = (builder.replace_channel(channel), true);
    }
    #[cfg(not(feature = "alert-email"))]
    variables.refuse(MAIL, "needs the feature `alert-email` of gardefou");
    if let Err(err) = builder.clone().build()
        && let Some(err) = new_problems(&err, own_problems.as_ref())
    {
        variables.problems_of(&err, &[("throttle", ALERTS_THROTTLE)]);
    }
    wanted.unwrap_or(is_set).then_some(builder)
}

const LEVEL: &str = "must be info, warning, error or critical";

#[cfg(feature = "alert-webhook")]
fn webhook(variables: &mut Variables) -> Option<WebhookChannel> {
    let Some(url) = variables.text(WEBHOOK_URL) else {
        variables.refuse(WEBHOOK, &format!("needs {WEBHOOK_URL}"));
        return None;
    };
    let mut channel = WebhookChannel::builder("webhook", url);
    if let Some(secret) = variables.secret(WEBHOOK_SECRET) {
        channel = channel.secret(secret);
    }
    let format = |text: &str| match text {
        "json" => Some(WebhookFormat::Json),
        "slack" => Some(WebhookFormat::Slack),
        _ => None,
    };
    if let Some(format) = variables.parsed(WEBHOOK_FORMAT, "must be json or slack", format) {
        channel = channel.format(format);
    }
    if let Some(timeout) = variables.duration(WEBHOOK_TIMEOUT) {
        channel = channel.timeout(timeout);
    }
    if let Some(on) = variables.flag(WEBHOOK_ALLOW_HTTP) {
        channel = channel.allow_http(on);
    }
    if let Some(on) = variables.flag(WEBHOOK_ALLOW_PRIVATE_ADDRESSES) {
        channel = channel.allow_private_addresses(on);
    }
    let names = [
        ("url", WEBHOOK_URL),
        ("secret", WEBHOOK_SECRET),
        ("timeout", WEBHOOK_TIMEOUT),
    ];
    let built = channel.build();
    built
        .map_err(|err| variables.problems_of(&err, &names))
        .ok()
}

#[cfg(feature = "alert-email")]
fn mail(variables: &mut Variables) -> Option<EmailChannel> {
    let Some(host) = variables.text(MAIL_HOST) else {
        variables.refuse(MAIL, &format!("needs {MAIL_HOST}"));
        return None;
    };
    let mut channel = EmailChannel::builder("mail", host);
    if let Some(port) = variables.number(MAIL_PORT) {
        channel = channel.port(port);
    }
    if let Some(name) = variables.text(MAIL_HELLO_NAME) {
        channel = channel.hello_name(name);
    }
    let tls = |text: &str| match text {
        "starttls" => Some(EmailTls::StartTls),
        "implicit" => Some(EmailTls::Implicit),
        "none" => Some(EmailTls::None),
        _ => None,
    };
    if let Some(tls) = variables.parsed(MAIL_TLS, "must be starttls, implicit or none", tls) {
        channel = channel.tls(tls);
    }
    if let Some(from) = variables.text(MAIL_FROM) {
        channel = channel.from(from);
    }
    for to in variables
        .text(MAIL_TO)
        .unwrap_or_default()
        .split(';')
        .map(str::trim)
        .filter(|to| !to.is_empty())
    {
        channel = channel.to(to);
    }
    match (variables.text(MAIL_USER), variables.secret(MAIL_PASSWORD)) {
        (Some(user), Some(password)) => channel = channel.credentials(user, password),
        (Some(_), None) => variables.problem(MAIL_USER, "(set)", &format!("needs {MAIL_PASSWORD}")),
        (None, Some(_)) => variables.problem(MAIL_PASSWORD, "(set)", &format!("needs {MAIL_USER}")),
        (None, None) => {}
    }
    let names = [
        ("host", MAIL_HOST),
        ("port", MAIL_PORT),
        ("from", MAIL_FROM),
        ("to", MAIL_TO),
        ("hello_name", MAIL_HELLO_NAME),
        ("tls", MAIL_TLS),
        ("credentials", MAIL_TLS),
    ];
    let built = channel.build();
    built
        .map_err(|err| variables.problems_of(&err, &names))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConfigError;

    fn of(values: &[(&str, &str)]) -> Result<Option<AlertsConfigBuilder>, ConfigError> {
        let values = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()));
        let mut variables = Variables::new(values.collect());
        let alerts = alerts(&mut variables, None);
        variables.finish().map(|()| alerts)
    }

    fn fields(err: &ConfigError) -> Vec<&str> {
        err.problems().map(|problem| problem.field).collect()
    }

    #[test]
    fn alerts_are_off_unless_a_variable_enables_them() {
        assert!(of(&[]).unwrap().is_none());
        assert!(of(&[(ALERTS, "true")]).unwrap().is_some());
        assert!(of(&[(ALERTS_THROTTLE, "1m")]).unwrap().is_some());
        assert!(
            of(&[(ALERTS_THROTTLE, "1m"), (ALERTS, "false")])
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn settings_take_the_place_of_those_of_the_code() {
        let code = AlertsConfig::builder()
            .rule(Rule::immediate("errors").min_level(Severity::Info))
            .source("code");
        let values = [(ALERTS_MIN_LEVEL, "critical")];
        let values = values.map(|(name, value)| (name.to_owned(), value.into()));
        let mut variables = Variables::new(values.into());
        let built = alerts(&mut variables, Some(code)).unwrap().build().unwrap();
        let level = Severity::Critical;
        let expected = AlertsConfig::builder()
            .rule(Rule::immediate("errors").min_level(level))
            .rule(Rule::breakers("circuit breakers").min_level(level))
            .rule(Rule::health("health checks").min_level(level))
            .source("code");
        assert_eq!(built, expected.build().unwrap());
    }

    #[test]
    fn level_and_throttle_reach_the_rules() {
        let built = of(&[(ALERTS_MIN_LEVEL, "critical"), (ALERTS_THROTTLE, "60")])
            .unwrap()
            .unwrap()
            .build()
            .unwrap();
        let level = Severity::Critical;
        let expected = AlertsConfig::builder()
            .rule(Rule::immediate("errors").min_level(level))
            .rule(Rule::breakers("circuit breakers").min_level(level))
            .rule(Rule::health("health checks").min_level(level))
            .throttle(std::time::Duration::from_secs(60));
        assert_eq!(built, expected.build().unwrap());
    }

    #[test]
    fn variable_that_needs_another_one_is_a_problem_that_hides_its_value() {
        let err = of(&[
            (WEBHOOK_SECRET, "hunter2"),
            (MAIL_PASSWORD, "hunter2"),
            (ALERTS_MIN_LEVEL, "loud"),
        ])
        .unwrap_err();
        assert_eq!(
            fields(&err),
            [ALERTS_MIN_LEVEL, WEBHOOK_SECRET, MAIL_PASSWORD]
        );
        assert!(!err.to_string().contains("hunter2"), "{err}");
    }

    #[cfg(not(any(feature = "alert-webhook", feature = "alert-email")))]
    #[test]
    fn channel_whose_feature_is_off_is_a_problem() {
        let err = of(&[
            (WEBHOOK_URL, "https://example.com/x"),
            (MAIL_HOST, "smtp.example.com"),
        ])
        .unwrap_err();
        assert_eq!(fields(&err), [WEBHOOK_URL, MAIL_HOST]);
    }

    #[cfg(all(feature = "alert-webhook", feature = "alert-email"))]
    #[test]
    fn both_channels_are_made_and_every_problem_names_its_variable() {
        let legal = [
            (WEBHOOK_URL, "https://hooks.example.com/x"),
            (WEBHOOK_SECRET, "0123456789abcdef"),
            (MAIL_HOST, "smtp.example.com"),
            (MAIL_FROM, "a@example.com"),
            (MAIL_TO, "Operations <b@example.com>; c@example.com"),
            (MAIL_USER, "u"),
            (MAIL_PASSWORD, "p"),
        ];
        let debug = format!("{:?}", of(&legal).unwrap().unwrap());
        assert!(
            debug.contains(r#"channels: ["webhook", "mail"]"#),
            "{debug}"
        );
        let illegal = [
            (WEBHOOK_URL, "http://hooks.example.com/hunter1"),
            (WEBHOOK_SECRET, "hunter2"),
            (MAIL_HOST, "smtp.example.com"),
            (MAIL_TO, "no-address"),
            (MAIL_HELLO_NAME, "shop 1"),
            (MAIL_TLS, "none"),
            (MAIL_USER, "u"),
            (MAIL_PASSWORD, "hunter3"),
            (ALERTS_THROTTLE, "0"),
        ];
        let err = of(&illegal).unwrap_err();
        let expected = [
            WEBHOOK_URL,
            WEBHOOK_SECRET,
            MAIL_FROM,
            MAIL_TO,
            MAIL_TLS,
            MAIL_HELLO_NAME,
            ALERTS_THROTTLE,
        ];
        assert_eq!(fields(&err), expected);
        assert!(!err.to_string().contains("hunter"), "{err}");
    }
}
