"""Who may connect: authenticators for NULL, PLAIN, CURVE and GSSAPI, and the certificates of CURVE.

from zmqbind.auth.thread import ThreadAuthenticator

auth = ThreadAuthenticator(context)
auth.start()
auth.configure_curve(domain="*", location="clients")  # the directory of the clients' public certificates

`zmqbind.auth.thread`, `zmqbind.auth.asyncio` and `zmqbind.auth.anyio` have an authenticator each. See docs/security.md.
"""

from __future__ import annotations

from .base import CURVE_ALLOW_ANY, Authenticator
from .certs import create_certificates, load_certificate, load_certificates

__all__ = ["CURVE_ALLOW_ANY", "Authenticator", "create_certificates", "load_certificate", "load_certificates"]
