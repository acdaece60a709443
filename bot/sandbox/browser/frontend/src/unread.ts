// Which channels have something new since they were last looked at.

import { useRef } from "react";
import type { Screen } from "./types";

export function useUnread(screen: Screen | null, place: string): Set<string> {
  const seen = useRef<Record<string, string>>({});
  const unread = new Set<string>();
  for (const channel of screen?.channels ?? []) {
    const key = `${screen?.me} ${channel.id}`;
    const last = channel.messages.at(-1)?.ts ?? "";
    if (channel.id === place || !(key in seen.current)) seen.current[key] = last;
    else if (last > (seen.current[key] ?? "")) unread.add(channel.id);
  }
  return unread;
}
