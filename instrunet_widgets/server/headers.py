"""Headers that every response carries: pages, interfaces, files and errors, whoever makes them."""

from __future__ import annotations

import secrets
from typing import Any

from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import OutputTransform

_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS = "max-age=31536000"
_SHARED = "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
# What is no page loads nothing.
NO_PAGE_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
_OWN_HOST_ONLY = ("localhost", "127.0.0.1", "::1")


def app_policy(nonce: str) -> str:
    """Give the content security policy of the app's page.

    Scripts come from this server, from the page itself (with the nonce), or from the kernel (anywidget imports them as
    blobs). Styles may stand in attributes, as those of widgets do.
    """
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}' blob:; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self' blob: data:; "
        f"{_SHARED}"
    )


def form_policy(nonce: str) -> str:
    """Give the content security policy of other pages: sign-in, errors."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        f"connect-src 'self'; {_SHARED}"
    )


def nonce_of(handler: Any) -> str:
    """Give the word that the inline scripts of a response must carry; another one for each request.

    Parameters
    ----------
    handler : tornado.web.RequestHandler
    """
    if not hasattr(handler, "_instrunet_nonce"):
        handler._instrunet_nonce = secrets.token_urlsafe(16)
    return str(handler._instrunet_nonce)


class PageWithScripts:
    """Mixin for handlers whose templates have inline scripts: ``<script nonce="{{ nonce }}">``."""

    @property
    def content_security_policy(self) -> str:
        """What the page may load."""
        return form_policy(nonce_of(self))

    @property
    def template_namespace(self) -> dict[str, Any]:
        """What templates know."""
        return {**super().template_namespace, "nonce": nonce_of(self)}  # type: ignore[misc]

    def set_cookie(self, name: str, value: str | bytes, *args: Any, **kwargs: Any) -> None:
        """Set a cookie; over TLS, for TLS only."""
        if self.request.protocol == "https":  # type: ignore[attr-defined]
            kwargs["secure"] = True
        super().set_cookie(name, value, *args, **kwargs)  # type: ignore[misc]

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send a page with what went wrong; also to a request that failed before anybody asked whose it is."""
        if not hasattr(self, "_current_user"):
            self.current_user = None
        super().write_error(status_code, **kwargs)  # type: ignore[misc]


class ProtectiveHeaders(OutputTransform):
    """Sets the headers as a response leaves; `tornado.web.Application` makes one for each request."""

    def __init__(self, request: HTTPServerRequest) -> None:
        self._is_public_tls = request.protocol == "https" and request.host_name not in _OWN_HOST_ONLY

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Complete the headers, and say nothing of the server's software."""
        headers.pop("Server", None)
        if status_code == 101:
            return status_code, headers, chunk
        for name, value in _EVERYWHERE.items():
            headers[name] = value
        if self._is_public_tls:
            headers["Strict-Transport-Security"] = HSTS
        if "'nonce-" not in headers.get("Content-Security-Policy", ""):
            headers["Content-Security-Policy"] = NO_PAGE_POLICY
        is_file = "Last-Modified" in headers and status_code in (200, 206, 304)
        if not is_file:
            headers["Cache-Control"] = "no-store"
        elif "Set-Cookie" in headers or "Cache-Control" not in headers:
            headers["Cache-Control"] = "private, no-cache"
        return status_code, headers, chunk
