-- On-call: pages, what is said to them, and the alerts that they come from.

-- A ladder of steps that is climbed until a person acknowledges. Its number is from the sequence of
-- the sends: one number names one thing, whichever it is. Each step that fires makes a send.
CREATE TABLE page (
    id          bigint PRIMARY KEY
                DEFAULT nextval(pg_get_serial_sequence('send', 'id')),
    -- a redelivered command or alert is the same page
    request_key text NOT NULL UNIQUE,
    stage       text NOT NULL DEFAULT 'open' CHECK (stage IN (
        'open', 'acknowledged', 'resolved', 'exhausted')),
    team        text NOT NULL,
    channel     text NOT NULL,
    -- Slack id of who asked; empty for an alert or a script
    actor       text NOT NULL,
    -- 'slack', 'cli' or 'alert:NAME'
    source      text NOT NULL,
    sender      text NOT NULL,
    body        text NOT NULL,
    -- a digest of the text without case and blanks
    intent      text NOT NULL,
    link        text NOT NULL DEFAULT '',
    -- what a reply names the page by, unique among those that wait
    code        text NOT NULL,
    -- its escalation; empty for a list that was typed
    escalation  text NOT NULL DEFAULT '',
    -- [{"to": ["oncall"], "wait": 300}, …], all gone through `rounds` times
    steps       jsonb NOT NULL,
    rounds      integer NOT NULL CHECK (rounds > 0),
    -- steps fired so far, over all rounds
    fired       integer NOT NULL DEFAULT 0,
    -- when the next step fires, or the ladder ends; null once nobody is waited for
    due         timestamptz DEFAULT now(),
    -- since when somebody of a step could not be looked up; null once all could, or it is given up
    unanswered  timestamptz,
    rule        text NOT NULL,
    -- whether it counts the alerts of a storm
    storm       boolean NOT NULL DEFAULT false,
    created     timestamptz NOT NULL DEFAULT now(),
    -- who ended the waiting: a name for people, the Slack id if there is one, and how
    acked_by    text NOT NULL DEFAULT '',
    acked_user  text NOT NULL DEFAULT '',
    acked_how   text NOT NULL DEFAULT '',
    acked_at    timestamptz,
    resolved_by text NOT NULL DEFAULT '',
    resolved_user text NOT NULL DEFAULT '',
    resolved_how text NOT NULL DEFAULT '',
    resolved_at timestamptz,
    CHECK (jsonb_array_length(steps) > 0),
    CHECK (due IS NULL OR stage = 'open'),
    CHECK ((stage = 'acknowledged') <= (acked_at IS NOT NULL)),
    CHECK ((stage = 'resolved') = (resolved_at IS NOT NULL))
);

-- whose code is taken, and what is due
CREATE UNIQUE INDEX page_code ON page (code) WHERE stage = 'open';
CREATE INDEX page_due ON page (due) WHERE due IS NOT NULL;
CREATE INDEX page_channel_created ON page (channel, created DESC);
CREATE INDEX page_source_created ON page (source, created DESC);
CREATE INDEX page_created ON page (created);
-- which pages of an alert route wait, or were resolved lately: asked for every alert
CREATE INDEX page_source_resolved ON page (source, resolved_at);
-- whether the same is paged already: asked before every page
CREATE INDEX page_intent ON page (intent, created);

-- which page a send belongs to, and which of its steps it is; null: it tells what became of it
ALTER TABLE send
    ADD COLUMN page_id   bigint REFERENCES page ON DELETE SET NULL,
    ADD COLUMN page_step integer;

CREATE INDEX send_page ON send (page_id) WHERE page_id IS NOT NULL;
-- who was paged lately: asked for every reply
CREATE INDEX send_step_created ON send (created) WHERE page_step IS NOT NULL;

-- the daily limit counts who is paged, and not who is told what became of a page
DROP INDEX send_channel_created;
CREATE INDEX send_channel_created ON send (channel, created DESC)
    INCLUDE (recipients, page_id, page_step);

-- the last sends of a channel, and of a person, are told without those of pages
CREATE INDEX send_channel_ordinary ON send (channel, created DESC) WHERE page_id IS NULL;
DROP INDEX send_actor_created;
CREATE INDEX send_actor_ordinary ON send (actor, created DESC) WHERE page_id IS NULL;

