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

-- Opt-out: who is left out of sends, and of whose. Twilio refuses with 21610 a pair of From and To,
-- and a person texts STOP to one of our senders: so a row is a pair. The sender stands as sends name
-- it, MG… for a Messaging Service, whose numbers are opted out of together. Who wants no more alerts
-- from one sender may still want another's, and Twilio would take them. Kept longer than the sends
-- that it was learned from.
CREATE TABLE opt_out (
    sender  text NOT NULL,
    address text NOT NULL,
    -- the latest that is known of the pair: Twilio's refusal, or the person's own word
    learned text NOT NULL CHECK (learned IN ('21610', 'STOP', 'START')),
    -- when that was said: what was said before it changes nothing any more
    at      timestamptz NOT NULL,
    PRIMARY KEY (sender, address)
);

-- a START to a number brings back the services that may own it
CREATE INDEX opt_out_address ON opt_out (address);

-- The App Home. Who has opened it lately sees their sends change in it.
CREATE TABLE home (
    user_id text PRIMARY KEY,
    opened  timestamptz NOT NULL DEFAULT now(),
    -- when what is shown was begun to be drawn: once a second, and the latest one counts
    drawn   timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- digest of what is shown, so that an unchanged home is not published again
    shown   text NOT NULL DEFAULT ''
);

CREATE INDEX home_opened ON home (opened);

-- a person's last sends, and the last refusals
CREATE INDEX send_actor_created ON send (actor, created DESC);
CREATE INDEX audit_refused ON audit (id) WHERE NOT allowed;
