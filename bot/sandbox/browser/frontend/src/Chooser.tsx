// A select whose options the app gives for what is typed: chips, a box to type in, a list.

import { type KeyboardEvent, useEffect, useState } from "react";
import { useDesk } from "./api";
import type { Entered } from "./Touchable";
import type { Block, Element, Option, OptionGroup } from "./types";

interface Props {
  element: Element;
  block: Block;
  entered: Entered;
}

const PAUSE = 120; // milliseconds without a key before the app is asked
const FEWEST = 3; // characters, where the element names no number

/** Ask the app, a moment after the last key. */
function useOffers(props: Props, query: string, open: boolean): OptionGroup[] {
  const { act } = useDesk();
  const [groups, setGroups] = useState<OptionGroup[]>([]);
  const { target } = props.entered;
  const { action_id: action, min_query_length: fewest = FEWEST } = props.element;
  const key = JSON.stringify(target);
  useEffect(() => {
    if (!open || query.length < fewest) return setGroups([]);
    let current = true;
    const timer = setTimeout(async () => {
      const answer = await act("suggest", { ...target, action, query });
      if (current) setGroups(answer.groups ?? []);
    }, PAUSE);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [query, open, key, action, fewest]);
  return groups;
}

export function Chooser(props: Props) {
  const { element, block, entered } = props;
  const [query, setQuery] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const chosen = entered.entry(block, element).selected_options ?? [];
  const taken = new Set(chosen.map((each) => each.value));
  const groups = useOffers(props, query, open)
    .map((group) => ({ ...group, options: group.options.filter((o) => !taken.has(o.value)) }))
    .filter((group) => group.options.length);
  const offers = groups.flatMap((group) => group.options);
  const keep = (options: Option[]) =>
    entered.enter(block, element, { selected_options: options });
  const take = (option: Option) => {
    keep([...chosen, option]);
    setQuery("");
    setAt(0);
  };
  const onKey = (event: KeyboardEvent) => {
    const pick = offers[at];
    if (event.key === "ArrowDown" && !open) setOpen(true);
    else if (event.key === "ArrowDown") setAt(Math.min(at + 1, offers.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter" && open && pick) take(pick);
    else if (event.key === "Backspace" && !query) keep(chosen.slice(0, -1));
    else if (event.key === "Escape" && open) setOpen(false);
    else return;
    event.stopPropagation();
    if (event.key !== "Backspace") event.preventDefault();
  };
  return (
    <div className="chooser">
      <div className="chips">
        {chosen.map((option) => (
          <Chip
            key={option.value}
            option={option}
            drop={() => keep(chosen.filter((each) => each.value !== option.value))}
          />
        ))}
        <input
          id={block.block_id}
          role="combobox"
          aria-expanded={open && offers.length > 0}
          aria-controls={`${block.block_id}-offers`}
          autoComplete="off"
          value={query}
          placeholder={chosen.length ? "" : element.placeholder?.text}
          onChange={(event) => {
            setQuery(event.target.value);
            setAt(0);
            setOpen(true);
          }}
          onClick={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={onKey}
        />
      </div>
      {open && offers.length > 0 && (
        <Offers id={`${block.block_id}-offers`} groups={groups} pick={offers[at]} take={take} />
      )}
    </div>
  );
}

function Chip({ option, drop }: { option: Option; drop: () => void }) {
  return (
    <span className="chip">
      {option.text.text}
      <button type="button" aria-label={`Remove ${option.text.text}`} onClick={drop}>
        ×
      </button>
    </span>
  );
}

interface OffersProps {
  id: string;
  groups: OptionGroup[];
  pick: Option | undefined;
  take: (option: Option) => void;
}

/** Keep what the arrow keys chose in sight. */
function show(option: HTMLElement | null) {
  option?.scrollIntoView({ block: "nearest" });
}

function Offers({ id, groups, pick, take }: OffersProps) {
  return (
    <div className="offers" id={id} role="listbox">
      {groups.map((group) => (
        <div key={group.label} role="group" aria-label={group.label}>
          <div className="group">{group.label}</div>
          {group.options.map((option) => (
            <div
              key={option.value}
              role="option"
              aria-selected={option === pick}
              ref={option === pick ? show : undefined}
              onMouseDown={(event) => {
                event.preventDefault(); // the box keeps the focus
                take(option);
              }}
            >
              {option.text.text}
              {option.description && <small>{option.description.text}</small>}
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}
