"""Makes a list as S3 Inventory publishes it, from the AWS documentation and nothing of this library.

stdin: {"bucket", "config", "at" (ms), "rows": [[key, version, latest, marker, size, modified, etag, class]], "count"?}
argv: directory to write into, seed of the order of the rows.
"""
import csv, gzip, hashlib, io, json, os, random, sys
from datetime import datetime, timezone
from urllib.parse import quote_plus

SCHEMA = ["Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker", "Size", "LastModifiedDate", "ETag", "StorageClass", "ReplicationStatus"]
ROWS_OF_A_FILE = 30_000

asked = json.load(sys.stdin)
out, seed = sys.argv[1], int(sys.argv[2])
bucket, config = asked["bucket"], asked["config"]
schema = asked.get("schema", SCHEMA)
rows = asked.get("rows", [])
for i in range(asked.get("count", 0)):
    key = "%s/%06d" % (hashlib.md5(str(i).encode()).hexdigest()[:8], i)
    rows.append([key, "v%06d" % i, True, False, i, "2026-11-19T00:00:00.000Z", hashlib.md5(key.encode()).hexdigest(), "STANDARD"])
random.Random(seed).shuffle(rows)

def fields(row):
    key, version, latest, marker, size, modified, etag, kept = row
    values = dict(zip(SCHEMA, [bucket, quote_plus(key, safe="/"), version, str(latest).lower(), str(marker).lower(),
                               "" if marker else size, modified, "" if marker else etag.strip('"'), "" if marker else kept, "REPLICA"]))
    return [values[name] for name in schema]

base = os.path.join(out, bucket, config)
files = []
for number, start in enumerate(range(0, len(rows), ROWS_OF_A_FILE)):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(map(fields, rows[start:start + ROWS_OF_A_FILE]))
    content = gzip.compress(text.getvalue().encode(), 1)
    key = "%s/%s/data/%08d-%d.csv.gz" % (bucket, config, number, asked["at"])
    os.makedirs(os.path.dirname(os.path.join(out, key)), exist_ok=True)
    open(os.path.join(out, key), "wb").write(content)
    files.append({"key": key, "size": len(content), "MD5checksum": hashlib.md5(content).hexdigest()})
manifest = json.dumps({
    "sourceBucket": bucket, "destinationBucket": "arn:aws:s3:::lists", "version": "2016-11-30",
    "creationTimestamp": str(asked["at"]), "fileFormat": "CSV", "fileSchema": ", ".join(schema), "files": files}).encode()
folder = os.path.join(base, datetime.fromtimestamp(asked["at"] / 1000, timezone.utc).strftime("%Y-%m-%dT%H-%MZ"))
os.makedirs(folder, exist_ok=True)
open(os.path.join(folder, "manifest.json"), "wb").write(manifest)
open(os.path.join(folder, "manifest.checksum"), "w").write(hashlib.md5(manifest).hexdigest())
