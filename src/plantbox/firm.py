"""The invented firm of the sandbox: it makes brake pads (刹车片). Who it sells to, what it sells, what that
is made of.

Pure data: each system takes from it what it would know, under its own numbers. No real company, person or
brand.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer; ``limit`` in CNY; ``coded`` says whether the ERP has a code for it."""

    number: int
    name: str
    contact: str
    level: str
    city: str
    phone: str
    seller: str
    limit: str
    coded: bool = True
    name_en: str = ""
    """Its English name, where it has another one."""


@dataclass(frozen=True, slots=True)
class Good:
    """A product or material; ``price`` with 13 % tax, ``stock`` on hand, ``lead`` days to make, ``sold``
    by the CRM.
    """

    number: int
    model: str
    name: str
    name_en: str
    unit: str
    price: str
    stock: str
    lead: int
    sold: bool = True
    coded: bool = True


SELLERS = (
    ("XS-01", "林岚", "华东销售部"),
    ("XS-02", "周启明", "华南销售部"),
    ("XS-03", "沈若溪", "华北销售部"),
    ("XS-04", "Dana Whitlock", "海外销售部"),
)

SELLERS_EN = {
    "林岚": "Lin Lan",
    "周启明": "Zhou Qiming",
    "沈若溪": "Shen Ruoxi",
    "华东销售部": "Sales East",
    "华南销售部": "Sales South",
    "华北销售部": "Sales North",
    "海外销售部": "Sales Overseas",
}
CITIES_EN = {
    "无锡": "Wuxi",
    "佛山": "Foshan",
    "合肥": "Hefei",
    "天津": "Tianjin",
    "潍坊": "Weifang",
    "成都": "Chengdu",
    "厦门": "Xiamen",
    "洛阳": "Luoyang",
    "株洲": "Zhuzhou",
    "赣州": "Ganzhou",
}

BUYERS = (
    Buyer(
        1,
        "澄江汽车零部件有限公司",
        "采购部",
        "A",
        "无锡",
        "0510-5550101",
        "XS-01",
        "500000.00",
        name_en="Chengjiang Auto Parts Co., Ltd.",
    ),
    Buyer(
        2,
        "岭南车桥制造有限公司",
        "采购部",
        "A",
        "佛山",
        "0757-5550102",
        "XS-02",
        "800000.00",
        name_en="Lingnan Axle Manufacturing Co., Ltd.",
    ),
    Buyer(
        3,
        "云启商用车服务有限公司",
        "采购部",
        "B",
        "合肥",
        "0551-5550103",
        "XS-01",
        "300000.00",
        name_en="Yunqi Commercial Vehicle Service Co., Ltd.",
    ),
    Buyer(
        4,
        "北辰汽配贸易有限公司",
        "采购部",
        "C",
        "天津",
        "022-5550104",
        "XS-03",
        "50000.00",
        name_en="Beichen Auto Parts Trading Co., Ltd.",
    ),
    Buyer(
        5,
        "潍水制动系统有限公司",
        "采购部",
        "A",
        "潍坊",
        "0536-5550105",
        "XS-03",
        "1000000.00",
        name_en="Weishui Brake Systems Co., Ltd.",
    ),
    Buyer(
        6,
        "蜀道运输集团股份有限公司",
        "采购部",
        "B",
        "成都",
        "028-5550106",
        "XS-02",
        "400000.00",
        name_en="Shudao Transport Group Co., Ltd.",
    ),
    Buyer(
        7,
        "青屿新能源车辆有限公司",
        "采购部",
        "B",
        "厦门",
        "0592-5550107",
        "XS-02",
        "350000.00",
        name_en="Qingyu New Energy Vehicles Co., Ltd.",
    ),
    Buyer(
        8,
        "河洛农机配件经营部",
        "采购部",
        "C",
        "洛阳",
        "0379-5550108",
        "XS-03",
        "30000.00",
        name_en="Heluo Farm Machinery Parts",
    ),
    Buyer(
        9,
        "Harrow & Finch Motor Parts Ltd.",
        "Purchasing",
        "A",
        "Coventry",
        "+44 24 5550 109",
        "XS-04",
        "600000.00",
    ),
    Buyer(
        10,
        "Norderland Fahrzeugteile GmbH",
        "Purchasing",
        "A",
        "Bremen",
        "+49 421 555 0110",
        "XS-04",
        "700000.00",
    ),
    Buyer(
        11, "Tallgrass Fleet Supply Inc.", "Purchasing", "B", "Omaha", "+1 402 555 0111", "XS-04", "250000.00"
    ),
    Buyer(
        12, "Pacífico Frenos S.A.", "Purchasing", "B", "Valparaíso", "+56 32 555 0112", "XS-04", "200000.00"
    ),
    Buyer(
        13,
        "墨江轨道装备有限公司",
        "采购部",
        "A",
        "株洲",
        "0731-5550113",
        "XS-02",
        "900000.00",
        name_en="Mojiang Rail Equipment Co., Ltd.",
    ),
    Buyer(
        14,
        "新禾汽车用品商行",
        "采购部",
        "C",
        "赣州",
        "0797-5550114",
        "XS-01",
        "20000.00",
        coded=False,
        name_en="Xinhe Car Accessories",
    ),
)

