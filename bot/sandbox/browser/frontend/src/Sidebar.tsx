// The workspace: its channels, the app, and who one is.

import { useDesk } from "./api";
import { Avatar, BotIcon } from "./Icon";

interface Props {
  place: string;
  unread: Set<string>;
  go: (place: string) => void;
  become: (user: string) => void;
}

export function Sidebar({ place, unread, go, become }: Props) {
  const { screen } = useDesk();
  const direct = screen.channels.find((each) => each.direct);
  const inApp = place === "home" || place === direct?.id;
  return (
    <nav className="sidebar" aria-label="Workspace">
      <h1>Sandbox</h1>
      <h2>Channels</h2>
      {screen.channels
        .filter((each) => !each.direct)
        .map((each) => (
          <button
            key={each.id}
            type="button"
            className={unread.has(each.id) ? "unread" : ""}
            aria-current={place === each.id ? "page" : undefined}
            onClick={() => go(each.id)}
          >
            <span className="hash">#</span>
            {each.name}
          </button>
        ))}
      <h2>Apps</h2>
      <button
        type="button"
        className={direct && unread.has(direct.id) ? "unread" : ""}
        aria-current={inApp ? "page" : undefined}
        onClick={() => go("home")}
      >
        <BotIcon size={20} />
        SMS
      </button>
      <div className="people" role="group" aria-label="You are">
        <h2>You are</h2>
        {screen.people.map((each) => (
          <button
            key={each.id}
            type="button"
            aria-pressed={screen.me === each.id}
            onClick={() => become(each.id)}
          >
            <Avatar name={each.name} size={20} />
            {each.name}
          </button>
        ))}
      </div>
    </nav>
  );
}
