-- Asks authgear-auth-request about a request, for haproxy.cfg:
--
--   http-request lua.authgear /auth/admin
--   http-request deny deny_status 500 unless { var(txn.authgear_allowed) -m bool }
--
-- Both lines, always. HAProxy goes on with the next rule when a script fails or takes too long, so the
-- script only ever allows, by setting txn.authgear_allowed after a 200, and the second line denies.
--
-- Needs HAProxy 2.5 or later, built with Lua; nothing else.

-- Where the service listens. An address, not a name: a name would be resolved for each request.
local service = "http://127.0.0.1:8080"

-- The service answers within AUTHGEAR_RESOLVER_TIMEOUT (2 s); this must be longer. HAProxy's client tries four
-- times, so a service that hangs holds a request for 10 s, and then it is denied; one that refuses the
-- connection for 3 s. Newer versions than 2.6 have "httpclient.retries" for the section global.
local timeout_ms = 2500

-- All of them, always: each is set to what the service said, nothing else. haproxy.cfg has removed what
-- the client sent. Add the headers of AUTHGEAR_CLAIM_HEADERS.
local identity_headers = {
  "x-authgear-session-valid",
  "x-authgear-user-id",
  "x-authgear-user-anonymous",
  "x-authgear-user-verified",
  "x-authgear-user-can-reauthenticate",
  "x-authgear-user-roles",
  "x-authgear-session-amr",
  "x-authgear-session-authenticated-at",
  "x-authgear-client-id",
  "x-authgear-scope",
}

-- What the service reads; add AUTHGEAR_TOKEN_HEADER if you set it. Every line of a header, so that it judges
-- just what the backend would see.
local passed_on = { "authorization", "cookie", "user-agent" }

-- For the client. Only of a refusal; haproxy.cfg adds Set-Cookie to what the backend answers.
local challenges = { "www-authenticate", "set-cookie" }

local reasons = { [401] = "Unauthorized", [403] = "Forbidden" }

-- HAProxy counts a header's lines from 0.
local function lines(headers, name)
  local found = {}
  if headers ~= nil and headers[name] ~= nil then
    for i = 0, #headers[name] do
      found[#found + 1] = headers[name][i]
    end
  end
  return found
end

local function first(headers, name)
  return lines(headers, name)[1]
end

local function ask(txn, path)
  local received = txn.http:req_get_headers()
  local sent = { ["host"] = { "authgear-auth" } }
  for _, name in ipairs(passed_on) do
    local values = lines(received, name)
    if #values > 0 then
      sent[name] = values
    end
  end
  -- Facts as HAProxy knows them, in place of what the client claims.
  local client = txn.f:src()
  if client ~= nil then
    sent["x-forwarded-for"] = { client }
    sent["x-real-ip"] = { client }
  end
  -- The path is fixed by haproxy.cfg: nothing of the client's path or query reaches the service.
  return core.httpclient():get({ url = service .. path, headers = sent, timeout = timeout_ms })
end

local function deny(txn, status, answer)
  local reply = txn:reply({ status = status, reason = reasons[status] })
  for _, name in ipairs(challenges) do
    for _, value in ipairs(lines(answer.headers, name)) do
      reply:add_header(name, value)
    end
  end
  reply:add_header("content-length", "0")
  txn:done(reply)
end

core.register_action("authgear", { "http-req" }, function(txn, path)
  txn:set_var("txn.authgear_allowed", false)
  local answer = ask(txn, path)
  if answer == nil then
    return
  end
  -- For the log: why a request was refused. One word, never a token.
  txn:set_var("txn.authgear_reason", first(answer.headers, "x-auth-reason") or "-")
  if answer.status == 401 or answer.status == 403 then
    deny(txn, answer.status, answer)
    return
  end
  if answer.status ~= 200 then
    return
  end
  for _, name in ipairs(identity_headers) do
    txn.http:req_set_header(name, first(answer.headers, name) or "")
  end
  -- Clears the cookie of a dead session, where the location is open to those without one.
  txn:set_var("txn.authgear_set_cookie", first(answer.headers, "set-cookie") or "")
  txn:set_var("txn.authgear_allowed", true)
end, 1)