-- what happened to a page, for its timeline; what happened to its messages is in `event`
CREATE TABLE page_event (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    page_id bigint NOT NULL REFERENCES page ON DELETE CASCADE,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    what    text NOT NULL,
    -- who did it, for people, and how: 'sms', 'button', 'command', 'alert'; empty: the bot itself
    who     text NOT NULL DEFAULT '',
    how     text NOT NULL DEFAULT '',
    detail  text NOT NULL DEFAULT ''
);

CREATE INDEX page_event_page ON page_event (page_id);

CREATE TRIGGER page_event_append_only BEFORE UPDATE ON page_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- where a page is shown, as `card` is for a send
CREATE TABLE page_card (
    page_id      bigint PRIMARY KEY REFERENCES page ON DELETE CASCADE,
    place        text NOT NULL DEFAULT '' CHECK (place IN ('', 'channel', 'private')),
    ts           text NOT NULL DEFAULT '',
    answer_url   text NOT NULL DEFAULT '',
    answer_until timestamptz NOT NULL DEFAULT now() + interval '30 minutes',
    shown        text NOT NULL DEFAULT '',
    stale        boolean NOT NULL DEFAULT true
);

CREATE INDEX page_card_stale ON page_card (page_id) WHERE stale;

-- what else is to be said in Slack about a page, in the order of the numbers
CREATE TABLE page_post (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    page_id bigint NOT NULL REFERENCES page ON DELETE CASCADE,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- 'reply': a person's words, under the card; 'note': ours, under the card; 'loud': ours, in the
    -- channel, which is mentioned
    kind    text NOT NULL CHECK (kind IN ('reply', 'note', 'loud')),
    who     text NOT NULL DEFAULT '',
    text    text NOT NULL,
    -- the message at Slack; empty until it is posted
    ts      text NOT NULL DEFAULT ''
);

CREATE INDEX page_post_page ON page_post (page_id);

-- what people wrote to our numbers, each once however it came; of strangers only that they did
CREATE TABLE reply (
    sid      text PRIMARY KEY,
    at       timestamptz NOT NULL,
    received timestamptz NOT NULL DEFAULT now(),
    page_id  bigint REFERENCES page ON DELETE CASCADE,
    address  text NOT NULL DEFAULT '',
    who      text NOT NULL DEFAULT '',
    body     text NOT NULL DEFAULT '',
    -- what became of it: ack, resolve, words, late, unclear, optout, help, unknown
    outcome  text NOT NULL
);

CREATE INDEX reply_page ON reply (page_id) WHERE page_id IS NOT NULL;
CREATE INDEX reply_received ON reply (received);

-- one row: when Twilio was last asked for replies, by whichever process
CREATE TABLE inbound_look (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    looked timestamptz NOT NULL DEFAULT '-infinity'
);

INSERT INTO inbound_look DEFAULT VALUES;

-- which alerts a page is about: a page is resolved once none of them fires any more
CREATE TABLE alert (
    page_id bigint NOT NULL REFERENCES page ON DELETE CASCADE,
    route   text NOT NULL,
    -- compared by bytes: the alerts of a group are a range
    key     text COLLATE "C" NOT NULL,
    firing  boolean NOT NULL DEFAULT true,
    -- a digest of which of several sources of the route told it last
    teller  text NOT NULL DEFAULT '',
    -- how often it was told
    times   integer NOT NULL DEFAULT 1,
    label   text NOT NULL DEFAULT '',
    since   timestamptz NOT NULL DEFAULT now(),
    last    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (page_id, key)
);

-- what came lately, and what fires: a storm's page has many, and is asked for every alert
CREATE INDEX alert_since ON alert (page_id, since);
CREATE INDEX alert_firing ON alert (page_id, since, key) WHERE firing;

-- a question may come before a page; one by an escalation does not know yet whom it reaches
ALTER TABLE question
    ADD COLUMN ladder jsonb,
    DROP CONSTRAINT question_check,
    ADD CHECK (cardinality(addresses) = cardinality(names)),
    ADD CHECK (cardinality(addresses) > 0 OR ladder IS NOT NULL);
