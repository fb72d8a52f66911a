//! Options of programs that hold a secret.

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
    /// In the last argument that is no option, if there are as many: `htpasswd -b file user secret`.
    Positional(usize),
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
    option(&["net"], "use", Holds::Positional(3)),
    option(&["htpasswd"], "-b", Holds::Positional(3)),
    option(&["htpasswd"], "-bc", Holds::Positional(3)),
    option(&["htpasswd"], "-nb", Holds::Positional(2)),
    option(&["nmcli", "networksetup"], "password", Holds::Next),
    option(&["expect", "kinit", "su"], "--password", Holds::Next),
];
