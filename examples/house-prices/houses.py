"""The table of houses: how it is read, summed up and parted."""

from pathlib import Path

import pandas as pd

WORDS = ["district", "kind", "energy_class"]
NUMBERS = [
    "year_built",
    "living_area_m2",
    "rooms",
    "bathrooms",
    "plot_area_m2",
    "condition",
    "distance_to_centre_km",
]
PRICE = "price"


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, index_col="id")


def by_district(houses: pd.DataFrame) -> pd.DataFrame:
    per_m2 = houses.assign(price_per_m2=houses[PRICE] / houses["living_area_m2"])
    table = per_m2.groupby("district").agg(
        houses=(PRICE, "size"), median_price=(PRICE, "median"), median_per_m2=("price_per_m2", "median")
    )
    return table.sort_values("median_per_m2", ascending=False).reset_index()


def part(houses: pd.DataFrame, test_share: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Houses to learn from and houses to test on, the same ones every time."""
    unseen = houses.sample(frac=test_share, random_state=0)
    return houses.drop(unseen.index), unseen


def as_text(table: pd.DataFrame) -> str:
    numbers = table.select_dtypes("number")
    words = table.assign(**{name: numbers[name].map("{:,.0f}".format) for name in numbers})
    return words.rename(columns=lambda name: name.replace("_", " ")).to_string(index=False)
