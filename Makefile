# Every verb does its own set-up through `install`.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed

.PHONY: install vendor-env vendor-constraints demo test test-kubernetes check format bench bench-logs bench-kubernetes chaos runner-image runner-image-data server-image compose-env constraints clean

install: $(READY)

$(READY): constraints.txt pyproject.toml sdk/pyproject.toml runner-image/pyproject.toml
	@scripts/install $(VENV)
	@touch $@

demo: install
	@$(if $(MACROPOD_PORT),MACROPOD_PORT=$(MACROPOD_PORT) ,)$(BIN)/python scripts/demo.py

test: install
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

# The promises of the spawner on a real cluster; its runner image is MACROPOD_RUNNER_IMAGE.
test-kubernetes: install
	@test -n "$(KUBECONFIG)" || { echo "Name a cluster: make test-kubernetes KUBECONFIG=…" >&2; exit 2; }
	MACROPOD_TEST_KUBECONFIG="$(KUBECONFIG)" $(BIN)/python -m pytest -m "cluster and not docker" tests/contracts

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install
	$(BIN)/python -m benchmarks

# What logs promise; some minutes and 5 GB of disk.
bench-logs: install
	$(BIN)/python -m benchmarks.logs

# Beside a bare Job, on a real cluster.
bench-kubernetes: install
	@KUBECONFIG="$(KUBECONFIG)" $(BIN)/python -m benchmarks.kubernetes_first_line

# Three minutes of mixed chaos, or CHAOS_MINUTES of it; LONG=1 does all there is, which takes hours.
chaos: install
	$(BIN)/python -m chaos $(if $(LONG),--long --write all,--minutes $(or $(CHAOS_MINUTES),3)) $(if $(SEED),--seed $(SEED))

runner-image: install
	$(BIN)/python scripts/runner_image.py $(if $(BASE_IMAGE),--base-image $(BASE_IMAGE))

# What runs of flavor `data` are made from; built from the runner image.
runner-image-data: install
	$(BIN)/python scripts/data_image.py $(if $(BASE_IMAGE),--base-image $(BASE_IMAGE))

# The server and the gate before a Docker Engine, for compose.yaml.
server-image: install
	$(BIN)/python scripts/server_image.py $(if $(BASE_IMAGE),--base-image $(BASE_IMAGE))

# The secrets of compose.yaml; needs no more than Python.
compose-env:
	@$(or $(PYTHON),python3) scripts/compose_env.py $(if $(SOCKET),--socket $(SOCKET)) $(if $(FORCE),--force)

constraints: install
	$(BIN)/uv pip compile pyproject.toml sdk/pyproject.toml runner-image/pyproject.toml --group dev --universal \
	  --python-version 3.11 --generate-hashes --no-emit-package macropod --no-emit-package macropod-runner \
	  --custom-compile-command "make constraints" --quiet --output-file constraints.txt
	$(BIN)/uv pip compile server/macropod_server/spawners/data_packages.in --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --custom-compile-command "make constraints" --quiet \
	  --output-file server/macropod_server/spawners/data_packages.txt

# The vendor's own package in an environment of its own, for tests/vendor; half a gigabyte.
vendor-env: install
	scripts/vendor_env

vendor-constraints: install
	$(BIN)/uv pip compile tests/vendor/requirements.in --python-version 3.11 --universal --generate-hashes \
	  --custom-compile-command "make vendor-constraints" --quiet --output-file tests/vendor/constraints.txt

clean:
	rm -rf $(VENV) .vendor-venv .demo build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