GOODS = (
    Good(1, "BX-F100", "前刹车片 经济型", "Front brake pad, economy", "套", "68.0000", "2000", 2),
    Good(2, "BX-F200", "前刹车片 标准型", "Front brake pad, standard", "套", "92.0000", "1500", 2),
    Good(
        3,
        "BX-F210",
        "前刹车片 标准型 低噪",
        "Front brake pad, standard, low noise",
        "套",
        "100.0000",
        "800",
        2,
    ),
    Good(4, "BX-F300", "前刹车片 陶瓷", "Front brake pad, ceramic", "套", "158.0000", "400", 3),
    Good(5, "BX-F310", "前刹车片 陶瓷 加厚", "Front brake pad, ceramic, thick", "套", "176.0000", "120", 3),
    Good(6, "BX-R100", "后刹车片 经济型", "Rear brake pad, economy", "套", "56.0000", "1800", 2),
    Good(7, "BX-R200", "后刹车片 标准型", "Rear brake pad, standard", "套", "78.5000", "1200", 2),
    Good(
        8, "BX-R210", "后刹车片 标准型 低噪", "Rear brake pad, standard, low noise", "套", "86.0000", "60", 2
    ),
    Good(9, "BX-R300", "后刹车片 陶瓷", "Rear brake pad, ceramic", "套", "139.0000", "0", 3),
    Good(10, "BX-C100", "商用车刹车片 轻型", "Light truck brake pad", "套", "188.0000", "350", 4),
    Good(11, "BX-C200", "商用车刹车片 中型", "Medium truck brake pad", "套", "246.0000", "200", 4),
    Good(12, "BX-C300", "商用车刹车片 重型", "Heavy truck brake pad", "套", "318.0000", "100", 5),
    Good(
        13,
        "BX-C310",
        "商用车刹车片 重型 长寿命",
        "Heavy truck brake pad, long life",
        "套",
        "365.0000",
        "0",
        5,
    ),
    Good(14, "BX-B100", "客车刹车片", "Coach brake pad", "套", "298.0000", "90", 5),
    Good(15, "BX-E100", "新能源车刹车片 前", "Electric car brake pad, front", "套", "168.0000", "240", 3),
    Good(16, "BX-E110", "新能源车刹车片 后", "Electric car brake pad, rear", "套", "149.0000", "240", 3),
    Good(17, "BX-T100", "轨道车辆闸片", "Rail brake pad", "块", "1260.0000", "40", 10),
    Good(18, "BX-M100", "摩托车刹车片", "Motorcycle brake pad", "套", "28.8000", "5000", 1),
    Good(19, "BX-A100", "报警线 通用", "Wear sensor, universal", "件", "12.5000", "3000", 1),
    Good(20, "BX-A200", "消音片", "Anti-noise shim", "件", "6.8000", "8000", 1),
    Good(21, "BX-A300", "安装卡簧套件", "Fitting kit", "套", "15.2500", "2600", 1),
    Good(22, "BX-P900", "碳陶样件", "Carbon-ceramic prototype", "套", "980.0000", "0", 20, coded=False),
    Good(
        51, "GB-F2", "钢背板 前 标准", "Steel plate, front, standard", "块", "9.2000", "6000", 3, sold=False
    ),
    Good(52, "GB-R2", "钢背板 后 标准", "Steel plate, rear, standard", "块", "7.6000", "5200", 3, sold=False),
    Good(53, "GB-C3", "钢背板 商用车", "Steel plate, truck", "块", "21.5000", "900", 4, sold=False),
    Good(
        61, "MCL-N1", "摩擦料 半金属", "Friction mix, semi-metallic", "千克", "24.0000", "4200", 5, sold=False
    ),
    Good(62, "MCL-C1", "摩擦料 陶瓷", "Friction mix, ceramic", "千克", "58.0000", "1300", 6, sold=False),
    Good(71, "JJ-01", "粘接胶", "Bonding adhesive", "千克", "86.0000", "260", 4, sold=False),
    Good(72, "QM-01", "防锈漆", "Rust protection paint", "千克", "31.0000", "300", 4, sold=False),
)

