// Blocks as slack-blocks-to-jsx 1.1 reads them right.

import type { Block } from "./types";

/** No width, but no mention either: the library looks for <@ and <! after it has undone &lt;. */
const NOTHING = "\u200b";

/** A mention with its label, which the library takes for a part of the id. */
const LABELLED = /<@(\w+)\|[^>]*>/g;

/** Undo Slack's escapes so that what was escaped is text; the library writes &gt; with a blank. */
function undone(text: string): string {
  return text
    .replace(LABELLED, "<@$1>")
    .replaceAll("&lt;", `<${NOTHING}`)
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

/** Leave `verbatim` out, too: in Slack it stops the search for links, there all markup. */
function changed(key: string, value: unknown): unknown {
  if (key === "verbatim") return undefined;
  if (!value || typeof value !== "object" || !("type" in value) || !("text" in value)) return value;
  const { type, text } = value;
  return type === "mrkdwn" && typeof text === "string" ? { ...value, text: undone(text) } : value;
}

export function readable(blocks: Block[]): Block[] {
  return JSON.parse(JSON.stringify(blocks, changed));
}
