// As much of OpenClaw as its plugin for choosing models needs: settings, and a place to register tools.
// Reads {folder, config, calls: [{tool, input}]} from standard input; prints {results, requests, tools}.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { folder, config, calls } = JSON.parse(readFileSync(0, "utf8"));
console.log = console.error; // what the plugin prints must not stand between our lines

const requests = [];
const pending = [];
const realFetch = globalThis.fetch;
globalThis.fetch = (url, options = {}) => {
  const asked = realFetch(url, options);
  const request = { method: options.method ?? "GET", path: new URL(url).pathname, body: options.body ?? null };
  requests.push(request);
  pending.push(
    asked.then(
      (reply) => void (request.status = reply.status),
      (fault) => void (request.status = String(fault)),
    ),
  );
  return asked;
};

const load = createRequire(join(folder, "package.json"));
const { createJiti } = load("jiti"); // the loader with which OpenClaw reads plugins that are written in TypeScript
const entry = load.resolve("@deeflectcom/smart-spawn");
const start = await createJiti(entry).import(entry, { default: true });

const tools = new Map();
start({ config, registerTool: (tool) => tools.set(tool.name, tool) });

const results = [];
for (const [place, { tool, input }] of calls.entries()) {
  results.push(await tools.get(tool).execute(`call-${place}`, input));
}
await Promise.all(pending); // the plugin does not wait for what it reports
process.stdout.write(JSON.stringify({ results, requests, tools: [...tools.keys()] }));
