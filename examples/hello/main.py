import macropod

arguments = macropod.task_args() if macropod.in_task() else {}
name = arguments.get("name", "world")
print(f"Hello, {name}!")
