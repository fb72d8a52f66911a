//! Programs and functions that are called with a secret.

/// How an option of a program holds a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// In the next argument: `-p secret`.
    Next,
    /// In the same one: `-psecret`.
    Glued,
    /// In the same one or the next.
    Either,
    /// After the first of these bytes in the next argument: `-u user:secret`.
    After(u8),
    /// In the last argument that is no option, if there are as many:
    /// `htpasswd -b file user secret`.
    Positional(usize),
    /// In the first argument that may be a password: `net use z: \\\\host\\x /user:ann secret`.
    Chosen,
}

/// An option of some programs.
pub(crate) struct OptionRow {
    pub(crate) programs: &'static [&'static str],
    pub(crate) option: &'static str,
    pub(crate) holds: Holds,
}

const fn option(programs: &'static [&'static str], option: &'static str, holds: Holds) -> OptionRow {
    OptionRow { programs, option, holds }
}

/// Options with short names; long ones as `--password` give themselves away by their names.
pub(crate) const OPTIONS: &[OptionRow] = &[
    option(&["curl", "wget"], "-u", Holds::After(b':')),
    option(&["curl"], "--user", Holds::After(b':')),
    option(&["curl"], "-U", Holds::After(b':')),
    option(&["curl"], "--proxy-user", Holds::After(b':')),
    option(&["http", "https", "httpie", "xh"], "-a", Holds::After(b':')),
    option(&["http", "https", "httpie", "xh"], "--auth", Holds::After(b':')),
    option(&["lftp"], "-u", Holds::After(b',')),
    option(&["smbclient", "rpcclient", "smbget", "net", "wmic", "winexe", "pth-winexe"], "-U", Holds::After(b'%')),
    option(
        &[
            "mysql", "mysqldump", "mysqladmin", "mysqlimport", "mysqlcheck", "mariadb", "mariadb-dump", "mysqlsh",
        ],
        "-p",
        Holds::Glued,
    ),
    option(&["7z", "7za", "7zz"], "-p", Holds::Glued),
    option(&["rar", "unrar"], "-p", Holds::Glued),
    option(&["rar"], "-hp", Holds::Glued),
    option(
        &[
            "sshpass", "docker", "podman", "nerdctl", "helm", "buildah", "skopeo", "oras", "az", "oc", "cf", "mongo",
            "mongosh", "mongodump", "mongorestore", "mongoexport", "cqlsh", "rclone", "svn", "jfrog", "argocd",
            "vncpasswd", "clickhouse-client", "impala-shell", "twurl", "snowsql",
        ],
        "-p",
        Holds::Either,
    ),
    option(&["redis-cli", "keydb-cli", "valkey-cli"], "-a", Holds::Either),
    option(
        &[
            "ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldapwhoami", "ldappasswd", "ldapcompare",
        ],
        "-w",
        Holds::Either,
    ),
    option(&["ldappasswd"], "-s", Holds::Either),
    option(
        &[
            "snmpget", "snmpwalk", "snmpset", "snmpbulkwalk", "snmptrap", "snmpbulkget", "snmpgetnext", "snmptable",
            "snmpinform",
        ],
        "-c",
        Holds::Either,
    ),
    option(&["snmpget", "snmpwalk", "snmpset", "snmpbulkwalk", "snmptrap", "snmpbulkget"], "-A", Holds::Next),
    option(&["snmpget", "snmpwalk", "snmpset", "snmpbulkwalk", "snmptrap", "snmpbulkget"], "-X", Holds::Next),
    option(
        &[
            "mosquitto_pub", "mosquitto_sub", "mosquitto_rr", "zip", "unzip", "sqlcmd", "bcp", "ipmitool", "isql",
            "tsql", "freetds", "fisql",
        ],
        "-P",
        Holds::Either,
    ),
    option(&["zip", "unzip"], "--password", Holds::Next),
    option(&["plink", "pscp", "psftp", "putty", "winscp"], "-pw", Holds::Next),
    option(&["openssl"], "-passin", Holds::After(b':')),
    option(&["openssl"], "-passout", Holds::After(b':')),
    option(&["openssl"], "-pass", Holds::After(b':')),
    option(&["openssl"], "-k", Holds::Next),
    option(&["openssl"], "-K", Holds::Next),
    option(&["mstsc", "xfreerdp", "wfreerdp", "xfreerdp3", "cmdkey", "psexec"], "/p:", Holds::Glued),
    option(&["cmdkey"], "/pass:", Holds::Glued),
    option(&["psexec", "xfreerdp"], "-p", Holds::Next),
    option(&["net"], "use", Holds::Chosen),
    option(&["htpasswd"], "-b", Holds::Positional(3)),
    option(&["htpasswd"], "-bc", Holds::Positional(3)),
    option(&["htpasswd"], "-nb", Holds::Positional(2)),
    option(&["nmcli", "networksetup"], "password", Holds::Next),
    option(&["expect", "kinit", "su"], "--password", Holds::Next),
    option(&["net"], "user", Holds::Positional(2)),
    option(&["mc", "mcli"], "set", Holds::Positional(4)),
    option(&["mc", "mcli"], "add", Holds::Positional(4)),
    option(&["wpa_passphrase"], "", Holds::Positional(2)),
    option(&["sqlplus", "sqlcl", "impdp", "expdp", "rman", "sqlldr"], "", Holds::After(b'/')),
    option(&["codecov", "codecovcli"], "-t", Holds::Next),
    option(&["rabbitmqctl"], "add_user", Holds::Positional(2)),
    option(&["rabbitmqctl"], "change_password", Holds::Positional(2)),
    option(&["rabbitmqctl"], "authenticate_user", Holds::Positional(2)),
    option(&["radtest"], "", Holds::Positional(2)),
    option(&["rclone"], "pass", Holds::Next),
    option(&["rclone"], "obscure", Holds::Positional(1)),
    option(&["ipa-client-install", "ipa-server-install", "realm", "adcli"], "-w", Holds::Next),
    option(&["ipa-server-install"], "-p", Holds::Next),
    option(&["ipa-server-install"], "-a", Holds::Next),
    option(&["kadmin", "kadmin.local"], "-pw", Holds::Next),
    option(&["bw"], "unlock", Holds::Positional(1)),
    option(&["bw"], "login", Holds::Positional(2)),
    option(&["veracrypt", "truecrypt", "fab", "pdftk"], "-p", Holds::Next),
    option(&["pdftk"], "input_pw", Holds::Next),
    option(&["pdftk"], "owner_pw", Holds::Next),
    option(&["pdftk"], "user_pw", Holds::Next),
    option(&["zkCli.sh", "zkcli"], "digest", Holds::After(b':')),
    option(&["solr"], "-credentials", Holds::After(b':')),
    option(&["nsupdate", "dig", "rndc"], "-y", Holds::After(b':')),
    option(&["snyk"], "auth", Holds::Positional(1)),
    option(&["ngrok"], "authtoken", Holds::Positional(1)),
    option(&["ngrok"], "add-authtoken", Holds::Positional(1)),
    option(&["vault", "bao"], "login", Holds::Positional(1)),
    option(&["vault", "bao"], "unseal", Holds::Positional(1)),
    option(&["gh"], "--body", Holds::Next),
    option(&["aws", "az", "wrangler", "flyctl"], "--value", Holds::Next),
    option(&["aws", "awslocal"], "--secret-string", Holds::Next),
    option(&["ssh-keygen"], "-N", Holds::Next),
    option(&["ssh-keygen"], "-P", Holds::Next),
    option(&["signtool", "schtasks", "taskkill", "tasklist", "systeminfo"], "/p", Holds::Next),
    option(&["schtasks"], "/rp", Holds::Next),
    option(
        &["rdesktop", "hydra", "evil-winrm", "crackmapexec", "nxc", "winrs", "certutil", "beeline", "pkcs11-tool"],
        "-p",
        Holds::Next,
    ),
    option(&["iwconfig"], "key", Holds::Next),
    option(&["swaks"], "-ap", Holds::Next),
    option(&["security"], "-p", Holds::Next),
    option(&["security"], "-P", Holds::Next),
    option(&["poetry", "composer"], "config", Holds::Positional(3)),
    option(&["cryptsetup", "sudo", "kinit", "chpasswd", "passwd", "gpg", "su"], "<<<", Holds::Next),
    option(&["hdbsql", "arangosh", "knife", "kpcli", "isql-fb"], "-p", Holds::Next),
    option(&["knife"], "-P", Holds::Next),
];

