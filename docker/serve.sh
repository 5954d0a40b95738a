#!/bin/sh
# Serves the study: what the container `app` runs. Its database is SRBENCH_STUDY_DB.
set -eu
: "${STUDY:?names the study to serve}"
: "${DOMAIN:?is the host name that raters type}"
: "${PROXY:?is the address or network of the web server in front}"
exec srbench mos serve "$STUDY" --host "${LISTEN:-0.0.0.0}" --port "${PORT:-8501}" \
    --allow-host "$DOMAIN" --address "${ADDRESS:-https://$DOMAIN}" --proxy "$PROXY"
