CREATE TABLE {schema}.retention (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    oldest_day date NOT NULL
);

-- The day by which partitions are made and dropped, in UTC.
CREATE FUNCTION {schema}.today() RETURNS date LANGUAGE sql STABLE
    AS $$ SELECT (now() AT TIME ZONE 'UTC')::date $$;

-- The spools: each is the folder of a journal on one machine.
CREATE TABLE {schema}.instances (
    instance uuid PRIMARY KEY,
    service text,
    host text,
    environment text,
    release text,
    first_seen timestamptz NOT NULL DEFAULT now(),
    last_seen timestamptz NOT NULL DEFAULT now(),
    -- How far the spool was read. Changes with the rows that were read, in one transaction.
    revision bigint NOT NULL DEFAULT 0,
    position json NOT NULL,
    shipped bigint NOT NULL DEFAULT 0,
    duplicates bigint NOT NULL DEFAULT 0,
    too_old bigint NOT NULL DEFAULT 0,
    too_new bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    torn bigint NOT NULL DEFAULT 0,
    lost bigint NOT NULL DEFAULT 0
);

-- Errors of days that retention removed.
CREATE TABLE {schema}.removed_counts (
    day date NOT NULL,
    code text NOT NULL,
    errors bigint NOT NULL,
    PRIMARY KEY (day, code)
);

-- Columns are the fields of the record that are selected by; the record has all of them. `day` is that of the identity,
-- `seq` the place among the records of the instance, `xid` the transaction that wrote the row last.
CREATE TABLE {schema}.errors (
    day date NOT NULL,
    id uuid NOT NULL,
    instance uuid NOT NULL,
    seq bigint NOT NULL,
    xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    time timestamptz NOT NULL,
    level smallint NOT NULL,
    state text NOT NULL,
    code text NOT NULL,
    operation text NOT NULL,
    fingerprint text NOT NULL,
    service text,
    host text,
    record json NOT NULL,
    PRIMARY KEY (day, id)
) PARTITION BY RANGE (day);
CREATE INDEX ON {schema}.errors (fingerprint);
CREATE INDEX ON {schema}.errors USING brin (xid, time);

-- Records of other kinds. One identity can have several: a notification is queued, and settled later.
CREATE TABLE {schema}.events (
    day date NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    instance uuid NOT NULL,
    seq bigint NOT NULL,
    xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    time timestamptz NOT NULL,
    level smallint NOT NULL,
    state text NOT NULL,
    code text NOT NULL,
    operation text NOT NULL,
    fingerprint text NOT NULL,
    service text,
    host text,
    record json NOT NULL,
    PRIMARY KEY (day, id, kind)
) PARTITION BY RANGE (day);
CREATE INDEX ON {schema}.events USING brin (xid, time);
