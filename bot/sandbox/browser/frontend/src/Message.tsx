// One message with its author, and what stands in its thread.

import { useMemo } from "react";
import { useDesk } from "./api";
import { Blocks, Plain } from "./Blocks";
import { Avatar, BotIcon, Icon } from "./Icon";
import type { Entered } from "./Touchable";
import type { Channel, Said } from "./types";

interface Props {
  said: Said;
  channel: Channel;
}

export function Message({ said, channel }: Props) {
  return (
    <article className={said.private ? "message private" : "message"} data-ts={said.ts}>
      {said.private && (
        <div className="only">
          <Icon name="eye" />
          Only visible to you
        </div>
      )}
      <Face said={said} size={36} />
      <div className="body">
        <Head said={said} />
        <Content said={said} channel={channel} />
        {said.answers.length > 0 && <Thread answers={said.answers} channel={channel} />}
      </div>
      {!said.private && <Menu said={said} channel={channel} />}
    </article>
  );
}

function Face({ said, size }: { said: Said; size: number }) {
  const { screen } = useDesk();
  if (said.bot) return <BotIcon size={size} />;
  return <Avatar name={screen.names[said.author] ?? "Slackbot"} size={size} />;
}

function Head({ said }: { said: Said }) {
  const { screen } = useDesk();
  const at = new Date(Number(said.ts) * 1000);
  return (
    <header>
      <b>{said.bot ? "SMS" : (screen.names[said.author] ?? "Slackbot")}</b>
      {said.bot && <span className="app">APP</span>}
      <time dateTime={at.toISOString()}>
        {at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}
      </time>
    </header>
  );
}

function Content({ said, channel }: Props) {
  const entered: Entered = useMemo(
    () => ({
      target: { channel: channel.id, ts: said.ts },
      entry: () => ({}),
      enter: () => undefined,
      errors: {},
    }),
    [channel.id, said.ts],
  );
  if (!said.blocks.length) return <Plain text={said.text} />;
  return <Blocks blocks={said.blocks} entered={entered} />;
}

function Thread({ answers, channel }: { answers: Said[]; channel: Channel }) {
  const count = `${answers.length} ${answers.length === 1 ? "reply" : "replies"}`;
  return (
    <details className="thread" open>
      <summary>{count}</summary>
      {answers.map((each) => (
        <div className="answer" key={each.ts}>
          <Face said={each} size={24} />
          <div className="body">
            <Head said={each} />
            <Content said={each} channel={channel} />
          </div>
        </div>
      ))}
    </details>
  );
}

/** What Slack shows over a message: the app's shortcut. */
function Menu({ said, channel }: Props) {
  const { screen, act } = useDesk();
  const { id, label } = screen.forward;
  return (
    <button
      type="button"
      className="menu"
      onClick={() => void act("forward", { channel: channel.id, ts: said.ts, id })}
    >
      <Icon name="forward" />
      {label}
    </button>
  );
}
