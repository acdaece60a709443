// Writes static/sources.json: the SHA-256 of every source file, so that a test without Node
// notices a build that is older than its source.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const here = new URL(".", import.meta.url);
const sources = readdirSync(here, { recursive: true, withFileTypes: true })
  .filter((each) => each.isFile() && !each.parentPath.includes("node_modules"))
  .map((each) => `${each.parentPath}/${each.name}`.slice(here.pathname.length).replace(/^\//, ""))
  .sort();
const digest = (name) => createHash("sha256").update(readFileSync(new URL(name, here))).digest("hex");
const table = Object.fromEntries(sources.map((name) => [name, digest(name)]));
writeFileSync(new URL("../static/sources.json", here), `${JSON.stringify(table, null, 1)}\n`);
