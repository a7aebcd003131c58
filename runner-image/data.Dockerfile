# The image of runs of flavor `data`: the runner image, and what its runs find besides their requirements.
# Built by `make runner-image-data`, which collects the wheels; needs no network.
ARG BASE_IMAGE=macropod-runner:0.1.0

FROM ${BASE_IMAGE} AS build
USER root
COPY build/data-image/wheels /wheels
RUN /opt/macropod/bin/uv pip install --no-index --no-deps --no-cache --compile-bytecode \
    --python python3 --target /opt/macropod/data /wheels/*.whl

FROM ${BASE_IMAGE}
COPY --from=build /opt/macropod/data /opt/macropod/data
