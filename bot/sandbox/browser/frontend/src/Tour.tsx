// The guided tour: it can be left and taken up again; the server says what is done.

import { useState } from "react";
import { Icon } from "./Icon";
import type { Stop } from "./types";

const KEPT = "tour";

interface State {
  stops: Stop[];
  at: number;
  open: boolean;
  go: (at: number) => void;
  leave: () => void;
  resume: () => void;
}

export function useTour(stops: Stop[]): State {
  const [open, setOpen] = useState(() => sessionStorage.getItem(KEPT) !== "left");
  const [at, setAt] = useState(0);
  const keep = (now: boolean) => {
    sessionStorage.setItem(KEPT, now ? "on" : "left");
    setOpen(now);
  };
  const resume = () => {
    const next = stops.findIndex((each) => !each.done);
    setAt(next < 0 ? 0 : next);
    keep(true);
  };
  return { stops, at, open, go: setAt, leave: () => keep(false), resume };
}

export function Tour({ tour, type }: { tour: State; type: (text: string) => void }) {
  const { stops, at, go, leave } = tour;
  const stop = stops[at];
  if (!tour.open || !stop) return null;
  const last = at === stops.length - 1;
  return (
    <section className="tour" aria-label="Guided tour">
      <div className="dots">
        {stops.map((each, place) => (
          <button
            key={each.title}
            type="button"
            className={each.done ? "done" : ""}
            aria-label={`Step ${place + 1}: ${each.title}${each.done ? ", done" : ""}`}
            aria-current={place === at ? "step" : undefined}
            onClick={() => go(place)}
          >
            {each.done ? <Icon name="check" /> : place + 1}
          </button>
        ))}
      </div>
      <div className="words">
        <h2>{stop.title}</h2>
        <p>{stop.text}</p>
      </div>
      <div className="steps">
        {stop.done ? (
          <button type="button" className="button primary" onClick={last ? leave : () => go(at + 1)}>
            {last ? "Finish" : "Next step"}
          </button>
        ) : (
          <button type="button" className="button primary" onClick={() => type(stop.command)}>
            Type it for me
          </button>
        )}
      </div>
      <button type="button" className="leave" aria-label="Leave the tour" onClick={leave}>
        <Icon name="close" />
      </button>
    </section>
  );
}
