import sys

print("Checking the 10 files of today.")
print("3 of 10 files are missing.", file=sys.stderr)
sys.exit(3)
