# weco-deploy for pipelines that run containers: `docker build --tag weco-deploy .`, then for example
#
#   docker run --rm --volume "$PWD:/project" --env AWS_ACCESS_KEY_ID --env AWS_SECRET_ACCESS_KEY --env AWS_SESSION_TOKEN \
#     weco-deploy --confirm release-deploy --environment-id stage
#
# The project's tests can't pull the base image, so they check this file but don't build it.

FROM python:3.13-slim AS build
WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src ./src
# The releases that the tests ran with, pip's own included: what is published elsewhere meanwhile changes nothing here.
RUN python -m venv /opt/weco-deploy \
    && /opt/weco-deploy/bin/python -m pip install --no-cache-dir --constraint constraints.txt pip \
    && /opt/weco-deploy/bin/python -m pip install --no-cache-dir \
        --constraint constraints.txt --build-constraint constraints.txt '.[publish,board,notify,github]'

FROM python:3.13-slim
# The tool reads the subjects of commits with git. A mounted checkout belongs to another user, and git would refuse to read it.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*' \
    && useradd --create-home --uid 1000 deploy
COPY --from=build /opt/weco-deploy /opt/weco-deploy
ENV PATH="/opt/weco-deploy/bin:$PATH" PYTHONUNBUFFERED=1
USER deploy
WORKDIR /project
# In exec form, so that SIGTERM reaches the tool, which then settles its record.
ENTRYPOINT ["weco-deploy"]
