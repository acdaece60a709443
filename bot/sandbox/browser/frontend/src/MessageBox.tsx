// The message box: it knows the slash command, and offers its forms as they are typed.

import { type KeyboardEvent, useState } from "react";
import { useDesk } from "./api";
import { Icon } from "./Icon";
import type { Channel } from "./types";

interface Props {
  channel: Channel;
  draft: string;
  write: (text: string) => void;
}

interface Form {
  verb: string;
  form: string;
}

/** The forms that what is typed may become; none once its verb is complete. */
function formsOf(draft: string, command: string, forms: Record<string, string>): Form[] {
  const all = Object.entries(forms).map(([verb, form]) => ({ verb, form }));
  if (!draft.startsWith("/")) return [];
  if (command.startsWith(draft.trimEnd())) return all;
  const rest = draft.startsWith(`${command} `) ? draft.slice(command.length + 1) : null;
  if (rest === null || rest.includes(" ")) return [];
  return all.filter(({ verb }) => verb.startsWith(rest) && verb !== rest);
}

export function MessageBox({ channel, draft, write }: Props) {
  const { screen, act } = useDesk();
  const [at, setAt] = useState(-1);
  const [note, setNote] = useState("");
  const { command } = screen;
  const forms = formsOf(draft, command, screen.forms);

  const send = async () => {
    const text = draft.trim();
    if (!text) return;
    const [word, rest] = [text.split(/\s/, 1)[0] ?? "", text.slice(command.length).trim()];
    if (word.startsWith("/") && word !== command) {
      setNote(`${word} is no command here: ${command} is the one.`);
      return;
    }
    write("");
    if (word === command) await act("command", { channel: channel.id, text: rest });
    else await act("say", { channel: channel.id, text });
  };
  const complete = (form: Form) => {
    write(`${command} ${form.verb} `);
    setAt(-1);
    document.getElementById("box")?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    const pick = forms[at];
    if (event.key === "ArrowDown" && forms.length) setAt((at + 1) % forms.length);
    else if (event.key === "ArrowUp" && forms.length) setAt(Math.max(at, 1) - 1);
    else if (event.key === "Tab" && forms.length && !event.shiftKey) complete(pick ?? forms[0]!);
    else if (event.key === "Escape" && forms.length) write("");
    else if (event.key !== "Enter" || event.shiftKey) return;
    else if (pick) complete(pick);
    else void send();
    event.preventDefault();
  };
  return (
    <div className="box">
      {forms.length > 0 && <Forms forms={forms} at={at} complete={complete} />}
      <textarea
        id="box"
        rows={1}
        value={draft}
        aria-label={`Message to #${channel.name}`}
        placeholder={`Message #${channel.name}, or type ${command}`}
        onChange={(event) => {
          write(event.target.value);
          setNote("");
          setAt(-1);
        }}
        onKeyDown={onKey}
      />
      <div className="tools">
        <Shortcuts />
        <span className="note" role="status">
          {note}
        </span>
        <button
          type="button"
          className="send"
          aria-label="Send"
          disabled={!draft.trim()}
          onClick={() => void send()}
        >
          <Icon name="send" />
        </button>
      </div>
    </div>
  );
}

interface FormsProps {
  forms: Form[];
  at: number;
  complete: (form: Form) => void;
}

function Forms({ forms, at, complete }: FormsProps) {
  return (
    <div className="forms" role="listbox" aria-label="What can be typed">
      {forms.map((each, place) => (
        <div
          key={each.verb}
          role="option"
          aria-selected={place === at}
          onMouseDown={(event) => {
            event.preventDefault();
            complete(each);
          }}
        >
          {each.form.split(", ")[0]}
        </div>
      ))}
    </div>
  );
}

function Shortcuts() {
  const { screen, act } = useDesk();
  const { id, label } = screen.shortcut;
  return (
    <button type="button" className="shortcut" onClick={() => void act("shortcut", { id })}>
      <Icon name="bolt" />
      {label}
    </button>
  );
}
