// The server: a stream of what a person sees, and one POST for everything they do.

import { createContext, useContext, useEffect, useState } from "react";
import type { Json, OptionGroup, Screen } from "./types";

const token = new URLSearchParams(location.search).get("token") ?? "";

export interface Answer {
  error?: string;
  groups?: OptionGroup[];
}

export type Act = (deed: string, told?: Json) => Promise<Answer>;

/** Do something as a person; what is wrong with it comes back as `error`. */
export async function act(user: string, deed: string, told: Json): Promise<Answer> {
  try {
    const response = await fetch(`/api/${deed}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Demo-Token": token },
      body: JSON.stringify({ ...told, user }),
    });
    return (await response.json()) as Answer;
  } catch {
    return { error: "The demo does not answer: is sms-bot demo still running?" };
  }
}

/** Follow a person's screen; null until the first word of it, `lost` while nothing is heard. */
export function useScreen(user: string): { screen: Screen | null; lost: boolean } {
  const [screen, setScreen] = useState<Screen | null>(null);
  const [lost, setLost] = useState(false);
  useEffect(() => {
    const query = new URLSearchParams({ token, user });
    const stream = new EventSource(`/api/screen?${query}`);
    stream.onopen = () => setLost(false);
    stream.onerror = () => setLost(true);
    stream.onmessage = (event: MessageEvent<string>) => setScreen(JSON.parse(event.data));
    return () => stream.close();
  }, [user]);
  return { screen, lost };
}

export interface Desk {
  screen: Screen;
  act: Act;
}

export const DeskContext = createContext<Desk | null>(null);

/** Whose screen this is, and what can be done from it. */
export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error("outside of the desk");
  return desk;
}
