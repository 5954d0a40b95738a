#!/bin/sh
# Restores what backup.sh made, into an empty database and where no such study is: restore.sh FOLDER.
set -eu
: "${STUDY:?names the study}"
studies=${STUDIES:-/srv/studies}
cd "${1:?is the folder of a backup}"
sha256sum --check --quiet SHA256SUMS
if [ "$(psql --no-psqlrc -At -c "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")" != 0 ]; then
    echo "The database is not empty. Restore into a new one: nothing was changed." >&2
    exit 2
fi
if [ -e "$studies/$STUDY" ]; then
    echo "$studies/$STUDY is there already. Move it away: nothing was changed." >&2
    exit 2
fi
pg_restore --no-owner --exit-on-error --single-transaction --dbname "$PGDATABASE" database.dump
tar -C "$studies" -xzf study.tar.gz
echo "Restored $STUDY."
