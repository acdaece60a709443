// What the server tells of a person's screen: bot/sandbox/browser/screen.py writes it.

export type Json = Record<string, unknown>;

export interface Text {
  type: string;
  text: string;
}

export interface Option {
  text: Text;
  value: string;
  description?: Text;
}

export interface OptionGroup {
  label: string;
  options: Option[];
}

/** An interactive element of Block Kit: those fields that some kind of it has. */
export interface Element {
  type: string;
  action_id: string;
  text?: Text;
  value?: string;
  style?: "primary" | "danger";
  url?: string;
  placeholder?: Text;
  options?: Option[];
  multiline?: boolean;
  min_query_length?: number;
}

export interface Block {
  type: string;
  block_id: string;
  elements?: Element[];
  element?: Element;
  accessory?: Element;
  label?: Text;
  hint?: Text;
  optional?: boolean;
  dispatch_action?: boolean;
}

/** What stands in an element, under Slack's own names. */
export interface Entry {
  value?: string | null;
  selected_option?: Option | null;
  selected_options?: Option[];
  selected_conversation?: string | null;
}

export interface View {
  id: string;
  hash: string;
  callback_id: string | null;
  title: Text | null;
  submit: Text | null;
  close: Text | null;
  blocks: Block[];
  errors: Record<string, string>;
  state: Record<string, Record<string, Entry>>;
}

export interface Said {
  ts: string;
  author: string;
  bot: boolean;
  private: boolean;
  edits: number;
  text: string;
  blocks: Block[];
  answers: Said[];
}

export interface Channel {
  id: string;
  name: string;
  direct: boolean;
  bot: boolean;
  members: number;
  messages: Said[];
}

export interface Sms {
  sid: string;
  mine: boolean;
  body: string;
  status: string;
  why: string;
  at: number;
}

export interface Phone {
  name: string;
  number: string;
  trick: string;
  messages: Sms[];
}

export interface Choice {
  value: string;
  label: string;
}

export interface Stop {
  title: string;
  text: string;
  command: string;
  done: boolean;
}

export interface Screen {
  me: string;
  people: { id: string; name: string }[];
  names: Record<string, string>;
  channels: Channel[];
  views: View[];
  home: View | null;
  phones: Phone[];
  twilio: { service: string; services: Choice[]; tricks: Choice[] };
  tour: Stop[];
  command: string;
  forms: Record<string, string>;
  shortcut: { id: string; label: string };
  forward: { id: string; label: string };
}
