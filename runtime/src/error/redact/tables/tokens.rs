//! Shapes of secrets of well-known services.

/// How many token bytes follow a beginning, and which.
pub(crate) struct TokenRow {
    pub(crate) prefix: &'static str,
    pub(crate) least: usize,
}

const fn token(prefix: &'static str, least: usize) -> TokenRow {
    TokenRow { prefix, least }
}

/// Beginnings of tokens of well-known services. One that ends with a dot goes on after dots.
pub(crate) const TOKENS: &[TokenRow] = &[
    token("AKIA", 16), token("ASIA", 16), token("LTAI", 12), token("AIza", 30), token("GOCSPX-", 8),
    token("ya29.", 10), token("1//0", 16), token("4/0A", 10),
    token("ghp_", 16), token("gho_", 16), token("ghu_", 16), token("ghs_", 16), token("ghr_", 16),
    token("github_pat_", 16),
    token("glpat-", 16), token("gldt-", 16), token("glrt-", 16), token("glsa_", 16), token("glcbt-", 16),
    token("glptt-", 16), token("glft-", 16), token("glc_", 16),
    token("xoxb-", 8), token("xoxp-", 8), token("xoxa-", 8), token("xoxs-", 8), token("xoxr-", 8), token("xoxe-", 8),
    token("xoxe.xoxp-", 8), token("xapp-", 8),
    token("sk_live_", 8), token("sk_test_", 8), token("rk_live_", 8), token("rk_test_", 8), token("whsec_", 8),
    token("sk-", 20), token("sq0atp-", 16), token("sq0csp-", 16),
    token("shpat_", 16), token("shpca_", 16), token("shppa_", 16), token("shpss_", 16), token("hf_", 20),
    token("hvs.", 20), token("hvb.", 20), token("s.", 24),
    token("npm_", 30), token("pypi-", 16), token("rubygems_", 16), token("dckr_pat_", 16), token("dop_v1_", 16),
    token("doo_v1_", 16), token("dor_v1_", 16), token("SG.", 16),
    token("dapi", 32), token("key-", 32), token("SK", 32), token("AGE-SECRET-KEY-1", 16), token("lin_api_", 16),
    token("dp.st.", 16), token("dp.pt.", 16), token("dp.sa.", 16),
    token("xkeysib-", 16), token("ATATT3", 16), token("ATBB", 16), token("figd_", 16), token("secret_", 24),
    token("ntn_", 24), token("sbp_", 24), token("pscale_tkn_", 16),
    token("PMAK-", 16), token("gsk_", 24), token("xai-", 24), token("pplx-", 24), token("r8_", 24),
    token("nvapi-", 24), token("NRAK-", 16), token("sntrys_", 24),
    token("nfp_", 24), token("SWMTKN-1-", 16), token("EAAC", 32), token("CFPAT-", 24), token("tskey-", 12),
    token("fo1_", 24), token("tfp_", 24), token("bkua_", 24),
    token("atlasv1.", 24), token("rpa_", 24), token("oy2", 40), token("eyJrIjoi", 24), token("ops_", 40),
    token("AQ.", 24), token("md5", 32),
];

/// Beginnings of hashes of passwords.
pub(crate) const HASHES: &[&str] = &[
    "$argon2", "$2a$", "$2b$", "$2y$", "$1$", "$5$", "$6$", "$y$", "$7$", "$scrypt$", "$pbkdf2", "$apr1$", "{ssha",
    "{sha", "{md5}", "{crypt}", "scram-sha-",
];

/// Hosts and paths of web hooks, up to where the secret begins.
pub(crate) const HOOKS: &[&str] = &[
    "hooks.slack.com/services/", "hooks.slack.com/workflows/", "hooks.slack.com/triggers/",
    "hooks.zapier.com/hooks/catch/", "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/", "webhook.office.com/webhookb2/", "outlook.office.com/webhook/",
    "api.telegram.org/bot", "api.telegram.org/file/bot",
    "maker.ifttt.com/trigger/", "chat.googleapis.com/v1/spaces/", "events.pagerduty.com/integration/",
    "hooks.teams.microsoft.com/",
];
