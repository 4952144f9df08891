from pathlib import Path

import pytest

from paifang.runtime.settings import Address, Only, ServerKind, SettingError, Settings

DATA = {"PAIFANG_DATA": "/srv/paifang"}


def test_a_data_directory_is_asked_for() -> None:
    with pytest.raises(SettingError, match="--data"):
        Settings.from_environment({})


def test_an_option_goes_before_the_environment() -> None:
    settings = Settings.from_environment({**DATA, "PAIFANG_BIND": "1.2.3.4:80"}, data="/other")
    assert settings.data == Path("/other")
    assert settings.bind == Address("1.2.3.4", 80)


def test_an_option_not_given_leaves_the_environment() -> None:
    assert Settings.from_environment(DATA, data=None, bind=None).data == Path("/srv/paifang")


def test_a_relative_directory_is_the_same_for_every_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.from_environment({}, data="data").data == tmp_path / "data"


def test_the_processes_of_a_server_read_the_same_settings() -> None:
    settings = Settings(
        data=Path("/srv/paifang"),
        database="postgresql:///venue",
        bind=Address("::", 8000),
        tls="off",
        tls_bind=Address("0.0.0.0", 1443),
        only=Only.live,
        server=ServerKind.uvicorn,
        desk_threads=7,
        bench=True,
    )
    assert Settings.from_environment(settings.to_environment()) == settings


@pytest.mark.parametrize(
    ("bind", "https"),
    [
        ("127.0.0.1:8000", "0.0.0.0:8443"),
        ("0.0.0.0:80", "0.0.0.0:443"),
        ("[::1]:8000", "[::]:8443"),
        ("127.0.0.1:65535", "0.0.0.0:65092"),
    ],
)
def test_https_stands_beside_plain_http(bind: str, https: str) -> None:
    assert str(Settings.from_environment(DATA, bind=bind).https) == https


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        ("0.0.0.0:8000", "http://127.0.0.1:8000"),
        ("[::]:8000", "http://[::1]:8000"),
        ("192.168.1.5:80", "http://192.168.1.5:80"),
    ],
)
def test_the_address_to_open_is_one_of_this_machine(bind: str, url: str) -> None:
    assert Settings.from_environment(DATA, bind=bind).base_url == url


@pytest.mark.parametrize(
    "given",
    [
        {"bind": "8000"},
        {"bind": "localhost:"},
        {"bind": "localhost:http"},
        {"bind": "localhost:65536"},
        {"bind": ":8000"},
        {"tls": "maybe"},
        {"tls": "a,b,c"},
        {"tls_bind": "nowhere"},
        {"only": "both"},
        {"server": "apache"},
        {"database": "sqlite:///x"},
        {"desk_threads": "0"},
        {"desk_threads": "many"},
    ],
)
def test_nonsense_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(SettingError):
        Settings.from_environment(DATA, **given)


def test_a_refused_database_is_not_repeated() -> None:
    with pytest.raises(SettingError) as refused:
        Settings.from_environment(DATA, database="mysql://root:secret@host/db")
    assert "secret" not in str(refused.value)


def test_the_ledger_is_a_file_or_a_database() -> None:
    assert Settings.from_environment(DATA).ledger_target == Path("/srv/paifang/ledger.db")
    url = "postgresql:///venue"
    assert Settings.from_environment(DATA, database=url).ledger_target == url
