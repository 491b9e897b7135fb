# The workbench in a container, and as a Hugging Face Space: see deploy/README.md.
#
#     docker build -t crr-workbench .                                       # for CPUs
#     docker build -t crr-workbench --build-arg TORCH_BACKEND=cu132 .       # for NVIDIA GPUs
#     docker run --rm -p 8501:8501 crr-workbench

# The name means another image from time to time. SECURITY.md says how to give it with its digest:
#
#     docker build -t crr-workbench --build-arg PYTHON=python:3.11-slim@sha256:... .
ARG PYTHON=python:3.11-slim

FROM ${PYTHON} AS installed
ARG TORCH_BACKEND=cpu
WORKDIR /build
COPY constraints.txt ./
COPY locks ./locks
COPY tools/container.sh ./tools/
# uv knows where PyTorch's builds for each kind of machine are; those for CPUs are a tenth as large.
RUN pip install --no-cache-dir --require-hashes --only-binary :all: --requirement locks/uv.txt
RUN uv venv /venv && sh tools/container.sh /venv/bin/python "$TORCH_BACKEND"

FROM ${PYTHON}
# What opencv-python links to.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*
# Spaces run as user 1000, and so it is everywhere.
RUN useradd --uid 1000 --create-home user && install --directory --owner 1000 --group 1000 /data
COPY --from=installed /venv /venv
WORKDIR /app
COPY . .
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 CRR_DATA=/data
USER 1000
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD \
    ["python", "-c", "import os, urllib.request; at = os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/'); urllib.request.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\", 8501)}/{at}/_stcore/health'.replace('//_', '/_'), timeout=4)"]
# Not by its name: a Space does not keep which files may be executed.
CMD ["sh", "deploy/start.sh"]
