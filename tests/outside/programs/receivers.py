"""Receivers of webhooks, on the port in PORT:

/document/webhook  the document's receiver, as it stands there; only what it leaves out is added
/verifier          the document's other example, a function that checks a signature
/standard?secret=  the official package of Standard Webhooks
"""

import os
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook, WebhookVerificationError

sys.path.insert(0, str(Path(__file__).parent.parent / "document"))
sys.dont_write_bytecode = True
import receiver  # noqa: E402
from verifier import verify_webhook_signature  # noqa: E402

receiver.handle_new_user = lambda payload: print("new user", payload["user_id"], flush=True)
receiver.handle_payment = lambda payload: print("payment", payload["amount"], flush=True)

app = FastAPI()
app.mount("/document", receiver.app)


@app.post("/verifier")
async def verifier(request: Request):
    signature = request.headers["X-Webhook-Signature"]
    right = verify_webhook_signature(await request.json(), signature, receiver.WEBHOOK_SECRET)
    return Response(status_code=204 if right else 401)


@app.post("/standard")
async def standard(request: Request, secret: str):
    key = secret if secret.startswith("whsec_") else secret.encode()
    try:
        Webhook(key).verify(await request.body(), dict(request.headers))
    except WebhookVerificationError:
        return Response(status_code=401)
    return Response(status_code=204)


uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
