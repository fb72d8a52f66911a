"""A real SMTP server for the tests of the mail channel: it wants TLS and a login, and writes down what arrives.

Usage: server.py FOLDER, which holds cert.pem and key.pem. It writes its ports to FOLDER, then mails to mail.json, one
line each, until its standard input is closed.
"""

import email
import email.policy
import json
import pathlib
import socket
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

FOLDER = pathlib.Path(sys.argv[1])


class Keep:
    """Takes each mail and writes it down."""

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        line = {
            "tls": session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None,
            "user": (session.auth_data.login or b"").decode() if session.auth_data else None,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": mail["subject"],
            "bcc": mail["bcc"],
            "body": mail.get_body().get_content(),
        }
        with (FOLDER / "mail.json").open("a") as file:
            file.write(json.dumps(line) + "\n")
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    """Knows one user."""
    known = (data.login, data.password) == (b"alerts", b"correct horse")
    return AuthResult(success=known, handled=False, auth_data=data)


class Starttls(Controller):
    """Begins in the clear and wants STARTTLS."""

    def factory(self):
        return SMTP(self.handler, tls_context=tls, require_starttls=True, auth_required=True, authenticator=authenticate)


class Implicit(Controller):
    """TLS from the first byte on."""

    def factory(self):
        return SMTP(self.handler, auth_required=True, auth_require_tls=False, authenticator=authenticate)


def free_port():
    """Asks the system for a port that nobody listens on; the controllers want to know theirs beforehand."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(FOLDER / "cert.pem", FOLDER / "key.pem")
servers = {
    "starttls": Starttls(Keep(), hostname="127.0.0.1", port=free_port()),
    "tls": Implicit(Keep(), hostname="127.0.0.1", port=free_port(), ssl_context=tls),
    "plain": Controller(Keep(), hostname="127.0.0.1", port=free_port()),
}
for name, server in servers.items():
    server.start()
    (FOLDER / f"{name}.port").write_text(str(server.port))
print("ready", flush=True)
sys.stdin.read()
for server in servers.values():
    server.stop()
