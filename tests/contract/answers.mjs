/**
 * Whether schemathesis saw every operation do what it is for: of one that only ever refused, no answer was compared with
 * the description.
 *
 *     node answers.mjs <its report as HAR> <address> <operations left out …>
 */

import { readFile } from "node:fs/promises";

const [report, address, ...leftOut] = process.argv.slice(2);
const { paths } = await (await fetch(`${address}/openapi.json`)).json();

const operations = Object.entries(paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, { operationId }]) => ({ operationId, method: method.toUpperCase(), path })),
);
// Of two paths that fit, the one with fewer names in it is meant, as the service's router has it.
const names = ({ path }) => path.split("{").length;
operations.sort((a, b) => names(a) - names(b));
const patterns = operations.map((operation) => ({
  ...operation,
  pattern: new RegExp(`^${operation.path.replace(/\{\w+\}/g, "[^/]+")}$`),
}));

const seen = new Map(operations.map(({ operationId }) => [operationId, new Map()]));
const { log } = JSON.parse(await readFile(report, "utf8"));
for (const { request, response } of log.entries) {
  const { pathname } = new URL(request.url);
  const asked = patterns.find(({ method, pattern }) => method === request.method && pattern.test(pathname));
  if (!asked) continue;
  const statuses = seen.get(asked.operationId);
  statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
}

const counted = ([operationId, statuses]) =>
  `${operationId}: ${[...statuses].sort().map(([status, count]) => `${status} × ${count}`).join(", ") || "not asked"}`;
console.log([...seen].map(counted).join("\n"));
const onlyRefused = [...seen].filter(
  ([operationId, statuses]) => !leftOut.includes(operationId) && ![...statuses.keys()].some((status) => status < 300),
);
if (onlyRefused.length > 0) {
  console.error(`never answered what they are for:\n${onlyRefused.map(counted).join("\n")}`);
  process.exitCode = 1;
}
