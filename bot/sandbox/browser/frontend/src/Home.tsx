// The app's own place: its home, and what it wrote to this person.

import { useEffect } from "react";
import { useDesk } from "./api";
import { Blocks } from "./Blocks";
import { Messages } from "./Conversation";
import { BotIcon } from "./Icon";
import type { Channel, View } from "./types";

interface Props {
  tab: "home" | "messages";
  direct: Channel | undefined;
  go: (place: string) => void;
}

export function Home({ tab, direct, go }: Props) {
  const { screen, act } = useDesk();
  const { me } = screen;
  useEffect(() => void act("home", { tab }), [me, tab]); // so that the app hears of it
  return (
    <section className="channel" aria-label="SMS, the app">
      <header className="tabs">
        <h1>
          <BotIcon size={24} /> SMS
        </h1>
        <div role="tablist">
          <Tab label="Home" on={tab === "home"} go={() => go("home")} />
          <Tab label="Messages" on={tab === "messages"} go={() => direct && go(direct.id)} />
        </div>
      </header>
      {tab === "home" && (screen.home ? <Drawn view={screen.home} /> : <p className="home">One moment …</p>)}
      {tab === "messages" && direct && <Messages channel={direct} />}
    </section>
  );
}

function Tab({ label, on, go }: { label: string; on: boolean; go: () => void }) {
  return (
    <button type="button" role="tab" aria-selected={on} onClick={go}>
      {label}
    </button>
  );
}

function Drawn({ view }: { view: View }) {
  const entered = {
    target: { view: view.id },
    entry: () => ({}),
    enter: () => undefined,
    errors: {},
  };
  return (
    <div className="home">
      <Blocks blocks={view.blocks} entered={entered} />
    </div>
  );
}
