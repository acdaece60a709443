// A modal: what is entered stays here until it is submitted, as in Slack.

import { type KeyboardEvent, useLayoutEffect, useRef, useState } from "react";
import { useDesk } from "./api";
import { Blocks } from "./Blocks";
import { BotIcon, Icon } from "./Icon";
import type { Block, Element, Entry, View } from "./types";

const REQUIRED = "Please complete this required field.";

type Entries = Record<string, Entry>;

/** What was entered into each modal; one that is shown again still has it. */
const kept = new Map<string, Entries>();

function useEntries(view: View) {
  const [entries, setEntries] = useState<Entries>(() => kept.get(view.id) ?? {});
  const entry = (block: Block, element: Element): Entry =>
    entries[block.block_id] ?? view.state[block.block_id]?.[element.action_id] ?? {};
  const enter = (block: Block, _element: Element, value: Entry) =>
    setEntries((before) => {
      const now = { ...before, [block.block_id]: value };
      kept.set(view.id, now);
      return now;
    });
  return { entries, entry, enter };
}

function told(entry: Entry): unknown {
  if (entry.selected_options) return entry.selected_options.map((each) => each.value);
  return entry.selected_option?.value ?? entry.selected_conversation ?? entry.value ?? "";
}

function missing(view: View, entry: (block: Block, element: Element) => Entry) {
  const blank = view.blocks.filter((block) => {
    if (block.type !== "input" || block.optional || !block.element) return false;
    const value = told(entry(block, block.element));
    return Array.isArray(value) ? !value.length : !String(value);
  });
  return Object.fromEntries(blank.map((block) => [block.block_id, REQUIRED]));
}

export function Modal({ view }: { view: View }) {
  const { act } = useDesk();
  const { entries, entry, enter } = useEntries(view);
  const [required, setRequired] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const box = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => {
    const first = box.current?.querySelector<HTMLElement>("input, textarea, select");
    (first ?? box.current)?.focus(); // Escape is heard wherever the focus is within
  }, []);

  const submit = async () => {
    const blank = missing(view, entry);
    setRequired(blank);
    if (busy || Object.keys(blank).length) return;
    setBusy(true);
    const here = new Set(view.blocks.map((block) => block.block_id));
    const filled = Object.entries(entries).filter(([block]) => here.has(block));
    const values = Object.fromEntries(filled.map(([block, each]) => [block, told(each)]));
    await act("submit", { view: view.id, values });
    setBusy(false);
  };
  const close = async () => {
    if (busy) return;
    setBusy(true);
    await act("close", { view: view.id });
    setBusy(false);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") void close();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void submit();
  };
  const entered = {
    target: { view: view.id },
    entry,
    enter,
    errors: { ...view.errors, ...required },
  };
  return (
    <div className="shade">
      <form
        className="modal"
        role="dialog"
        aria-labelledby="modal-title"
        ref={box}
        tabIndex={-1}
        noValidate
        onKeyDown={onKey}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <header>
          <BotIcon size={28} />
          <h1 id="modal-title">{view.title?.text}</h1>
          <button type="button" className="close" aria-label="Close" onClick={() => void close()}>
            <Icon name="close" />
          </button>
        </header>
        <div className="content">
          <Blocks blocks={view.blocks} entered={entered} />
        </div>
        <footer>
          <button type="button" className="button" onClick={() => void close()}>
            {view.close?.text ?? "Cancel"}
          </button>
          {view.submit && (
            <button type="submit" className="button primary" aria-busy={busy}>
              {view.submit.text}
            </button>
          )}
        </footer>
      </form>
    </div>
  );
}
