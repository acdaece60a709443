// Types a text letter by letter, at once for those who want no motion; the last one wins.

const KEY = 14; // milliseconds between two letters

let latest = 0;

export async function typing(text: string, show: (part: string) => void): Promise<void> {
  const mine = ++latest;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  for (let end = still ? text.length : 1; end <= text.length; end++) {
    if (mine !== latest) return;
    show(text.slice(0, end));
    await new Promise((done) => setTimeout(done, KEY));
  }
  document.querySelector<HTMLTextAreaElement>("#box")?.focus();
}
