/**
 * T32, T42: what must not be left lying about. Tokens, upload links, tickets and signed URLs: not in the service's log
 * at its finest, not in its database, not in its events, not in the browser's storage.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { fixture, makeVideo, scratchFolder } from "../harness/bytes.mjs";
import { choose, eventually, launch, openPage } from "../harness/browser.mjs";
import { Gallery } from "../harness/gallery.mjs";
import { Gate } from "../harness/gate.mjs";
import { keptFiles } from "../harness/kept.mjs";
import { areKept, nothingIsKept } from "../harness/kept-queue.mjs";
import { LOG_MOST, Service } from "../harness/service.mjs";
import { browserTexts, databaseText } from "../harness/stored-texts.mjs";
import { allRows, picturesShown } from "../harness/uploader.mjs";

const MIB = 1024 * 1024;
let gate;
let service;
let browser;

before(async () => {
  gate = await Gate.open();
  [service, browser] = await Promise.all([
    Service.start({ env: { WINDLASS_LOG: "trace", WINDLASS_STORE_PUBLIC_URL: gate.address } }),
    launch(),
  ]);
  gate.leadTo(service.storePort);
});
after(async () => {
  await browser?.close();
  await service?.stop();
  gate?.close();
});

/** What each request of a browser shows that nobody else may know, by its kind. */
function secretsOf(context) {
  const secrets = { signatureToWrite: new Set(), signatureToRead: new Set(), token: new Set(), ticket: new Set() };
  context.on("request", (request) => {
    const query = new URL(request.url()).searchParams;
    const signatures = request.method() === "PUT" ? secrets.signatureToWrite : secrets.signatureToRead;
    if (query.has("X-Amz-Signature")) signatures.add(query.get("X-Amz-Signature"));
    if (query.has("ticket")) secrets.ticket.add(query.get("ticket"));
    const bearer = request.headers().authorization?.replace("Bearer ", "");
    // Of a signed token and of a link the part that makes it good.
    if (bearer?.startsWith("wlk_")) secrets.token.add(bearer.split(".")[0]);
    else if (bearer) secrets.token.add(bearer.split(".").at(-1));
  });
  return secrets;
}

/** What a project's stream of events tells, from its first event to the creation of so many photos. */
async function eventsText(count) {
  const answer = await fetch(`${service.address}/api/v1/events?project_id=demo&last_event_id=0`, {
    headers: { authorization: `Bearer ${service.token()}` },
  });
  let text = "";
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.split("event: photo.created").length > count) break;
  }
  return text;
}

test("T32 T42: no token, link, ticket or signature is in the log at trace, the database, the events or the browser's storage", async () => {
  const page = await openPage(browser, service.address, { serviceWorkers: "allow" });
  const gallery = new Gallery(page);
  const secrets = secretsOf(page.context());
  await gallery.isLive();
  // Once more, for the first ticket was asked for before anybody listened.
  await page.reload();
  await gallery.isLive();

  // In the middle of it: everything is signed, and the queue is kept.
  gate.held = /original/;
  const film = await makeVideo(join(scratchFolder(), "walk.mp4"), 12 * MIB, 3);
  await choose(page, fixture("photo_12mp_o6.jpg"), film);
  await eventually("parts are on their way", () => gate.sent, (sent) => sent.some((put) => / \d+$/.test(put)));
  await areKept(page, 2);
  // A file cannot be read while it is written.
  await eventually("the smaller pictures are kept, too", () => keptFiles(page), ({ prepared }) => prepared === 2);
  const midway = await browserTexts(page);
  gate.held = null;
  await allRows(page, ["stored"]);

  const { json: made } = await service.api("/projects/demo/upload-links", {
    method: "POST",
    body: { label: "Frau Kraus" },
    token: service.token({ scope: "links" }),
  });
  await page.evaluate((link) => {
    const element = document.createElement("windlass-uploader");
    element.link = link;
    document.querySelector("windlass-uploader").replaceWith(element);
  }, made.token);
  await choose(page, fixture("photo_2mp_o1.jpg"));
  await allRows(page, ["stored"]);
  await picturesShown(page, 2);
  // Nor while it is removed.
  await nothingIsKept(page);

  assert.ok(secrets.token.has(made.token.split(".")[0]), "the link was used");
  const seen = Object.fromEntries(Object.entries(secrets).map(([kind, values]) => [kind, values.size]));
  // Two photos with their smaller pictures, a film in three parts, and what the gallery showed.
  assert.ok(seen.signatureToWrite >= 8 && seen.signatureToRead >= 1 && seen.token >= 2 && seen.ticket >= 1, JSON.stringify(seen));

  const places = {
    "the service's log": service.log,
    "the service's database": await databaseText(service),
    "the events": await eventsText(3),
    "the browser's storage in the middle of it": midway,
    "the browser's storage": await browserTexts(page),
  };
  // That these are the places, and open to be read.
  assert.ok(service.log.length < LOG_MOST, "the whole log was kept");
  for (const [place, known] of [
    // Written by nothing above `debug`, which is the finest that anything here is written at.
    ["the service's log", /^\S+ +DEBUG /m],
    ["the service's log", /api\/v1\/uploads\/\{upload_id\}\/complete/],
    ["the service's log", /api\/v1\/events/],
    ["the service's database", /walk\.mp4/],
    ["the service's database", /Frau Kraus/],
    ["the events", /"photo_id"/],
    ["the browser's storage in the middle of it", /walk\.mp4/],
    ["the browser's storage in the middle of it", /windlass-queue/],
  ]) {
    assert.ok(known.test(places[place]), `${known} is not in ${place}`);
  }
  for (const [place, text] of Object.entries(places)) {
    assert.ok(!text.includes("X-Amz-Signature") && !text.includes("X-Amz-Credential"), `a signed URL is in ${place}`);
    for (const [kind, values] of Object.entries(secrets)) {
      for (const value of values) assert.ok(!text.includes(value), `a ${kind} is in ${place}: ${value.slice(0, 8)}…`);
    }
  }
  await page.context().close();
});
