"""TLS with the operator's own certificate."""

from __future__ import annotations

import ssl

from ..errors import ServerError
from .options import ServingOptions


def make_tls_context(options: ServingOptions) -> ssl.SSLContext | None:
    """Give what encrypts connections; None if the server speaks plain HTTP.

    Raises
    ------
    ServerError
        If certificate and key cannot be read, or do not belong together.
    """
    if options.certfile is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(options.certfile, options.keyfile, password=_have_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ServerError(
            f"the certificate {options.certfile} and the key {options.keyfile} cannot be used "
            f"({getattr(error, 'reason', None) or error}): both must be PEM files that belong together, the key "
            "without a password."
        ) from error
    return context


def _have_no_password() -> str:
    raise ValueError("the key is encrypted")
