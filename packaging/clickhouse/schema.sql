-- The tables that cpuhound's target `clickhouse` inserts into (ClickHouse 23 and newer):
--
--   clickhouse-client --multiquery < schema.sql
--
-- On a cluster: Replicated engines (then non_replicated_deduplication_window has no meaning and may go), and
-- Distributed tables with StackHash as the sharding key of samples and Hash as that of stacks. Days of storage: TTL.

CREATE DATABASE IF NOT EXISTS cpuhound;

-- One row for each stack and set of labels of a batch.
CREATE TABLE IF NOT EXISTS cpuhound.samples
(
    ServiceName LowCardinality(String),
    Type        LowCardinality(String),                  -- cpu
    Start       DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    End         DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    Labels      Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    StackHash   UInt64 CODEC(ZSTD(1)),                   -- FNV-1a over names and libraries, each behind its length
    Samples     Int64 CODEC(ZSTD(1)),                    -- ticks
    Value       Int64 CODEC(ZSTD(1))                     -- CPU time, ns
)
ENGINE = MergeTree
PARTITION BY toDate(Start)
ORDER BY (ServiceName, Type, toUnixTimestamp(Start), toUnixTimestamp(End))
TTL toDateTime(Start) + INTERVAL 7 DAY DELETE
SETTINGS non_replicated_deduplication_window = 1000;     -- the same insert again changes nothing

-- A table that was made without them gets the columns that it lacks: run this file again after an upgrade.
ALTER TABLE cpuhound.samples ADD COLUMN IF NOT EXISTS Samples Int64 CODEC(ZSTD(1)) AFTER StackHash;

-- Stacks repeat: each is here once for a service and a day.
CREATE TABLE IF NOT EXISTS cpuhound.stacks
(
    ServiceName LowCardinality(String),
    Hash        UInt64 CODEC(ZSTD(1)),
    LastSeen    DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    Stack       Array(String) CODEC(ZSTD(1)),            -- leaf first
    Libraries   Array(LowCardinality(String)) CODEC(ZSTD(1)) -- what each frame is in: libc.so.6; '': not known
)
ENGINE = ReplacingMergeTree(LastSeen)
PARTITION BY toDate(LastSeen)
ORDER BY (ServiceName, Hash)
TTL toDateTime(LastSeen) + INTERVAL 7 DAY DELETE
SETTINGS non_replicated_deduplication_window = 1000;

-- A table that was made before there were libraries.
ALTER TABLE cpuhound.stacks ADD COLUMN IF NOT EXISTS
    Libraries Array(LowCardinality(String)) CODEC(ZSTD(1)) AFTER Stack;

-- Which services there are, without a look at the samples.
CREATE TABLE IF NOT EXISTS cpuhound.profiles
(
    ServiceName LowCardinality(String),
    Type        LowCardinality(String),
    LastSeen    DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(LastSeen)
PARTITION BY toDate(LastSeen)
ORDER BY (ServiceName, Type)
TTL toDateTime(LastSeen) + INTERVAL 7 DAY DELETE;

CREATE MATERIALIZED VIEW IF NOT EXISTS cpuhound.profiles_of_samples TO cpuhound.profiles AS
SELECT ServiceName, Type, max(End) AS LastSeen
FROM cpuhound.samples
GROUP BY ServiceName, Type;
