-- args: a file of header lines ("Authorization: Bearer ..."). They are sent in turn; an empty file sends none.
package.path = debug.getinfo(1, "S").source:match("^@(.*/)") .. "?.lua;" .. package.path
require("report")

local made = {}
local next_one = 0

function init(args)
  for line in io.lines(args[1]) do
    local name, value = line:match("^([^:]+): (.*)$")
    made[#made + 1] = wrk.format("GET", nil, { [name] = value, ["Host"] = "bench" })
  end
  if #made == 0 then
    made[1] = wrk.format("GET", nil, { ["Host"] = "bench" })
  end
end

function request()
  next_one = next_one % #made + 1
  return made[next_one]
end
