// The phones that get the SMS, and the switches that let Twilio misbehave.

import { type FormEvent, useLayoutEffect, useRef, useState } from "react";
import { useDesk } from "./api";
import { Icon } from "./Icon";
import type { Phone as PhoneOf, Sms } from "./types";

export function Phones() {
  const { screen } = useDesk();
  return (
    <aside className="side" aria-label="Phones and Twilio">
      <div className="phones">
        {screen.phones.map((each) => (
          <Phone key={each.number} phone={each} />
        ))}
      </div>
      <Service />
    </aside>
  );
}

function Phone({ phone }: { phone: PhoneOf }) {
  const { screen, act } = useDesk();
  const list = useRef<HTMLDivElement>(null);
  const { name, number, trick, messages } = phone;
  const key = messages.map((each) => each.status).join();
  useLayoutEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [key]);
  return (
    <section className="phone" aria-label={`${name}'s phone`}>
      <header>
        <b>{name}</b>
        <span>{number}</span>
      </header>
      <div className="sms" role="log" ref={list}>
        {messages.map((each) => (
          <Bubble key={each.sid} sms={each} />
        ))}
        {!messages.length && <p className="none">No SMS yet</p>}
      </div>
      <Reply phone={phone} />
      <select
        className={trick === "works" ? "trick" : "trick odd"}
        aria-label={`What SMS to ${name} meet`}
        value={trick}
        onChange={(event) => void act("trick", { number, value: event.target.value })}
      >
        {screen.twilio.tricks.map((each) => (
          <option key={each.value} value={each.value}>
            {each.label}
          </option>
        ))}
      </select>
    </section>
  );
}

function Bubble({ sms }: { sms: Sms }) {
  if (sms.mine) return <p className="bubble mine">{sms.body}</p>;
  if (sms.why) return <p className="lost">Did not arrive: {sms.why}</p>;
  const arrived = sms.status === "delivered"; // "sent" is the carrier's, not yet the phone's
  return (
    <p className={arrived ? "bubble" : "bubble coming"} data-status={sms.status}>
      {arrived ? sms.body : "on its way …"}
      <Ticks status={sms.status} />
    </p>
  );
}

function Ticks({ status }: { status: string }) {
  if (status === "delivered") return <Icon name="twice" label="delivered" />;
  if (status === "sent") return <Icon name="check" label="sent" />;
  return <Icon name="clock" label={status} />;
}

const QUICK = ["ack", "STOP", "START"];

function Reply({ phone }: { phone: PhoneOf }) {
  const { act } = useDesk();
  const [text, setText] = useState("");
  const reply = (said: string) => {
    setText("");
    if (said.trim()) void act("reply", { number: phone.number, text: said });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    reply(text);
  };
  return (
    <form onSubmit={submit}>
      <div className="quick">
        {QUICK.map((each) => (
          <button key={each} type="button" onClick={() => reply(each)}>
            {each}
          </button>
        ))}
      </div>
      <div className="line">
        <input
          type="text"
          value={text}
          aria-label={`Reply from ${phone.name}'s phone`}
          placeholder="Reply"
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" aria-label={`Send ${phone.name}'s reply`} disabled={!text.trim()}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}

function Service() {
  const { screen, act } = useDesk();
  const { service, services } = screen.twilio;
  return (
    <fieldset className="service">
      <legend>Twilio</legend>
      {services.map((each) => (
        <label key={each.value}>
          <input
            type="radio"
            name="service"
            checked={service === each.value}
            onChange={() => void act("service", { value: each.value })}
          />
          {each.label}
        </label>
      ))}
    </fieldset>
  );
}
