-- Customers' messages for wrk. Arguments after --:
--   new TAG          every message is of a customer who never wrote before
--   back TAG COUNT   messages of COUNT customers who wrote before, one after the other
--   echo             the same bodies to the echo route
--   get PATH...      reads these paths one after the other

local mode, tag, count, paths
local sent = 0

-- What people write to a provider's first line, in three languages. The number makes each differ.
local texts = {
  "Здравствуйте, со вчерашнего вечера не работает интернет, договор %d",
  "С карты списали оплату дважды, верните, пожалуйста. Платёж %d",
  "Подскажите, как поменять пароль от вайфая на роутере? Лицевой счёт %d",
  "Соедините с оператором, обращение %d",
  "Сәлеметсіз бе, интернет баяу жұмыс істейді, шарт %d",
  "Төлем өтпей жатыр, көмектесіңізші, нөмірі %d",
  "Hello, my television shows no channels since this morning, contract %d",
  "How can I change my tariff? My account is %d",
  "Интернет есть, а телевидение пропадает каждые пять минут. Что делать? Заявка %d",
  "Когда будет мастер? Ждём с утра, заявка %d",
}

local headers = { ["Content-Type"] = "application/json" }

function init(args)
  mode = args[1]
  if mode == "get" then
    paths = {}
    for i = 2, #args do paths[i - 1] = args[i] end
    headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")
  else
    tag = args[2] or "echo"
    count = tonumber(args[3] or "0")
    headers["X-API-Key"] = os.getenv("BENCH_KEY")
  end
end

function request()
  sent = sent + 1
  if mode == "get" then
    return wrk.format("GET", paths[(sent - 1) % #paths + 1], headers)
  end
  local who = mode == "back" and (sent - 1) % count + 1 or sent
  local text = string.format(texts[sent % #texts + 1], 100000 + sent)
  local body = string.format(
    '{"user_identifier":"%s-%d@example.com","text":"%s"}', tag, who, text)
  local path = mode == "echo" and "/bench/echo" or "/tickets/api/external/message/"
  return wrk.format("POST", path, headers, body)
end

-- One line of JSON, in microseconds.
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"duration":%d,"p50":%d,"p99":%d,"p999":%d,"failed":%d}\n',
    summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    e.connect + e.read + e.write + e.status + e.timeout))
end
