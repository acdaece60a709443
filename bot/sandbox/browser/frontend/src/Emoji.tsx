// The emoji that the bot uses, drawn here: no font is needed for them, and nothing is fetched.

import type { ReactNode } from "react";

const DRAWN: Record<string, ReactNode> = {
  arrow_right: (
    <>
      <rect x="1.5" y="1.5" width="17" height="17" rx="3.5" fill="#3b88c3" />
      <path d="M5 10h9.4m-3.8-4 4 4-4 4" fill="none" stroke="#fff" strokeWidth="2.2" />
    </>
  ),
  white_check_mark: (
    <>
      <rect x="1.5" y="1.5" width="17" height="17" rx="3.5" fill="#43a047" />
      <path d="M5.2 10.4l3.3 3.4 6.4-7.4" fill="none" stroke="#fff" strokeWidth="2.4" />
    </>
  ),
  x: <path d="M3.5 3.5l13 13m0-13l-13 13" fill="none" stroke="#dd2e44" strokeWidth="3.4" />,
  grey_question: (
    <g fill="none" stroke="#9aa5b1">
      <path d="M6 6.4C6.4 3 13.9 2.6 14 7c0 3-4 3-4 6.2" strokeWidth="2.8" />
      <path d="M10 17.2v.1" strokeWidth="3.2" />
    </g>
  ),
  hourglass_flowing_sand: (
    <>
      <path d="M5.5 2.5h9c0 5-3.4 5.6-3.4 7.5s3.4 2.5 3.4 7.5h-9c0-5 3.4-5.6 3.4-7.5S5.5 7.5 5.5 2.5z" fill="#dcebf5" />
      <path d="M6.7 6h6.6c-.7 1.6-2.2 2.5-3.3 3.6C8.9 8.5 7.4 7.6 6.7 6zM6.2 16.8c.3-2 2.3-2.5 3.8-3.9 1.5 1.4 3.5 1.9 3.8 3.9z" fill="#f0b429" />
      <path d="M4.2 2.2h11.6M4.2 17.8h11.6" stroke="#7b5b3a" strokeWidth="2" />
    </>
  ),
  no_entry: (
    <>
      <circle cx="10" cy="10" r="8.5" fill="#dd2e44" />
      <rect x="4.5" y="8.2" width="11" height="3.6" rx="1" fill="#fff" />
    </>
  ),
  raised_hand: (
    <g fill="none" stroke="#f2b632" strokeWidth="2.5">
      <path d="M6.5 10V4.6M9.3 9.5V3M12.1 9.5V3.6M14.8 10.5V6M6.4 13.5L3.7 9.8" />
      <path d="M6.4 10.5h8.5v2.3c0 2.7-1.7 4.4-4.2 4.4s-4.3-1.6-4.3-4.2z" fill="#f2b632" />
    </g>
  ),
  checkered_flag: (
    <>
      <path d="M3.5 2v16.5" stroke="#7b8794" strokeWidth="1.8" />
      <rect x="4.4" y="3" width="12.8" height="9.6" fill="#fff" stroke="#323f4b" />
      <path d="M4.4 3h3.2v3.2H4.4zM10.8 3H14v3.2h-3.2zM7.6 6.2h3.2v3.2H7.6zM14 6.2h3.2v3.2H14zM4.4 9.4h3.2v3.2H4.4zM10.8 9.4H14v3.2h-3.2z" fill="#323f4b" />
    </>
  ),
  rotating_light: (
    <>
      <path d="M4.5 14.5V11a5.5 5.5 0 0 1 11 0v3.5z" fill="#dd2e44" />
      <path d="M7.2 13v-2a2.8 2.8 0 0 1 2-2.7" fill="none" stroke="#ffb3bd" strokeWidth="1.5" />
      <rect x="3" y="14.5" width="14" height="3.3" rx="1" fill="#7b8794" />
      <path d="M10 1.2v1.6M3.3 4l1.1 1.1M16.7 4l-1.1 1.1" stroke="#dd2e44" strokeWidth="1.5" />
    </>
  ),
  warning: (
    <>
      <path d="M10 2.8l7.7 13.9H2.3z" fill="#ffcc4d" stroke="#ffcc4d" strokeWidth="2" />
      <path d="M10 7.3v4.6M10 14.8v.1" fill="none" stroke="#3d2b00" strokeWidth="2" />
    </>
  ),
};

/** Draw one of ours; null where it is none. */
export function drawn(name: string): ReactNode {
  const picture = DRAWN[name];
  if (!picture) return null;
  const words = name.replaceAll("_", " ");
  return (
    <svg
      className="emoji"
      viewBox="0 0 20 20"
      role="img"
      aria-label={words}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {picture}
    </svg>
  );
}
