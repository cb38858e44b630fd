// Receives Centrium's webhooks, with Node alone:
//
// WEBHOOK_SECRET=... PORT=9000 node receiver.mjs

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const secret = process.env.WEBHOOK_SECRET;
const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : secret;
const seen = new Set(); // yours is a unique column of a database

function isSigned(headers, body) {
  const { "webhook-id": event, "webhook-timestamp": timestamp } = headers;
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= 300)) return false;
  const mac = createHmac("sha256", key).update(`${event}.${timestamp}.`).update(body);
  const expected = Buffer.from("v1," + mac.digest("base64"));
  // While a secret is replaced there are two signatures, with the new one and the old one.
  return (headers["webhook-signature"] ?? "").split(" ").some((one) => {
    const given = Buffer.from(one);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (!isSigned(request.headers, body)) {
    return response.writeHead(401).end();
  }
  // A delivery may come twice, and then with the same webhook-id.
  if (!seen.has(request.headers["webhook-id"])) {
    seen.add(request.headers["webhook-id"]);
    console.log(request.headers["x-webhook-event"], JSON.parse(body));
  }
  response.writeHead(204).end();
}).listen(Number(process.env.PORT), "127.0.0.1");
