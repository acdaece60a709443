// Small pictures, all drawn for this page.

export function BotIcon({ size = 36 }: { size?: number }) {
  return (
    <svg className="avatar" viewBox="0 0 36 36" width={size} height={size} aria-hidden="true">
      <rect width="36" height="36" rx="8" fill="#1d3557" />
      <path
        d="M9 11h18a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H17l-5 4v-4H9a2 2 0 0 1-2-2V13a2 2 0 0 1 2-2z"
        fill="#fff"
      />
      <g fill="#1d3557">
        <circle cx="13" cy="18" r="1.7" />
        <circle cx="18" cy="18" r="1.7" />
        <circle cx="23" cy="18" r="1.7" />
      </g>
    </svg>
  );
}

const PATHS: Record<string, string> = {
  eye: "M1.8 10S4.8 4.5 10 4.5 18.2 10 18.2 10 15.2 15.5 10 15.5 1.8 10 1.8 10zM12.6 10a2.6 2.6 0 1 1-5.2 0 2.6 2.6 0 0 1 5.2 0z",
  send: "M3 3.8 17 10 3 16.2l2-6.2zM5 10h6",
  bolt: "M11 2.5 4.5 11.5H9l-1 6 6.5-9H10z",
  forward: "M11 5l5 4.5-5 4.5M16 9.5H8.5A4.5 4.5 0 0 0 4 14v1.5",
  close: "M5 5l10 10M15 5 5 15",
  check: "M4.5 10.5l3.5 3.5 7.5-8",
  twice: "M1.8 10.5l3.5 3.5 7.2-8M8.7 13.4l.6.6 8-8.2",
  clock: "M10 3a7 7 0 1 0 .01 0M10 6v4.2l2.8 1.8",
};

export function Icon({ name, label }: { name: keyof typeof PATHS; label?: string }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 20 20"
      role={label ? "img" : undefined}
      aria-label={label}
      aria-hidden={!label}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

const COLOURS = ["#7a4f9a", "#2a6f97", "#b5533c", "#4b7f52"];

export function Avatar({ name, size = 36 }: { name: string; size?: number }) {
  const colour = COLOURS[(name.charCodeAt(0) - 1) % COLOURS.length];
  return (
    <svg className="avatar" viewBox="0 0 36 36" width={size} height={size} aria-hidden="true">
      <rect width="36" height="36" rx="8" fill={colour} />
      <text x="18" y="24" textAnchor="middle" fontSize="17" fontWeight="700" fill="#fff">
        {name.slice(0, 1).toUpperCase()}
      </text>
    </svg>
  );
}
