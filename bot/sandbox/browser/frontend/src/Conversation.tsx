// A channel: its head, its messages, and the message box.

import { useLayoutEffect, useRef } from "react";
import { Message } from "./Message";
import { MessageBox } from "./MessageBox";
import type { Channel } from "./types";

interface Props {
  channel: Channel;
  draft: string;
  write: (text: string) => void;
}

export function Conversation({ channel, draft, write }: Props) {
  return (
    <section className="channel" aria-label={`#${channel.name}`}>
      <header>
        <h1># {channel.name}</h1>
        <span>
          {channel.members} members
          {!channel.bot && " · SMS is not one of them: its answers are private here"}
        </span>
      </header>
      <Messages channel={channel} />
      <MessageBox channel={channel} draft={draft} write={write} />
    </section>
  );
}

/** The messages, at their end unless somebody has scrolled up. */
export function Messages({ channel }: { channel: Channel }) {
  const list = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const key = channel.messages.map((m) => [m.ts, m.edits, m.answers.length]).join();
  useLayoutEffect(() => {
    if (list.current && atEnd.current) list.current.scrollTop = list.current.scrollHeight;
  }, [key, channel.id]);
  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = list.current as HTMLDivElement;
    atEnd.current = scrollHeight - scrollTop - clientHeight < 40;
  };
  return (
    <div className="messages" role="log" tabIndex={0} ref={list} onScroll={onScroll}>
      <div className="first">
        {channel.direct
          ? "This is where the app writes to you alone."
          : `This is the very beginning of #${channel.name}. Type /sms to see what the bot can do.`}
      </div>
      {channel.messages.map((each) => (
        <Message key={each.ts} said={each} channel={channel} />
      ))}
    </div>
  );
}
