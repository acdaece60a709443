// The interactive elements: each tells the app, or keeps what is entered until a submit.

import { useState } from "react";
import { useDesk } from "./api";
import { Chooser } from "./Chooser";
import type { Block, Element, Entry, Json } from "./types";

/** Where an element stands, and what is entered there. */
export interface Entered {
  /** What names the message or view in a deed. */
  target: Json;
  /** What stands in an input, by block_id. */
  entry: (block: Block, element: Element) => Entry;
  /** Keep what somebody enters. */
  enter: (block: Block, element: Element, entry: Entry) => void;
  errors: Record<string, string>;
}

interface Props {
  element: Element;
  block: Block;
  entered: Entered;
}

export function Touchable(props: Props) {
  switch (props.element.type) {
    case "button":
      return <Button {...props} />;
    case "plain_text_input":
      return <TextInput {...props} />;
    case "static_select":
      return <Select {...props} options={optionsOf(props.element)} />;
    case "conversations_select":
      return <Conversations {...props} />;
    case "multi_external_select":
      return <Chooser {...props} />;
    default:
      return <em>This demo does not draw a {props.element.type}.</em>;
  }
}

function Button({ element, block, entered }: Props) {
  const { act } = useDesk();
  const [busy, setBusy] = useState(false);
  const press = async () => {
    setBusy(true);
    const what = { block: block.block_id, action: element.action_id, value: element.value };
    await act("click", { ...entered.target, ...what });
    setBusy(false);
  };
  return (
    <button
      type="button"
      className={`button ${element.style ?? ""}`}
      aria-busy={busy}
      onClick={() => !busy && void press()}
    >
      {element.text?.text}
    </button>
  );
}

function TextInput({ element, block, entered }: Props) {
  const common = {
    id: block.block_id,
    value: entered.entry(block, element).value ?? "",
    placeholder: element.placeholder?.text,
    autoComplete: "off",
    onChange: (event: { target: { value: string } }) =>
      entered.enter(block, element, { value: event.target.value }),
  };
  return element.multiline ? <textarea rows={4} {...common} /> : <input type="text" {...common} />;
}

interface Choice {
  value: string;
  label: string;
}

function optionsOf(element: Element): Choice[] {
  return (element.options ?? []).map(({ value, text }) => ({ value, label: text.text }));
}

function Conversations(props: Props) {
  const { screen } = useDesk();
  const channels = screen.channels.filter((each) => !each.direct);
  const options = channels.map(({ id, name }) => ({ value: id, label: `# ${name}` }));
  return <Select {...props} options={options} />;
}

/** A menu; Slack tells the app at once of those that stand in no input, or dispatch. */
function Select({ element, block, entered, options }: Props & { options: Choice[] }) {
  const { act } = useDesk();
  const entry = entered.entry(block, element);
  const choose = (value: string) => {
    entered.enter(block, element, chosen(element, value));
    if (block.type === "input" && !block.dispatch_action) return;
    const what = { block: block.block_id, action: element.action_id, value };
    void act("click", { ...entered.target, ...what });
  };
  const value = entry.selected_conversation ?? entry.selected_option?.value ?? "";
  return (
    <select
      id={block.block_id}
      className={value ? "" : "empty"}
      value={value}
      onChange={(event) => choose(event.target.value)}
    >
      <option value="" disabled hidden>
        {element.placeholder?.text ?? "Choose one"}
      </option>
      {options.map((each) => (
        <option key={each.value} value={each.value}>
          {each.label}
        </option>
      ))}
    </select>
  );
}

function chosen(element: Element, value: string): Entry {
  if (element.type === "conversations_select") return { selected_conversation: value };
  const option = element.options?.find((each) => each.value === value);
  return { selected_option: option ?? null };
}
