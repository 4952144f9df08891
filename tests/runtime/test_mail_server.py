"""The mail server's URL: read with care, and never repeated with its password."""

from pathlib import Path

import pytest

from paifang.runtime.mail_server import MailServer, mail_server
from paifang.runtime.settings import SettingError, Settings


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("", MailServer()),
        ("smtp://mail.example.org", MailServer("mail.example.org", 587, tls="starttls")),
        ("smtp://mail.example.org?tls=tls", MailServer("mail.example.org", 465, tls="tls")),
        ("smtp://127.0.0.1:2525?tls=none", MailServer("127.0.0.1", 2525, tls="none")),
        (
            "smtp://a%40b:p%2Fw@mail.example.org:25",
            MailServer("mail.example.org", 25, "a@b", "p/w", "starttls"),
        ),
    ],
)
def test_a_url_says_where_and_how(url: str, server: MailServer) -> None:
    assert mail_server(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://mail.example.org?tls=perhaps",
        "smtp://mail.example.org?ssl=1",
        "smtp://mail.example.org:no",
    ],
)
def test_what_makes_no_sense_is_refused_without_repeating_it(url: str) -> None:
    secret = url.replace("//", "//joe:geheim@") if "//" in url else "joe:geheim@" + url
    with pytest.raises(SettingError) as refused:
        Settings.from_environment({"PAIFANG_DATA": "x", "PAIFANG_SMTP_URL": secret})
    assert "PAIFANG_SMTP_URL" in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_the_processes_of_a_server_send_from_the_same_address(tmp_path: Path) -> None:
    told = {
        "PAIFANG_DATA": str(tmp_path),
        "PAIFANG_SMTP_URL": "smtp://joe:pw@mail.example.org",
        "PAIFANG_MAIL_FROM": "tickets@example.org",
        "PAIFANG_PUBLIC_URL": "https://tickets.example.org/",
    }
    settings = Settings.from_environment(told)
    assert settings.public_url == "https://tickets.example.org"
    assert Settings.from_environment(settings.to_environment()) == settings


@pytest.mark.parametrize(
    ("name", "text"),
    [("PAIFANG_MAIL_FROM", "nobody"), ("PAIFANG_PUBLIC_URL", "tickets.example.org")],
)
def test_an_address_that_is_none_is_refused(name: str, text: str) -> None:
    with pytest.raises(SettingError, match=name):
        Settings.from_environment({"PAIFANG_DATA": "x", name: text})
