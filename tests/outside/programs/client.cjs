// The document's client in Node, unchanged but for the address in argv[2]: prints what it sees.

const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { runInThisContext } = require("node:vm");

globalThis.WebSocket = require("ws");
globalThis.updateDashboard = (user) => console.log("dashboard", JSON.stringify(user));
const client = readFileSync(join(__dirname, "../document/client.js"), "utf8");
runInThisContext(client.replace("ws://localhost:8080/ws?token=YOUR_TOKEN", process.argv[2]));
