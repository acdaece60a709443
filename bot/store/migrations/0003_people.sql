-- The directory that admins keep in Slack, beside the one of sms.toml.

CREATE TABLE directory (
    -- the name, case-folded: a contact and a group cannot share one
    key     text PRIMARY KEY,
    kind    text NOT NULL CHECK (kind IN ('contact', 'group')),
    name    text NOT NULL,
    number  text NOT NULL DEFAULT '',
    slack   text NOT NULL DEFAULT '',
    members text[] NOT NULL DEFAULT '{}',
    actor   text NOT NULL,
    CHECK (kind = 'group' OR number <> '')
);

-- one row: raised by every change, so that nobody changes what somebody else has changed meanwhile
CREATE TABLE directory_edition (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    edition bigint NOT NULL DEFAULT 0
);

INSERT INTO directory_edition DEFAULT VALUES;

-- what each change was, so that it can be undone
CREATE TABLE directory_change (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL DEFAULT now(),
    actor  text NOT NULL,
    before jsonb,
    after  jsonb,
    -- the change that this one undoes: each is undone once at most
    undoes bigint UNIQUE REFERENCES directory_change ON DELETE SET NULL
);

CREATE INDEX directory_change_at ON directory_change (at);
