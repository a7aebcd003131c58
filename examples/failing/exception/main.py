prices = {"Monday": 3.9, "Wednesday": 4.2}

for day in ["Monday", "Tuesday", "Wednesday"]:
    print(f"{day}: {prices[day]}")