/// Short options of users and of passwords: a password follows one of the second where one of the
/// first stands before.
pub(crate) const USER_OPTIONS: &[&str] = &["-u", "-U", "-user", "--user", "--username", "-l", "-D"];
pub(crate) const PASSWORD_OPTIONS: &[&str] = &["-p", "-P", "-w", "-pw", "-W"];

/// Programs that read a secret from what `echo` writes into them, each with the word of its line
/// without which it does not.
pub(crate) const READERS: &[(&str, &str)] = &[
    ("sudo", "-S"), ("kinit", ""), ("chpasswd", ""), ("passwd", ""), ("smbpasswd", ""), ("docker", "--password-stdin"),
    ("podman", "--password-stdin"), ("helm", "--password-stdin"), ("buildah", "--password-stdin"),
    ("oras", "--password-stdin"), ("crane", "--password-stdin"), ("nerdctl", "--password-stdin"),
    ("skopeo", "--password-stdin"), ("gpg", "--passphrase-fd"), ("gpg2", "--passphrase-fd"), ("cryptsetup", ""),
    ("gh", "--with-token"), ("gh", "secret"), ("su", ""), ("secret-tool", ""), ("wrangler", "secret"),
    ("gcloud", "secrets"), ("openconnect", "--passwd-on-stdin"), ("htpasswd", "-i"), ("ecryptfs-add-passphrase", ""),
];