BOM: dict[str, tuple[tuple[str, str], ...]] = {
    "BX-F200": (("GB-F2", "1"), ("MCL-N1", "0.52"), ("JJ-01", "0.02"), ("BX-A200", "4")),
    "BX-F210": (("GB-F2", "1"), ("MCL-N1", "0.54"), ("JJ-01", "0.02"), ("BX-A200", "4"), ("BX-A100", "1")),
    "BX-F300": (("GB-F2", "1"), ("MCL-C1", "0.50"), ("JJ-01", "0.02"), ("BX-A200", "4")),
    "BX-R200": (("GB-R2", "1"), ("MCL-N1", "0.38"), ("JJ-01", "0.015"), ("BX-A200", "4")),
    "BX-R210": (("GB-R2", "1"), ("MCL-N1", "0.40"), ("JJ-01", "0.015"), ("BX-A200", "4")),
    "BX-R300": (("GB-R2", "1"), ("MCL-C1", "0.36"), ("JJ-01", "0.015"), ("BX-A200", "4")),
    "BX-C300": (("GB-C3", "1"), ("MCL-N1", "2.10"), ("JJ-01", "0.06"), ("QM-01", "0.04")),
    "BX-C310": (("GB-C3", "1"), ("MCL-C1", "2.10"), ("JJ-01", "0.06"), ("QM-01", "0.04")),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of the routing; ``minutes`` for one piece; ``place`` is the kind of machine."""

    seq: int
    code: str
    name: str
    name_en: str
    place: str
    minutes: str
    role: str
    trouble: str
    trouble_name: str
    trouble_name_en: str


# One steel plate is cut into the backings of one set, so a set needs one plate.
ROUTING = (
    Step(
        10,
        "CJ",
        "裁剪(钢背落料)",
        "Cutting of backings",
        "cut",
        "0.45",
        "裁剪工",
        "CUT_BURR",
        "落料毛刺",
        "burrs",
    ),
    Step(20, "DM", "打磨", "Grinding", "lathe", "0.60", "打磨工", "GRIND_OVER", "打磨超标", "ground too far"),
    Step(30, "ZZ", "组装", "Assembly", "press", "0.75", "组装工", "BOND_WEAK", "粘接不牢", "weak bond"),
    Step(40, "ZJ", "质检", "Inspection", "bench", "0.30", "质检员", "SIZE_OFF", "尺寸超差", "out of size"),
)
MACHINES = (
    ("cut-1", "落料冲床 1", "Blanking press 1", "cut"),
    ("cut-2", "落料冲床 2", "Blanking press 2", "cut"),
    ("lathe-1", "打磨车床 1", "Grinding lathe 1", "lathe"),
    ("lathe-2", "打磨车床 2", "Grinding lathe 2", "lathe"),
    ("press-1", "组装压机 1", "Assembly press 1", "press"),
    ("press-2", "组装压机 2", "Assembly press 2", "press"),
    ("bench-1", "质检台 1", "Inspection bench 1", "bench"),
    ("bench-2", "质检台 2", "Inspection bench 2", "bench"),
)


@dataclass(frozen=True, slots=True)
class Spare:
    """A spare part of the machines: the WMS stores it, the ERP knows its price."""

    code: str
    name: str
    name_en: str
    unit: str
    stock: str
    price: str


SPARES = (
    Spare("BJ-6204", "深沟球轴承 6204", "Ball bearing 6204", "件", "20", "38.50"),
    Spare("BJ-2201", "接触器 220V", "Contactor 220 V", "件", "6", "126.00"),
    Spare("BJ-3308", "液压密封圈", "Hydraulic seal", "件", "40", "12.80"),
    Spare("BJ-4100", "光电传感器", "Light barrier", "件", "1", "268.00"),
)


def used_at(model: str | None) -> int:
    """Return the operation that takes a material: steel plates are cut, all else is assembled."""
    return ROUTING[0].seq if (model or "").startswith("GB-") else ROUTING[2].seq
