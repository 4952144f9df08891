"""Where somebody comes from: what is read out of a company and a phone number."""

import pytest

from paifang.services.desk.origins import origins_of, phone_prefix


@pytest.mark.parametrize(
    ("phone", "prefix"),
    [
        ("13812345678", "+86"),
        ("138-1234 5678", "+86"),
        ("+86 138 1234 5678", "+86"),
        ("8613812345678", "+86"),
        ("０２１－５５５５１２３４", "+86 21"),
        ("010-66668888", "+86 10"),
        ("0571 8888 1234", "+86 571"),
        ("+86 571 8888 1234", "+86 571"),
        ("+852 2345 6789", "+852"),
        ("00852 2345 6789", "+852"),
        ("+49 30 1234567", "+49"),
        ("+1 212 555 0100", "+1"),
        ("+7 495 1234567", "+7"),
        ("199", ""),
        ("call me", ""),
        ("+", ""),
        ("", ""),
        ("9" * 400, ""),
    ],
)
def test_a_phone_tells_its_country_and_a_chinese_landline_its_area(phone: str, prefix: str) -> None:
    assert phone_prefix(phone) == prefix


def test_a_company_is_told_without_stray_blanks_and_nothing_without_one() -> None:
    assert origins_of("  春叶茶业  & Co ", "+33 1 23 45 67 89") == (
        ("company", "春叶茶业 & Co"),
        ("phone", "+33"),
    )
    assert origins_of("", "") == ()
