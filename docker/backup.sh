#!/bin/sh
# Backs up the study's database and folder, at any time: into BACKUPS/STUDY-TIME, whose name it prints.
# The database is that of PGHOST, PGUSER, PGPASSWORD and PGDATABASE.
set -eu
umask 077
: "${STUDY:?names the study}"
studies=${STUDIES:-/srv/studies}
folder=${BACKUPS:-/backups}/$STUDY-$(date -u +%Y%m%dT%H%M%SZ)
mkdir -p "$folder.part"
pg_dump --format=custom --no-owner --file "$folder.part/database.dump"
pg_restore --list "$folder.part/database.dump" >/dev/null
# The log grows while it is read, and is no part of the study; what is packed is made anew.
tar -C "$studies" --exclude 'server.log*' --exclude "$STUDY/packed" -czf "$folder.part/study.tar.gz" "$STUDY"
(cd "$folder.part" && sha256sum database.dump study.tar.gz >SHA256SUMS)
# Under its own name only when it is whole.
mv "$folder.part" "$folder"
echo "$folder"
