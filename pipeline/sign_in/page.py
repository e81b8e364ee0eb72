"""The page that a person sees after a sign-in: static, without any script, and nothing on it is unescaped."""

import base64
import hashlib
from html import escape

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem}"
    "h1{font-size:1.4rem}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""The Content-Security-Policy of the page: its one style, and nothing else."""


def page(title: str, *sentences: str) -> str:
    """Make the page of a title and what to say; empty sentences are left out."""
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences if sentence)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{said}</main></body></html>"
    )
