"""What a visitor is told when a request cannot be handed to the desk: a page, or a document.

Pages for people, problem documents (RFC 9457) for programs, both in the caller's language. They
need neither a template nor the desk, because the desk is what is missing.
"""

from html import escape
from typing import Final, NamedTuple

import msgspec

from paifang.core.reasons import N_
from paifang.web.language import language_of, translator
from paifang.web.live.ports import Scope, Send


class Kind(NamedTuple):
    """A problem's status and words."""

    status: int
    title: str
    detail: str
    retry_after_s: int = 0


KINDS: Final = {
    "desk_away": Kind(
        503,
        N_("Starting"),
        N_("This part of the server is not ready yet. The gates work; try again in a moment."),
        3,
    ),
    "desk_busy": Kind(
        503,
        N_("Too busy"),
        N_("Too many people ask at once. Your request was not begun; try again in a moment."),
        5,
    ),
    "desk_slow": Kind(
        504,
        N_("No answer in time"),
        N_("The server has not answered in time. Look whether it was done before you try again."),
    ),
    "bad_request": Kind(
        400, N_("Request not understood"), N_("The request could be read in more than one way.")
    ),
    "too_large": Kind(413, N_("Too large"), N_("What was sent is larger than this server takes.")),
}

_PAGE: Final = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}
<title>{title} · Paifang</title>
<style>
body{{margin:0;min-height:100vh;display:grid;place-content:center;padding:2rem;
font:1.125rem/1.6 system-ui,"Noto Sans SC","PingFang SC","Microsoft YaHei",sans-serif;
color:#1d2430;background:#f5f4f0}}
main{{max-width:34rem}}h1{{font-size:1.75rem;margin:0 0 .5rem}}p{{margin:0;color:#4a5260}}
@media(prefers-color-scheme:dark){{body{{color:#f0eee8;background:#14181f}}p{{color:#aeb6c2}}}}
</style></head><body><main><h1>{title}</h1><p>{detail}</p></main></body></html>
"""
_POLICY: Final = b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


class ForwardProblem(Exception):
    """A request cannot be handed to the desk; `code` is a key of KINDS."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


async def problem_response(problem: ForwardProblem, scope: Scope, send: Send) -> None:
    """Answer with a problem: as a page if the caller wants HTML, else as a document."""
    headers = dict(scope["headers"])
    kind = KINDS[problem.code]
    accepted: bytes = headers.get(b"accept", b"")
    to_person = b"text/html" in accepted and not scope["path"].startswith("/api/")
    language = headers.get(b"accept-language", b"")
    body = _page(kind, language) if to_person else _document(problem.code, kind, language)
    answer = [
        (
            b"content-type",
            b"text/html; charset=utf-8" if to_person else b"application/problem+json",
        ),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", _POLICY),
        (b"vary", b"accept, accept-language"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if kind.retry_after_s:
        answer.append((b"retry-after", str(kind.retry_after_s).encode()))
    if kind.status in {400, 413}:
        # What is left of the request is not read, so nothing after it can be understood.
        answer.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": kind.status, "headers": answer})
    await send({"type": "http.response.body", "body": body})


def _page(kind: Kind, language: bytes) -> bytes:
    _ = translator(language)
    refresh = f'<meta http-equiv="refresh" content="{kind.retry_after_s}">'
    return _PAGE.format(
        language="zh-Hans" if language_of(language.decode("latin-1")) == "zh_Hans" else "en",
        refresh=refresh if kind.status == 503 else "",
        title=escape(_(kind.title)),
        detail=escape(_(kind.detail)),
    ).encode()


def _document(code: str, kind: Kind, language: bytes) -> bytes:
    _ = translator(language)
    return msgspec.json.encode(
        {
            "type": "about:blank",
            "title": _(kind.title),
            "status": kind.status,
            "detail": _(kind.detail),
            "code": code,
            "retry_after": kind.retry_after_s,
        }
    )
