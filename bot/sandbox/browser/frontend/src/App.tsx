// The whole page: Slack in the middle, the phones and Twilio beside it.

import { useCallback, useMemo, useState } from "react";
import { type Act, act as actAs, DeskContext, useScreen } from "./api";
import { Conversation } from "./Conversation";
import { Home } from "./Home";
import { Modal } from "./Modal";
import { Phones } from "./Phones";
import { Sidebar } from "./Sidebar";
import { Tour, useTour } from "./Tour";
import { typing } from "./typing";
import { useUnread } from "./unread";

const FIRST = "U0ALICE";
const ONCALL = "C0ONCALL";
const HOME = "home";

export function App() {
  const [user, setUser] = useState(FIRST);
  const { screen, lost } = useScreen(user);
  const [place, setPlace] = useState(ONCALL);
  const [drafts, setDrafts] = useState<Record<string, string>>({});
  const [trouble, setTrouble] = useState("");
  const tour = useTour(screen?.tour ?? []);
  const unread = useUnread(screen, place);

  const act: Act = useCallback(
    async (deed, told = {}) => {
      const answer = await actAs(user, deed, told);
      setTrouble(answer.error ?? "");
      return answer;
    },
    [user],
  );
  const desk = useMemo(() => (screen ? { screen, act } : null), [screen, act]);
  if (!desk) return <Waiting lost={lost} />;

  const write = (channel: string, text: string) =>
    setDrafts((before) => ({ ...before, [channel]: text }));
  const { channels } = desk.screen;
  const seen = channels.find((each) => each.id === place) ?? channels.find((each) => each.direct);
  const view = desk.screen.views.at(-1);
  return (
    <DeskContext value={desk}>
      <div className="page">
        <header className="bar">
          <span className="brand">SMS from Slack</span>
          <span className="claim">the real bot, a local Slack, a local Twilio: no SMS is sent</span>
          {!tour.open && (
            <button type="button" onClick={tour.resume}>
              Guided tour
            </button>
          )}
        </header>
        <div className="slack" inert={Boolean(view)}>
          <Sidebar place={place} unread={unread} go={setPlace} become={setUser} />
          <main>
            <Tour
              tour={tour}
              type={(text) => {
                setPlace(ONCALL);
                void typing(text, (part) => write(ONCALL, part));
              }}
            />
            {place === HOME || seen?.direct ? (
              <Home tab={place === HOME ? "home" : "messages"} direct={seen} go={setPlace} />
            ) : (
              seen && (
                <Conversation
                  key={seen.id}
                  channel={seen}
                  draft={drafts[seen.id] ?? ""}
                  write={(text) => write(seen.id, text)}
                />
              )
            )}
          </main>
        </div>
        {view && <Modal key={view.id} view={view} />}
        <Phones />
        <Toast text={lost ? "The demo has ended, or does not answer." : trouble} />
      </div>
    </DeskContext>
  );
}

function Waiting({ lost }: { lost: boolean }) {
  const why = "This page needs the address that sms-bot demo has printed, and the demo running.";
  return <p className="waiting">{lost ? why : "Connecting …"}</p>;
}

function Toast({ text }: { text: string }) {
  return (
    <div className="toast" role="status">
      {text && <span>{text}</span>}
    </div>
  );
}