/// The ends of names of functions, and which of their arguments is secret. The arguments before it
/// may be anything.
pub(crate) const CALLS: &[(&str, usize)] = &[
    // Databases.
    ("PDO->__construct", 3), ("new PDO", 3), ("mysqli_connect", 3), ("mysqli->__construct", 3), ("new mysqli", 3),
    ("mysql_connect", 3), ("mysql_pconnect", 3), ("oci_connect", 2), ("DBI connect", 3), ("DBI->connect", 3),
    ("getConnection", 3), ("createConnection", 3), ("oracledb.connect", 2), ("cx_Oracle.connect", 2),
    ("pgp_sym_decrypt", 2), ("pgp_sym_encrypt", 2), ("AES_DECRYPT", 2),
    ("AES_ENCRYPT", 2), ("aes_decrypt", 2), ("aes_encrypt", 2), ("DecryptByPassPhrase", 1), ("EncryptByPassPhrase", 1),
    ("s3", 3), ("gcs", 3), ("mysql", 5), ("postgresql", 5), ("remote", 5), ("mongodb", 5), ("hmac", 2),
    ("hash_hmac", 3), ("createHmac", 2),
    // Logins.
    ("HTTPBasicAuth", 2), ("HTTPDigestAuth", 2), ("UsernamePasswordCredentials", 2), ("NetworkCredential", 2),
    ("PasswordCredential", 2), ("PSCredential", 2), ("UsernamePasswordCredential", 2), ("PlainAuth", 3),
    ("CRAMMD5Auth", 2), ("basic_auth", 2), ("basicAuth", 2), ("setBasicAuth", 2), ("SetBasicAuth", 2),
    ("WithBasicAuth", 2), ("BasicAWSCredentials", 2), ("BasicSessionCredentials", 2), ("AwsBasicCredentials.create", 2),
    ("NewStaticCredentials", 2), ("NewStaticCredentialsProvider", 2), ("Credentials::new", 2), ("Credentials.basic", 2),
    (".login", 2), ("->login", 2), ("::login", 2), ("->authenticate", 2), ("ftp_login", 3), ("ldap_bind", 3), ("simple_bind_s", 2), ("simple_bind", 2), ("imap_open", 3),
    ("ssh2_auth_password", 3), ("userpass", 2), ("signInWithEmailAndPassword", 2),
    ("createUserWithEmailAndPassword", 2), ("signIn", 2), ("plain_auth", 2), ("auth.basic", 2), ("password_verify", 1),
    ("password_hash", 1), ("crypt", 1), ("checkpw", 1), ("hashpw", 1), ("bcrypt.compare", 1), ("generate_password_hash", 1),
    ("jwt.verify", 2), ("jwt.sign", 2), ("jwt.encode", 2), ("PasswordAuthenticator", 2), ("AzureKeyCredential", 1),
    ("StorageSharedKeyCredential", 2), ("ClientSecretCredential", 3),
];
