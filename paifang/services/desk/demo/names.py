"""Names for people of the demonstration, drawn by number: nobody is meant by any of them."""

from typing import Final, NamedTuple

_CHINESE_FAMILY: Final = (
    *("王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡"),
    *("郭", "何", "林", "高", "罗", "郑", "梁", "谢", "宋", "唐", "欧阳", "司马", "诸葛", "上官"),
)
_CHINESE_GIVEN: Final = (
    *("伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "涛", "明"),
    *("秀英", "志强", "晓东", "文博", "雨桐", "子涵", "浩然", "思远", "嘉怡", "若曦", "梓萱"),
    *("雅琪", "建国", "海燕", "春梅", "宇轩", "一鸣", "可馨", "慧敏", "国栋", "玉兰"),
)
_WESTERN_GIVEN: Final = (
    *("Anna", "Ben", "Clara", "Daniel", "Elena", "Felix", "Grace", "Hugo", "Irène", "Jonas"),
    *("Katarzyna", "Liam", "María", "Noah", "Olga", "Peter", "Quentin", "Rosa", "Séan", "Tomáš"),
)
_WESTERN_FAMILY: Final = (
    *("Andersen", "Bakker", "Clarke", "Dubois", "Evans", "Fischer", "García", "Hansen", "Ivanova"),
    *("Johnson", "Kowalski", "Lindqvist", "Müller", "Novák", "O’Brien", "Petrov", "Rossi", "Smith"),
)
_COMPANIES: Final = (
    *(
        "云南普洱茶业",
        "福鼎白茶合作社",
        "西湖龙井茶庄",
        "武夷山岩茶厂",
        "祁门红茶有限公司",
        "景德镇窑口",
    ),
    *(
        "Highland Tea Traders",
        "Camellia Imports",
        "Harbour Coffee & Tea",
        "Leaf & Kettle",
        "",
        "",
        "",
    ),
)
_CHINESE_SHARE: Final = 3
"""Three of four guests have Chinese names."""


class Guest(NamedTuple):
    """Somebody who might come."""

    name: str
    company: str
    email: str
    phone: str


def guest(number: int) -> Guest:
    """Return the guest of a number; the same number is always the same guest."""
    place = number * 2_654_435_761 % (1 << 32)  # spreads neighbours over the lists
    if place % 4 < _CHINESE_SHARE:
        family = _CHINESE_FAMILY[place // 4 % len(_CHINESE_FAMILY)]
        name = family + _CHINESE_GIVEN[place // 128 % len(_CHINESE_GIVEN)]
    else:
        family = _WESTERN_FAMILY[place // 128 % len(_WESTERN_FAMILY)]
        name = f"{_WESTERN_GIVEN[place // 4 % len(_WESTERN_GIVEN)]} {family}"
    return Guest(
        name,
        _COMPANIES[place // 8_192 % len(_COMPANIES)],
        f"guest{number}@example.org",
        # 199 is no prefix in use; nobody's telephone rings.
        f"199{number % 100_000_000:08d}",
    )
