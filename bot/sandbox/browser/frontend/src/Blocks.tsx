// Block Kit: what is only read is drawn by slack-blocks-to-jsx, which gives no events of its
// buttons and inputs; what can be touched is drawn here.

import { memo } from "react";
import { type Block as LibraryBlock, Message, type MessageProps } from "slack-blocks-to-jsx";
import { useDesk } from "./api";
import { drawn } from "./Emoji";
import { readable } from "./readable";
import { type Entered, Touchable } from "./Touchable";
import type { Block } from "./types";

interface Names {
  id: string;
  name: string;
}

interface DrawnProps {
  blocks: Block[];
  users: Names[];
  channels: Names[];
}

type Hooks = NonNullable<MessageProps["hooks"]>;
const HOOKS: Hooks = { emoji: (emoji, parse) => drawn(emoji.name) ?? parse(emoji) };

const Drawn = memo(
  ({ blocks, users, channels }: DrawnProps) => (
    <Message
      blocks={blocks as unknown as LibraryBlock[]}
      data={{ users, channels }}
      hooks={HOOKS}
      theme="light"
      logo=""
      name=""
      withoutWrapper
    />
  ),
  (before, now) => JSON.stringify(before) === JSON.stringify(now),
);

/** Draw blocks that nobody can touch. */
export function Still({ blocks }: { blocks: Block[] }) {
  const { screen } = useDesk();
  const users = Object.entries(screen.names).map(([id, name]) => ({ id, name }));
  const channels = screen.channels.map(({ id, name }) => ({ id, name }));
  return <Drawn blocks={readable(blocks)} users={users} channels={channels} />;
}

/** Draw a text as Slack draws one without blocks. */
export function Plain({ text }: { text: string }) {
  const block = { type: "section", block_id: "text", text: { type: "mrkdwn", text } };
  return <Still blocks={[block]} />;
}

interface BlocksProps {
  blocks: Block[];
  entered: Entered;
}

export function Blocks({ blocks, entered }: BlocksProps) {
  return (
    <div className="blocks">
      {blocks.map((block, place) => (
        // by place: ids that the app does not give are others in every version of a message
        <One key={place} block={block} entered={entered} />
      ))}
    </div>
  );
}

function One({ block, entered }: { block: Block; entered: Entered }) {
  if (block.type === "actions") {
    return (
      <div className="actions">
        {block.elements?.map((element) => (
          <Touchable key={element.action_id} element={element} block={block} entered={entered} />
        ))}
      </div>
    );
  }
  if (block.type === "input") return <Input block={block} entered={entered} />;
  if (!block.accessory || block.accessory.type === "image") return <Still blocks={[block]} />;
  const { accessory, ...rest } = block;
  return (
    <div className="section">
      <Still blocks={[rest]} />
      <Touchable element={accessory} block={block} entered={entered} />
    </div>
  );
}

function Input({ block, entered }: { block: Block; entered: Entered }) {
  if (!block.element) return null;
  const error = entered.errors[block.block_id];
  return (
    <div className={error ? "input wrong" : "input"} data-block={block.block_id}>
      <label htmlFor={block.block_id}>
        {block.label?.text}
        {block.optional && <span className="optional"> (optional)</span>}
      </label>
      <Touchable element={block.element} block={block} entered={entered} />
      {error && (
        <div className="error" role="alert">
          {error}
        </div>
      )}
      {block.hint && <div className="hint">{block.hint.text}</div>}
    </div>
  );
}
