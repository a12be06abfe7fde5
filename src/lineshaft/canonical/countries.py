"""Countries: ISO 3166-1 in its three forms, with the names that Chinese and English systems write. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Country:
    """A country or territory of ISO 3166-1."""

    alpha2: str
    alpha3: str
    numeric: str
    en: str
    zh: str


_TABLE: Final = """
AE ARE 784 United Arab Emirates|阿联酋
AR ARG 032 Argentina|阿根廷
AT AUT 040 Austria|奥地利
AU AUS 036 Australia|澳大利亚
BD BGD 050 Bangladesh|孟加拉国
BE BEL 056 Belgium|比利时
BG BGR 100 Bulgaria|保加利亚
BH BHR 048 Bahrain|巴林
BR BRA 076 Brazil|巴西
BY BLR 112 Belarus|白俄罗斯
CA CAN 124 Canada|加拿大
CH CHE 756 Switzerland|瑞士
CL CHL 152 Chile|智利
CN CHN 156 China|中国
CO COL 170 Colombia|哥伦比亚
CZ CZE 203 Czechia|捷克
DE DEU 276 Germany|德国
DK DNK 208 Denmark|丹麦
DZ DZA 012 Algeria|阿尔及利亚
EC ECU 218 Ecuador|厄瓜多尔
EE EST 233 Estonia|爱沙尼亚
EG EGY 818 Egypt|埃及
ES ESP 724 Spain|西班牙
ET ETH 231 Ethiopia|埃塞俄比亚
FI FIN 246 Finland|芬兰
FR FRA 250 France|法国
GB GBR 826 United Kingdom|英国
GR GRC 300 Greece|希腊
HK HKG 344 Hong Kong|香港
HR HRV 191 Croatia|克罗地亚
HU HUN 348 Hungary|匈牙利
ID IDN 360 Indonesia|印度尼西亚
IE IRL 372 Ireland|爱尔兰
IL ISR 376 Israel|以色列
IN IND 356 India|印度
IQ IRQ 368 Iraq|伊拉克
IR IRN 364 Iran|伊朗
IS ISL 352 Iceland|冰岛
IT ITA 380 Italy|意大利
JO JOR 400 Jordan|约旦
JP JPN 392 Japan|日本
KE KEN 404 Kenya|肯尼亚
KG KGZ 417 Kyrgyzstan|吉尔吉斯斯坦
KH KHM 116 Cambodia|柬埔寨
KR KOR 410 Korea|韩国
KW KWT 414 Kuwait|科威特
KZ KAZ 398 Kazakhstan|哈萨克斯坦
LA LAO 418 Laos|老挝
LK LKA 144 Sri Lanka|斯里兰卡
LT LTU 440 Lithuania|立陶宛
LU LUX 442 Luxembourg|卢森堡
LV LVA 428 Latvia|拉脱维亚
MA MAR 504 Morocco|摩洛哥
MM MMR 104 Myanmar|缅甸
MN MNG 496 Mongolia|蒙古
MO MAC 446 Macao|澳门
MX MEX 484 Mexico|墨西哥
MY MYS 458 Malaysia|马来西亚
NG NGA 566 Nigeria|尼日利亚
NL NLD 528 Netherlands|荷兰
NO NOR 578 Norway|挪威
NP NPL 524 Nepal|尼泊尔
NZ NZL 554 New Zealand|新西兰
OM OMN 512 Oman|阿曼
PE PER 604 Peru|秘鲁
PH PHL 608 Philippines|菲律宾
PK PAK 586 Pakistan|巴基斯坦
PL POL 616 Poland|波兰
PT PRT 620 Portugal|葡萄牙
QA QAT 634 Qatar|卡塔尔
RO ROU 642 Romania|罗马尼亚
RS SRB 688 Serbia|塞尔维亚
RU RUS 643 Russia|俄罗斯
SA SAU 682 Saudi Arabia|沙特阿拉伯
SE SWE 752 Sweden|瑞典
SG SGP 702 Singapore|新加坡
SI SVN 705 Slovenia|斯洛文尼亚
SK SVK 703 Slovakia|斯洛伐克
TH THA 764 Thailand|泰国
TN TUN 788 Tunisia|突尼斯
TR TUR 792 Türkiye|土耳其
TW TWN 158 Taiwan|台湾
TZ TZA 834 Tanzania|坦桑尼亚
UA UKR 804 Ukraine|乌克兰
US USA 840 United States|美国
UY URY 858 Uruguay|乌拉圭
UZ UZB 860 Uzbekistan|乌兹别克斯坦
VE VEN 862 Venezuela|委内瑞拉
VN VNM 704 Viet Nam|越南
ZA ZAF 710 South Africa|南非
"""


def _read() -> tuple[Country, ...]:
    found = []
    for line in _TABLE.strip().splitlines():
        alpha2, alpha3, numeric, names = line.split(" ", 3)
        english, chinese = names.split("|")
        found.append(Country(alpha2, alpha3, numeric, english, chinese))
    return tuple(found)


COUNTRIES: Final = _read()
COUNTRY_WORDS: Final[Mapping[str, str]] = {
    "中华人民共和国": "CN", "中国大陆": "CN", "PRC": "CN", "USA": "US", "UK": "GB", "Great Britain": "GB",
    "South Korea": "KR", "Vietnam": "VN", "Turkey": "TR", "UAE": "AE", "Czech Republic": "CZ",
    "中国香港": "HK", "中国澳门": "MO", "中国台湾": "TW", "印尼": "ID", "沙特": "SA", "Macau": "MO",
}  # fmt: skip
"""Further spellings, to the two-letter code."""
