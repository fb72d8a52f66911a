//! Shapes of secrets of well-known services.

/// How many token bytes follow a beginning, and which.
pub(crate) struct TokenRow {
    pub(crate) prefix: &'static str,
    pub(crate) least: usize,
    /// It goes on after what only base64 has.
    pub(crate) is_base64: bool,
}

const fn token(prefix: &'static str, least: usize) -> TokenRow {
    TokenRow { prefix, least, is_base64: false }
}

const fn token64(prefix: &'static str, least: usize) -> TokenRow {
    TokenRow { prefix, least, is_base64: true }
}

/// Prefixes of tokens of well-known services. After a prefix with a dot at its end, a token may
/// contain dots.
pub(crate) const TOKENS: &[TokenRow] = &[
    token("AKIA", 16), token("ASIA", 16), token("LTAI", 12), token("AIza", 30), token("GOCSPX-", 8),
    token("ya29.", 10), token("1//0", 16), token("4/0A", 10),
    token("ghp_", 16), token("gho_", 16), token("ghu_", 16), token("ghs_", 16), token("ghr_", 16),
    token("github_pat_", 16),
    token("glpat-", 16), token("gldt-", 16), token("glrt-", 16), token("glsa_", 16), token("glcbt-", 16),
    token("glptt-", 16), token("glft-", 16), token64("glc_", 16),
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
    token("nvapi-", 24), token("NRAK-", 16), token64("sntrys_", 24),
    token("nfp_", 24), token("SWMTKN-1-", 16), token("EAAC", 32), token("CFPAT-", 24), token("tskey-", 12),
    token64("fo1_", 24), token("tfp_", 24), token("bkua_", 24),
    token("atlasv1.", 24), token("rpa_", 24), token("oy2", 40), token("eyJrIjoi", 24), token64("ops_", 40),
    token("AQ.", 24), token("md5", 32),
    // Clouds and hosts.
    token("ABIA", 16), token("ACCA", 16), token64("ABSK", 40), token64("bedrock-api-key-", 24), token("v1.0-", 40),
    token("HRKU-", 24), token64("fm1_", 24), token64("fm2_", 24), token("vercel_blob_rw_", 16), token("rnd_", 24),
    token("sb_secret_", 16), token("pscale_oauth_", 16), token("pscale_pw_", 16),
    token("dt0c01.", 24), token("dt0s01.", 24), token("dt0s16.", 24), token("hvr.", 20), token("pul-", 32),
    token("dp.ct.", 16), token("dp.scim.", 16), token("dp.audit.", 16), token("y0_", 40), token("y1_", 40),
    token("AQVN", 32), token("AKCp", 40), token("cmVmdGtu", 40), token("sl.", 60), token("infp_", 24),
    // Code, packages and builds.
    token("glagent-", 16), token("glimt-", 16), token("glsoat-", 16), token("gloas-", 16), token("glffct-", 16),
    token("GR1348941", 16), token("dckr_oat_", 16), token("CCIPAT_", 16), token("bkpt_", 24),
    token("squ_", 24), token("sqp_", 24), token("sqa_", 24), token("sgp_", 24), token("lin_oauth_", 16),
    token("pnu_", 24), token("e2b_", 24), token("ATCTT3", 16), token("ATSTT3", 16),
    // Models and data.
    token("pcsk_", 24), token64("lsv2_", 24), token("tvly-", 16), token("wandb_v1_", 16), token("fc-", 32),
    token("api_org_", 24), token("phx_", 24), token("tr_dev_", 16), token("tr_prod_", 16), token("jina_", 24),
    token("VF.DM.", 24), token("csk-", 32), token("esecret_", 16),
    // Payments and trade.
    token("FLWSECK", 16),
    token("EZAK", 40), token("EZTK", 40), token("shippo_live_", 16), token("shippo_test_", 16), token("EAAA", 40),
    token("duffel_live_", 16), token("duffel_test_", 16), token("shpua_", 16), token("AQE", 60), token("pat-na", 24),
    token("pat-eu", 24), token("sk_prod_", 8), token("sandbox-sq0", 16), token("pdl_", 24),
    // Mail, messages and monitoring.
    token("xsmtpsib-", 16), token("xoxc-", 8), token64("xoxd-", 8), token("xoxo-", 8), token("xwfp-", 8),
    token("NRII-", 16), token("NRAA-", 16), token("NRRA-", 16), token("NRJS-", 16), token("sntryu_", 24),
    token("hcaik_", 24), token("hcxik_", 24), token("aio_", 24), token("rdme_", 24), token("fio-u-", 24),
    token("rootly_", 24), token("EAAG", 32), token("EAAB", 32), token("EAAD", 32), token("EAAE", 32), token("IGQV", 40),
    token("SSWS", 30), token64("TlRMTVNTUAA", 16), token64("YII", 60),
    token64("dG9rOj", 40), token("ExponentPushToken[", 16), token("k8s-aws-v1.", 60),
    // Wallets.
    token("xprv", 60), token("yprv", 60), token("zprv", 60), token("tprv", 60),
];

