-- What is asked before sending: a send that was decided, and waits for a person's word. Its text and
-- numbers go a day after its end; what was decided stays in the audit.

CREATE TABLE question (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- as of a send: a redelivered command asks once
    request_key text NOT NULL UNIQUE,
    stage       text NOT NULL CHECK (stage IN (
        'confirm', 'approve', 'sent', 'canceled', 'declined', 'expired')),
    -- raised by every change: a button answers the turn that it was drawn for
    turn        integer NOT NULL DEFAULT 1,
    kind        text NOT NULL CHECK (kind IN ('send', 'page')),
    team        text NOT NULL,
    channel     text NOT NULL,
    actor       text NOT NULL,
    sender      text NOT NULL,
    body        text NOT NULL,
    rule        text NOT NULL,
    addresses   text[] NOT NULL,
    names       text[] NOT NULL,
    folded      integer NOT NULL,
    retry_of    bigint,
    answer_url  text NOT NULL,
    -- the sends of the same text that its sender has been told of
    aware       bigint[] NOT NULL DEFAULT '{}',
    -- who agreed, while the sender is asked once more
    approver    text NOT NULL DEFAULT '',
    decided_by  text NOT NULL DEFAULT '',
    send_id     bigint,
    expires     timestamptz NOT NULL,
    -- the message in the channel that asks a second person, and a digest of what it shows
    ts          text NOT NULL DEFAULT '',
    shown       text NOT NULL DEFAULT '',
    CHECK (cardinality(addresses) = cardinality(names) AND cardinality(addresses) > 0),
    CHECK (stage <> 'sent' OR send_id IS NOT NULL)
);

-- serves their removal
CREATE INDEX question_expires ON question (expires);

-- a digest of the text without case and blanks
ALTER TABLE send ADD COLUMN intent text NOT NULL DEFAULT '';
ALTER TABLE send ADD COLUMN approved_by text NOT NULL DEFAULT '';

-- who has the same text already: asked inside every commit
CREATE INDEX send_intent ON send (intent, created);
