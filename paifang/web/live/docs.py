"""The API's description as JSON and as a plain page, and a page for each problem."""

import json
from functools import lru_cache
from html import escape
from typing import Any, Final

from paifang.services.live.problems import PROBLEMS, Problem
from paifang.web.language import CHINESE, language_of, translator
from paifang.web.live.http import Call, Reply, encode_json, text_reply
from paifang.web.live.openapi import description
from paifang.web.live.state import Live

PROBLEM_PAGES: Final = "/problems/"
_HTML: Final = b"text/html; charset=utf-8"
_HEADERS: Final = (
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    (b"vary", b"accept-language"),
)
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1c2430;background:#fff}h1{font-size:1.6rem}h2{font-size:1.1rem;margin-top:2.5rem;"
    "border-top:1px solid #d5dae1;padding-top:1rem}code,pre{font:14px ui-monospace,monospace}"
    "pre{background:#f3f5f8;padding:.75rem;overflow:auto}table{border-collapse:collapse}"
    "td{padding:.15rem 1rem .15rem 0;vertical-align:top}"
    "@media(prefers-color-scheme:dark){body{color:#e6e9ee;background:#14181f}pre{background:#1e242d}}"
)


@lru_cache(maxsize=2)
def _described(*, bench: bool) -> bytes:
    return encode_json(description(bench=bench))


async def openapi(live: Live, call: Call) -> Reply:
    """Return the description of the API (OpenAPI 3.1)."""
    del call
    body = _described(bench=live.ports.bench)
    return Reply(200, ((b"content-type", b"application/json"),), body)


async def docs(live: Live, call: Call) -> Reply:
    """Return the description as a page to read; it runs no script."""
    del call
    described = description(bench=live.ports.bench)
    parts = [
        '<h1>Paifang API</h1><p>OpenAPI 3.1: <a href="/api/v1/openapi.json">openapi.json</a></p>'
    ]
    for path, methods in described["paths"].items():
        parts += [_operation(path, method, found) for method, found in methods.items()]
    parts.append("<h2>Types</h2>")
    for name, schema in described["components"]["schemas"].items():
        text = escape(schema.get("description", ""))
        shown = escape(_pretty(schema))
        parts.append(f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{text}</p><pre>{shown}</pre>')
    return text_reply(_page("Paifang API", "".join(parts), "en"), _HTML, *_HEADERS)


def _operation(path: str, method: str, found: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{status}</code></td><td>{escape(answer['description'])}</td>"
        f"<td>{_types(answer)}</td></tr>"
        for status, answer in found["responses"].items()
    )
    body = ""
    if "requestBody" in found:
        body = f"<p>Body: {_types(found['requestBody'])}</p>"
        for content in found["requestBody"]["content"].values():
            if "example" in content:
                body += f"<pre>{escape(_pretty(content['example']))}</pre>"
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(found['summary'])}</p>"
        f"{body}<table>{rows}</table>"
    )


def _types(answer: dict[str, Any]) -> str:
    found = []
    for media, content in answer["content"].items():
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        found.append(f'<a href="#{name}">{name}</a>' if name else escape(media))
    return ", ".join(found)


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


async def problem_page(live: Live, call: Call) -> Reply:
    """Explain a problem in the caller's language. Raises Problem for a code there is not."""
    del live
    code = call.scope["path"][len(PROBLEM_PAGES) :]
    kind = PROBLEMS.get(code)
    if kind is None:
        raise Problem("not_found")
    header = call.headers.get(b"accept-language", b"")
    _ = translator(header)
    language = "zh-Hans" if language_of(header.decode("latin-1")) == CHINESE else "en"
    body = (
        f"<h1>{escape(_(kind.title))}</h1><p>{escape(_(kind.detail))}</p>"
        f"<p><code>{kind.status} {escape(code)}</code></p>"
    )
    return text_reply(_page(_(kind.title), body, language), _HTML, *_HEADERS)


def _page(title: str, body: str, language: str) -> str:
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )
