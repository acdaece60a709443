// Writes static/THIRD-PARTY.txt: what is in the bundle, under which licence, with its text.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = new URL(".", import.meta.url);
const modules = new URL("node_modules/", here);
const lock = JSON.parse(readFileSync(new URL("package-lock.json", here), "utf8"));
const FREE = new Set(["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "OFL-1.1", "0BSD"]);

function text(folder) {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  return file ? readFileSync(new URL(file, folder), "utf8").trim() : "(its package holds no text)";
}

const parts = [];
for (const [path, { version, dev, license }] of Object.entries(lock.packages)) {
  if (!path || dev || path.includes("node_modules/@types/")) continue;
  const folder = new URL(`${path.replace(/^node_modules\//, "")}/`, modules);
  if (!existsSync(fileURLToPath(folder))) continue; // optional, and not for this machine
  if (!FREE.has(license)) throw new Error(`${path}: ${license} is no licence we know`);
  const name = path.split("node_modules/").at(-1);
  parts.push(`${name} ${version} (${license})\n\n${text(folder)}\n`);
}
const within = readFileSync(new URL("notices/yozora.txt", here), "utf8").trim();
parts.push(`@yozora/* 2 (MIT), within slack-blocks-to-jsx\n\n${within}\n`);
const head = "The files of this folder hold parts of these packages.\n\n";
const rule = `\n${"-".repeat(80)}\n\n`;
writeFileSync(new URL("../static/THIRD-PARTY.txt", here), head + parts.join(rule));
