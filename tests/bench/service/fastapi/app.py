"""The peer: the same job in FastAPI, boto3 and SQLite, as one would write it for a small company.

A bearer JWT is checked, the caller's rate limited, the tenant's quota reserved, the upload stored durably
(WAL, synchronous FULL, one transaction) and only then a PUT signed. The list gives three signed URLs a photo.
Plain `def` handlers run in FastAPI's thread pool, as its documentation says for libraries that block; one
lock in the process keeps its threads from waiting for each other inside SQLite.
"""

import os
import sqlite3
import threading
import time
import uuid
from contextlib import asynccontextmanager

import boto3
import jwt
from botocore.config import Config
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, Field

SECRET = os.environ["BENCH_JWT_SECRET"]
DATABASE = os.environ["BENCH_DATABASE"]
BUCKET = "photos"
RATE_PER_MINUTE = 10_000_000
QUOTA_BYTES = 1 << 60
VARIANTS = ("thumb_200", "web_800")

SCHEMA = """
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    project TEXT NOT NULL,
    created_by TEXT NOT NULL,
    client_ref TEXT NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    status TEXT NOT NULL,
    key TEXT NOT NULL,
    created_at REAL NOT NULL,
    UNIQUE (tenant, project, client_ref)
);
CREATE INDEX IF NOT EXISTS photos ON uploads (tenant, project, status, id);
CREATE TABLE IF NOT EXISTS usage (tenant TEXT PRIMARY KEY, bytes INTEGER NOT NULL);
"""

s3 = boto3.client(
    "s3",
    region_name="us-east-1",
    aws_access_key_id="bench",
    aws_secret_access_key="bench-secret",
    config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}),
)
local = threading.local()
writing = threading.Lock()
buckets: dict[tuple[str, str], tuple[float, float]] = {}
counting = threading.Lock()


def connect() -> sqlite3.Connection:
    connection = sqlite3.connect(DATABASE, timeout=30, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.row_factory = sqlite3.Row
    return connection


def database() -> sqlite3.Connection:
    if not hasattr(local, "connection"):
        local.connection = connect()
    return local.connection


@asynccontextmanager
async def lifespan(_: FastAPI):
    connect().executescript(SCHEMA)
    yield


app = FastAPI(lifespan=lifespan)


class Caller(BaseModel):
    tenant: str
    subject: str


class FileToUpload(BaseModel):
    client_ref: str = Field(min_length=1, max_length=200)
    filename: str
    content_type: str
    size: int = Field(gt=0, le=50 * 1024 * 1024)


class CreateUploads(BaseModel):
    project_id: str
    files: list[FileToUpload] = Field(min_length=1, max_length=100)


def caller_of(authorization: str = Header()) -> Caller:
    try:
        claims = jwt.decode(
            authorization.removeprefix("Bearer "), SECRET, ["HS256"], audience="windlass", issuer="windlass"
        )
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, str(error)) from error
    return Caller(tenant=claims["tenant"], subject=claims["sub"])


def limit(caller: Caller, cost: int) -> None:
    now = time.monotonic()
    key = (caller.tenant, caller.subject)
    with counting:
        left, at = buckets.get(key, (RATE_PER_MINUTE, now))
        left = min(RATE_PER_MINUTE, left + (now - at) * RATE_PER_MINUTE / 60)
        if left < cost:
            raise HTTPException(429, "too many files in a minute")
        buckets[key] = (left - cost, now)


def record(caller: Caller, request: CreateUploads) -> list[dict]:
    rows = []
    now = time.time()
    connection = database()
    with writing:
        connection.execute("BEGIN IMMEDIATE")
        try:
            total = sum(file.size for file in request.files)
            reserved = connection.execute(
                "INSERT INTO usage VALUES (?, ?) ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes "
                "WHERE bytes + excluded.bytes <= ?",
                (caller.tenant, total, QUOTA_BYTES),
            )
            if reserved.rowcount == 0:
                raise HTTPException(403, "there is no room left")
            for file in request.files:
                upload_id = str(uuid.uuid4())
                key = f"{caller.tenant}/{request.project_id}/{upload_id}/original.jpg"
                connection.execute(
                    "INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending_upload', ?, ?)",
                    (upload_id, caller.tenant, request.project_id, caller.subject, file.client_ref,
                     file.filename, file.content_type, file.size, key, now),
                )
                rows.append({"upload_id": upload_id, "key": key, "file": file})
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    return rows


@app.post("/uploads", status_code=201)
def create(request: CreateUploads, caller: Caller = Depends(caller_of)) -> dict:
    limit(caller, len(request.files))
    uploads = []
    for row in record(caller, request):
        file: FileToUpload = row["file"]
        url = s3.generate_presigned_url(
            "put_object",
            Params={
                "Bucket": BUCKET,
                "Key": row["key"],
                "ContentType": file.content_type,
                "ContentLength": file.size,
            },
            ExpiresIn=900,
        )
        uploads.append({"client_ref": file.client_ref, "upload_id": row["upload_id"], "url": url})
    return {"uploads": uploads}


@app.post("/uploads/{upload_id}/complete")
def complete(upload_id: str, caller: Caller = Depends(caller_of)) -> dict:
    with writing:
        changed = database().execute(
            "UPDATE uploads SET status = 'uploaded' WHERE id = ? AND tenant = ?", (upload_id, caller.tenant)
        )
    if changed.rowcount == 0:
        raise HTTPException(404, "there is no such upload")
    return {"upload_id": upload_id, "status": "uploaded"}


def url_of(key: str) -> str:
    return s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=7200)


@app.get("/photos")
def photos(project_id: str, limit: int = 50, caller: Caller = Depends(caller_of)) -> dict:
    rows = database().execute(
        "SELECT * FROM uploads WHERE tenant = ? AND project = ? AND status = 'uploaded' "
        "ORDER BY id DESC LIMIT ?",
        (caller.tenant, project_id, min(limit, 100)),
    )
    listed = []
    for row in rows:
        folder = row["key"].rpartition("/")[0]
        listed.append({
            "photo_id": row["id"],
            "filename": row["filename"],
            "content_type": row["content_type"],
            "size": row["size"],
            "status": row["status"],
            "created_at": row["created_at"],
            "url": url_of(row["key"]),
            "variants": {name: url_of(f"{folder}/{name}.jpg") for name in VARIANTS},
        })
    return {"photos": listed}
