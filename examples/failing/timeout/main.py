import time

for second in range(600):
    print(f"Still at work after {second} s.")
    time.sleep(1)