/// What one part of a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// Exactly this.
    Text(&'static str),
    /// One of these bytes.
    Any(&'static str),
    /// Letters and digits, at least so many and at most so many.
    Alnum(usize, usize),
    /// Capitals and digits.
    Upper(usize, usize),
    /// Letters, digits, `-` and `_`.
    Word(usize, usize),
    /// Base64 with letters of both cases and digits in turns.
    Base(usize, usize),
    /// Small hexadecimal digits.
    Hex(usize, usize),
    /// Decimal digits.
    Digits(usize, usize),
}

/// Tokens that are recognised by the lengths of their parts rather than by a prefix.
pub(crate) const SHAPES: &[&[Of]] = &[
    // Bots of Discord.
    &[Of::Any("MNO"), Of::Word(22, 28), Of::Text("."), Of::Word(6, 6), Of::Text("."), Of::Word(27, 45)],
    // Airtable, Mailchimp, Asana, GitHub Apps, Zoho, Resend, crates.io.
    &[Of::Text("pat"), Of::Alnum(14, 14), Of::Text("."), Of::Hex(64, 64)],
    &[Of::Hex(32, 32), Of::Text("-us"), Of::Digits(1, 2)],
    &[Of::Any("012"), Of::Text("/"), Of::Digits(10, 20), Of::Text(":"), Of::Hex(32, 32)],
    &[Of::Text("v1."), Of::Hex(40, 40)],
    &[Of::Text("1000."), Of::Hex(32, 32), Of::Text("."), Of::Hex(32, 32)],
    &[Of::Text("re_"), Of::Alnum(8, 8), Of::Text("_"), Of::Alnum(24, 24)],
    &[Of::Text("cio"), Of::Alnum(32, 32)],
    &[Of::Text("access_token$"), Of::Alnum(7, 10), Of::Text("$"), Of::Alnum(1, 29), Of::Text("$"), Of::Hex(32, 32)],
    // Terraform, Entra, Okta, Salesforce, Anaconda, Azure DevOps.
    &[Of::Alnum(14, 14), Of::Text(".atlasv1."), Of::Word(60, 80)],
    &[Of::Alnum(3, 3), Of::Digits(1, 1), Of::Text("Q~"), Of::Word(3, 40)],
    &[Of::Text("00D"), Of::Alnum(12, 15), Of::Text("!"), Of::Word(40, 160)],
    &[Of::Text("tk-"), Of::Hex(8, 8), Of::Text("-"), Of::Word(20, 40)],
    &[Of::Alnum(76, 76), Of::Text("AZDO"), Of::Alnum(4, 4)],
    // Keys of LaunchDarkly, and of others that put a word before a UUID.
    &[Of::Any("sma"), Of::Any("dop"), Of::Any("kbi"), Of::Text("-"), Of::Hex(8, 8), Of::Text("-"), Of::Hex(4, 4), Of::Text("-"), Of::Hex(4, 4), Of::Text("-"), Of::Hex(4, 4), Of::Text("-"), Of::Hex(12, 12)],
    // Chats of Twitch.
    &[Of::Text("oauth:"), Of::Word(30, 30)],
    // Devices of Firebase.
    &[Of::Word(11, 22), Of::Text(":APA91b"), Of::Word(60, 200)],
    // Seeds of NATS, keys of Bitcoin.
    &[Of::Text("S"), Of::Any("UAONCX"), Of::Upper(56, 56)],
    &[Of::Text("5"), Of::Any("HJK"), Of::Alnum(49, 49)],
    &[Of::Any("KL"), Of::Alnum(51, 51)],
    // Secret keys of AWS.
    &[Of::Base(40, 40)],
];

/// What names a block between `-----BEGIN` and `-----END` that is secret.
pub(crate) const BLOCKS: &[&str] = &["PRIVATE KEY", "Static key", "SECRET", "MESSAGE KEY"];

/// Beginnings of hashes of passwords.
pub(crate) const HASHES: &[&str] = &[
    "$argon2", "$2a$", "$2b$", "$2y$", "$1$", "$5$", "$6$", "$y$", "$7$", "$scrypt$", "$pbkdf2", "$apr1$", "{ssha",
    "{sha", "{md5}", "{crypt}", "{plain}", "{blf-crypt}", "{cram-md5}", "{argon2", "{pbkdf2", "scram-sha-",
];

/// Beginnings of words that are such hashes.
pub(crate) const NAMED_HASHES: &[&str] = &[
    "pbkdf2_sha256$", "pbkdf2_sha1$", "pbkdf2:sha", "bcrypt_sha256$", "bcrypt$", "argon2$", "scrypt$", "scrypt:32768",
    "sha1$", "sha256$", "sha512$", "md5$", "pbkdf2-sha", "scram-sha-256$",
];

/// Hosts and paths of web hooks, up to where the secret begins.
pub(crate) const HOOKS: &[&str] = &[
    "hooks.slack.com/services/", "hooks.slack.com/workflows/", "hooks.slack.com/triggers/",
    "http-intake.logs.datadoghq.com/v1/input/", "http-intake.logs.datadoghq.eu/v1/input/",
    "hooks.zapier.com/hooks/catch/", "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/", "webhook.office.com/webhookb2/", "outlook.office.com/webhook/",
    "api.telegram.org/bot", "api.telegram.org/file/bot",
    "maker.ifttt.com/trigger/", "chat.googleapis.com/v1/spaces/", "events.pagerduty.com/integration/",
    "hooks.teams.microsoft.com/", "hooks.zapier.com/hooks/standard/", "hc-ping.com/", "hooks.airtable.com/workflows/",
    "webhooks.mongodb-realm.com/", "alert.victorops.com/integrations/", "open.feishu.cn/open-apis/bot/v2/hook/",
    "open.larksuite.com/open-apis/bot/v2/hook/", "ptb.discord.com/api/webhooks/", "canary.discord.com/api/webhooks/",
    "hook.eu1.make.com/", "hook.us1.make.com/", "hook.integromat.com/", "webhook.site/",
    "uptime.betterstack.com/api/v1/heartbeat/", "cronitor.link/p/", "hooks.glip.com/webhook/",
];
