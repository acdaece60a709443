# The bot in a container: not root, and no place to write but /data and /tmp.
#
#   docker build -t sms-bot .
#   docker run --read-only --tmpfs /tmp --volume sms-data:/data --stop-timeout 45 \
#     --env-file .env --volume "$PWD/sms.toml:/etc/sms-bot/sms.toml:ro" \
#     --publish 127.0.0.1:3000:3000 sms-bot
#
# Without DATABASE_URL the embedded database lives in the volume /data, which one container alone may
# have: two would each start a server on it. With DATABASE_URL nothing is kept there.

FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements.run.lock requirements.build.lock ./
RUN python -m venv /opt/build \
 && /opt/build/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
    --require-hashes --requirement requirements.build.lock
# without a pip of its own: nobody installs anything into it later
RUN python -m venv --without-pip /opt/sms-bot \
 && /opt/build/bin/python -m pip --python /opt/sms-bot/bin/python install \
    --no-cache-dir --disable-pip-version-check \
    --require-hashes --requirement requirements.run.lock
COPY pyproject.toml README.md LICENSE ./
COPY twilio_core twilio_core
COPY commands commands
COPY bot bot
RUN /opt/build/bin/python -m hatchling build --target wheel --directory /wheels \
 && /opt/build/bin/python -m pip --python /opt/sms-bot/bin/python install \
    --no-cache-dir --disable-pip-version-check --no-deps --no-index /wheels/slack_sms_bot-*.whl

FROM python:3.11-slim
# PostgreSQL wants its user in the list of users: a number alone would not start the embedded one.
RUN groupadd --gid 10001 sms \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin sms \
 && install --directory --owner=10001 --group=10001 --mode=0700 /data \
 && install --directory /etc/sms-bot
COPY --from=build /opt/sms-bot /opt/sms-bot
ENV PATH=/opt/sms-bot/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=3000 \
    LOG_FORMAT=json \
    SMS_DATA_DIR=/data \
    SMS_CONFIG=/etc/sms-bot/sms.toml
WORKDIR /data
USER 10001:10001
VOLUME /data
EXPOSE 3000
# What runs is given up to 10 s a part; the default of 10 s in all would cut it off.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=2); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["sms-bot"]
CMD ["run"]
