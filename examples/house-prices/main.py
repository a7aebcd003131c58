"""Learns what houses sell for, says how good it became at it, and writes the prices it predicts.

Modules that take a second to import are imported where they are needed, so that the log begins at once.
"""

from pathlib import Path

import arguments
import macropod

HERE = Path(__file__).parent


def main() -> None:
    wanted = arguments.read(macropod.task_args() if macropod.in_task() else {})
    print(f"Predicting house prices with {wanted.in_words()}.")
    known, unseen = look_at_the_houses(wanted)
    model = learn_from(known, wanted)
    score(model, unseen)


def look_at_the_houses(wanted):
    import houses

    table = houses.read(HERE / "houses.csv")
    print(f"\nhouses.csv holds {len(table):,} houses; {table.isna().sum().sum()} of its cells are empty.\n")
    print(houses.as_text(houses.by_district(table)))
    return houses.part(table, wanted.test_share)


def learn_from(known, wanted):
    print(f"\nLearning from {len(known):,} houses.")
    import pricing

    for part, error in enumerate(pricing.cross_check(known, wanted), 1):
        print(f"  part {part} of {pricing.PARTS}, by what the others taught: mean error {error:>7,.0f}")
    return pricing.learn(known, wanted)


def score(model, unseen):
    import houses
    import pricing

    print("\nWhat the price hangs on: shuffle one column, and the mean error rises.\n")
    print(houses.as_text(pricing.what_matters(model, unseen)))
    predictions = pricing.predict(model, unseen)
    print("\nThe five predictions that are furthest off:\n")
    print(houses.as_text(predictions.head()))
    error = pricing.mean_error(model, unseen)
    share = error / unseen[houses.PRICE].mean()
    print(f"\nMean error on {len(unseen):,} unseen houses: {error:,.0f}, or {share:.1%} of the mean price.")
    predictions.to_csv(HERE / "predictions.csv", index=False)
    print(f"Wrote {len(predictions):,} predictions to predictions.csv.")


if __name__ == "__main__":
    main()
