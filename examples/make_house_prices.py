"""Writes house-prices/houses.csv: invented houses, the same ones every time, since the seed is fixed.

Run `python examples/make_house_prices.py` after changing a rule here and commit the new table with it.
"""

import csv
from pathlib import Path
from random import Random
from typing import Any

SEED = 1500
HOUSES = 1500
TABLE = Path(__file__).parent / "house-prices" / "houses.csv"

PRICE_PER_M2 = {
    "Harbour": 5200,
    "Old Town": 4900,
    "Parkside": 4300,
    "Hillcrest": 3900,
    "Mill Lane": 3200,
    "Eastfield": 2700,
}
DISTANCE_KM = {
    "Harbour": 2.0,
    "Old Town": 0.8,
    "Parkside": 3.5,
    "Hillcrest": 6.0,
    "Mill Lane": 5.0,
    "Eastfield": 9.0,
}
TYPICAL_AREA_M2 = {"flat": 72, "terraced": 105, "detached": 148}
TYPICAL_PLOT_M2 = {"flat": 0, "terraced": 180, "detached": 620}
KIND_FACTOR = {"flat": 0.95, "terraced": 1.0, "detached": 1.12}
ENERGY_FACTOR = {"A": 1.08, "B": 1.04, "C": 1.01, "D": 0.98, "E": 0.95, "F": 0.91}
EMPTY_SHARE = 0.03


def main() -> None:
    houses = make_houses(Random(SEED))
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(houses[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(houses)


def make_houses(random: Random) -> list[dict[str, Any]]:
    return [house(random, number) for number in range(1, HOUSES + 1)]


def house(random: Random, number: int) -> dict[str, Any]:
    district = random.choice(list(PRICE_PER_M2))
    kind = random.choices(list(TYPICAL_AREA_M2), weights=[5, 3, 2])[0]
    year_built = random.choices([random.randint(1890, 1949), random.randint(1950, 2024)], weights=[1, 3])[0]
    area = max(28, round(random.gauss(TYPICAL_AREA_M2[kind], TYPICAL_AREA_M2[kind] * 0.25)))
    facts: dict[str, Any] = {
        "id": f"H{number:04}",
        "district": district,
        "kind": kind,
        "energy_class": energy_class(random, year_built),
        "year_built": year_built,
        "living_area_m2": area,
        "rooms": max(1, round(area / 26 + random.gauss(0, 0.7))),
        "bathrooms": 1 + (area > 95) + (area > 160 and random.random() < 0.7),
        "plot_area_m2": round(TYPICAL_PLOT_M2[kind] * random.uniform(0.5, 1.8)),
        "condition": random.choices([1, 2, 3, 4, 5], weights=[1, 3, 6, 5, 2])[0],
        "distance_to_centre_km": round(max(0.2, random.gauss(DISTANCE_KM[district], 0.9)), 1),
    }
    price = round(true_price(facts) * random.gauss(1, 0.07), -2)
    return with_gaps(random, facts) | {"price": int(price)}


def energy_class(random: Random, year_built: int) -> str:
    typical = 5 - (year_built - 1890) // 27
    return "ABCDEF"[min(5, max(0, round(random.gauss(typical, 0.8))))]


def true_price(facts: dict[str, Any]) -> float:
    """What the house is worth before chance: the rule a model has to find."""
    ground = facts["living_area_m2"] * PRICE_PER_M2[facts["district"]] + facts["plot_area_m2"] * 140
    old_charm = 1.09 if facts["year_built"] < 1920 and facts["condition"] >= 4 else 1.0
    nearness = 1.06 - 0.012 * facts["distance_to_centre_km"]
    factors = KIND_FACTOR[facts["kind"]] * ENERGY_FACTOR[facts["energy_class"]] * old_charm * nearness
    return ground * factors * (0.82 + 0.06 * facts["condition"])


def with_gaps(random: Random, facts: dict[str, Any]) -> dict[str, Any]:
    """Some cells are empty, as in tables people really have."""
    gaps = {name for name in ("energy_class", "year_built", "bathrooms") if random.random() < EMPTY_SHARE}
    return {name: "" if name in gaps else value for name, value in facts.items()}


if __name__ == "__main__":
    main()
