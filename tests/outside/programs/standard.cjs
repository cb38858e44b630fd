// The official package of Standard Webhooks, on the port in PORT: /?secret= checks a delivery.

const { createServer } = require("node:http");
const { Webhook, WebhookVerificationError } = require("standardwebhooks");

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const secret = new URL(request.url, "http://localhost").searchParams.get("secret");
  const webhook = secret.startsWith("whsec_")
    ? new Webhook(secret)
    : new Webhook(Buffer.from(secret), { format: "raw" });
  try {
    webhook.verify(Buffer.concat(chunks).toString(), request.headers);
    response.writeHead(204);
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    response.writeHead(401);
  }
  response.end();
}).listen(Number(process.env.PORT), "127.0.0.1");
