-- SPDX-License-Identifier: EUPL-1.2
-- The topic signals-current as a table of PostgreSQL: psql -d signals -f postgres.sql
--
-- What fills it is postgres.py or Kafka Connect, as the role signals_writer, who can do nothing else. signals_reader reads the table
-- and its view. These are exact figures: for the coordination centre only. Columns are called as in the topic, so write them in
-- quotes. When a later version of the topic has a field more, add its column: ALTER TABLE signals_current ADD COLUMN "…" text;

CREATE TABLE signals_current (
    "signal" text PRIMARY KEY,
    "version" integer NOT NULL,
    "counts" boolean NOT NULL,  -- not a withdrawn or rejected one
    "status" text NOT NULL,
    "reported" date,
    "occurred" date,
    "received" timestamp NOT NULL,  -- UTC
    "source" text NOT NULL,
    "sourceKind" text NOT NULL,
    "municipality" text NOT NULL,  -- as of the day of the report
    "municipalityName" text,
    "municipalityToday" text NOT NULL,
    "municipalityTodayName" text,
    "province" text NOT NULL,
    "provinceName" text,
    "policeUnit" text NOT NULL,
    "safetyRegion" text NOT NULL,
    "safetyRegionName" text,
    "gender" text NOT NULL,
    "ageGroup" text NOT NULL,
    "citizenship" text NOT NULL,
    "sexualExploitation" boolean NOT NULL,
    "forcedLabour" boolean NOT NULL,
    "forcedCriminality" boolean NOT NULL,
    "forcedBegging" boolean NOT NULL,
    "servitude" boolean NOT NULL,
    "organRemoval" boolean NOT NULL,
    "forcedMarriage" boolean NOT NULL,
    "childLabour" boolean NOT NULL,
    "forcedAdoption" boolean NOT NULL,
    "surrogacy" boolean NOT NULL,
    "forcedMilitaryByNonStateActors" boolean NOT NULL,
    "other" boolean NOT NULL,
    "unknown" boolean NOT NULL
);

-- How far postgres.py has read, and when it last knew that this was all.
CREATE TABLE signals_current_offsets (
    "partition" integer PRIMARY KEY,
    "next" bigint NOT NULL,
    "read" timestamptz NOT NULL
);

-- The same numbers as: signaalctl counts --by year,province,category. A signal with two forms is in two lines, so the lines of a
-- province do not add up to its signals.
CREATE VIEW signals_by_year_province_form AS
SELECT extract(year FROM "reported")::integer AS "year", "province", "form", count(*) AS "signals"
FROM signals_current
CROSS JOIN LATERAL (VALUES
    ('SexualExploitation', "sexualExploitation"),
    ('ForcedLabour', "forcedLabour"),
    ('ForcedCriminality', "forcedCriminality"),
    ('ForcedBegging', "forcedBegging"),
    ('Servitude', "servitude"),
    ('OrganRemoval', "organRemoval"),
    ('ForcedMarriage', "forcedMarriage"),
    ('ChildLabour', "childLabour"),
    ('ForcedAdoption', "forcedAdoption"),
    ('Surrogacy', "surrogacy"),
    ('ForcedMilitaryByNonStateActors', "forcedMilitaryByNonStateActors"),
    ('Other', "other"),
    ('Unknown', "unknown")) AS forms ("form", "is")
WHERE "counts" AND "is"
GROUP BY "year", "province", "form";

SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY['signals_writer', 'signals_reader']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
GRANT SELECT, INSERT, UPDATE, DELETE ON signals_current, signals_current_offsets TO signals_writer;
GRANT SELECT ON signals_current, signals_by_year_province_form TO signals_reader;
