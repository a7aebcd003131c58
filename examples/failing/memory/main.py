import time

MIB = 1024**2
blocks = []

for held in range(32, 6144 + 1, 32):
    blocks.append(b"\1" * (32 * MIB))
    print(f"Holding {held} MiB.")
    time.sleep(0.05)
