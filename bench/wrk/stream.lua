-- args: a file of header lines and where to begin in it. Each line is read when it is sent, so a file may be
-- larger than LuaJIT's memory. args[3] is "once": at the end the last line is sent
-- again and again instead of all from the beginning.
package.path = debug.getinfo(1, "S").source:match("^@(.*/)") .. "?.lua;" .. package.path
require("report")

local file, once
position = 0

function init(args)
  file = assert(io.open(args[1]))
  file:setvbuf("full", 1048576)
  position = tonumber(args[2]) or 0
  file:seek("set", position)
  once = args[3] == "once"
end

local last

function request()
  local line = file:read("*l")
  if line == nil then
    if once then
      return last
    end
    file:seek("set", 0)
    position = 0
    line = file:read("*l")
  end
  position = position + #line + 1
  local name, value = line:match("^([^:]+): (.*)$")
  last = wrk.format("GET", nil, { [name] = value, ["Host"] = "bench" })
  return last
end
