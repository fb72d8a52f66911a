//! Functions that take a secret.

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
