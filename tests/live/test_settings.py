"""pip's settings for the network, as a refresh takes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipcache.live.settings import BadSetting, KeyringProvider, NetworkSettings, read_settings
from pipcache.util.urls import PAGE_BASES


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment in which no file configures pip."""
    folder = str(tmp_path / "home")
    folders = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "VIRTUAL_ENV"), folder)
    return folders | {"PIP_CONFIG_FILE": os.devnull}


def configured(tmp_path: Path, text: str) -> dict[str, str]:
    path = tmp_path / "pip.conf"
    path.write_text(text, encoding="utf-8")
    return {"PIP_CONFIG_FILE": str(path)}


def test_without_settings_they_are_pips_defaults(home: dict[str, str]) -> None:
    assert read_settings(home) == NetworkSettings()


def test_the_environment_goes_before_the_section_and_this_before_the_general_one(
    home: dict[str, str], tmp_path: Path
) -> None:
    text = "[global]\ntimeout = 3\nretries = 4\nproxy = http://a.example:1\n[install]\ntimeout = 5\nretries = 6\n"
    environ = home | configured(tmp_path, text) | {"PIP_TIMEOUT": "7.5"}
    settings = read_settings(environ)
    assert (settings.timeout, settings.retries, settings.proxy) == (7.5, 6, "http://a.example:1")


def test_an_empty_variable_hides_no_configured_value(home: dict[str, str], tmp_path: Path) -> None:
    environ = home | configured(tmp_path, "[global]\nproxy = http://a.example:1\ntrusted-host = b.example\n")
    settings = read_settings(environ | {"PIP_PROXY": "", "PIP_TRUSTED_HOST": ""})
    assert (settings.proxy, settings.trusted_hosts) == ("http://a.example:1", ("b.example",))


def test_a_list_of_hosts_is_replaced_and_not_joined(home: dict[str, str], tmp_path: Path) -> None:
    environ = home | configured(tmp_path, "[global]\ntrusted-host =\n  a.example\n  b.example:8080\n")
    assert read_settings(environ).trusted_hosts == ("a.example", "b.example:8080")
    assert read_settings(environ | {"PIP_TRUSTED_HOST": "c.example"}).trusted_hosts == ("c.example",)


def test_all_indexes_are_known_those_of_other_commands_too(home: dict[str, str], tmp_path: Path) -> None:
    text = (
        "[global]\nindex-url = https://a.example/simple\nextra-index-url = https://b.example/simple\n"
        "[download]\nindex-url = https://ada:secret@c.example/simple\n"
    )
    environ = home | configured(tmp_path, text)
    assert read_settings(environ).index_urls == (
        "https://ada:secret@c.example/simple",
        "https://a.example/simple",
        "https://b.example/simple",
    )


@pytest.mark.parametrize(
    ("value", "is_system"),
    [("", True), ("legacy-resolver", True), ("legacy-certs", False), ("legacy-resolver legacy-certs", False)],
)
def test_the_certificates_of_the_system_are_trusted_unless_pip_is_told_otherwise(
    home: dict[str, str],
    value: str,
    is_system: bool,  # noqa: FBT001
) -> None:
    assert read_settings(home | {"PIP_USE_DEPRECATED": value}).has_system_certs == is_system


@pytest.mark.parametrize(
    ("setting", "searched"),
    [
        ({}, {PAGE_BASES[0]}),
        ({"PIP_INDEX_URL": "https://a.example/simple"}, {"https://a.example/simple"}),
        ({"PIP_EXTRA_INDEX_URL": "https://a:b@a.example/simple"}, {PAGE_BASES[0], "https://a.example/simple"}),
        ({"PIP_FIND_LINKS": "/wheels"}, None),
    ],
)
def test_pip_s_own_default_is_searched_where_no_other_index_is_set(
    home: dict[str, str], setting: dict[str, str], searched: set[str] | None
) -> None:
    assert read_settings(home | setting).searched == searched


def test_paths_begin_at_home(home: dict[str, str]) -> None:
    settings = read_settings(home | {"PIP_CERT": "~/ca.pem", "PIP_CLIENT_CERT": "/etc/me.pem"})
    assert (settings.cert, settings.client_cert) == (os.path.join(home["HOME"], "ca.pem"), "/etc/me.pem")


@pytest.mark.parametrize(
    ("value", "is_set"), [("1", True), ("true", True), ("0", False), ("no", False), ("", False)]
)
def test_no_index_is_a_switch(home: dict[str, str], value: str, is_set: bool) -> None:  # noqa: FBT001
    assert read_settings(home | {"PIP_NO_INDEX": value}).no_index == ("PIP_NO_INDEX" if is_set else None)


def test_no_index_in_a_file_names_the_file(home: dict[str, str], tmp_path: Path) -> None:
    environ = home | configured(tmp_path, "[install]\nno-index = yes\n")
    assert read_settings(environ).no_index == f"{tmp_path / 'pip.conf'} [install] no-index"


def test_the_other_name_of_the_timeout_counts(home: dict[str, str]) -> None:
    assert read_settings(home | {"PIP_DEFAULT_TIMEOUT": "60"}).timeout == 60


def test_a_timeout_of_zero_waits_not_for_ever(home: dict[str, str]) -> None:
    assert read_settings(home | {"PIP_TIMEOUT": "0"}).timeout == NetworkSettings().timeout


def test_the_keyring_is_asked_as_it_is_set(home: dict[str, str]) -> None:
    assert read_settings(home | {"PIP_KEYRING_PROVIDER": "subprocess"}).keyring is KeyringProvider.SUBPROCESS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_TIMEOUT", "soon"),
        ("PIP_TIMEOUT", "-1"),
        ("PIP_TIMEOUT", "nan"),
        ("PIP_RETRIES", "1.5"),
        ("PIP_RETRIES", "9" * 5000),
        ("PIP_NO_INDEX", "maybe"),
        ("PIP_NO_PROXY_ENV", "perhaps"),
        ("PIP_KEYRING_PROVIDER", "s3cret"),
    ],
)
def test_what_pip_refuses_ends_the_run_and_is_not_repeated(home: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(BadSetting) as error:
        read_settings(home | {name: value})
    assert name in error.value.message
    assert value not in error.value.message


def test_no_host_of_an_index_is_a_default(home: dict[str, str]) -> None:
    assert not set(PAGE_BASES) & set(read_settings(home).index_urls)
