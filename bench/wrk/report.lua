-- Shared by the other scripts: one line that the driver reads, and no reuse of anything between threads.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    "bench requests=%d micros=%d refused=%d connect=%d read=%d write=%d timeout=%d p50=%d p99=%d position=%d\n",
    summary.requests, summary.duration, e.status, e.connect, e.read, e.write, e.timeout,
    latency:percentile(50), latency:percentile(99), tonumber(threads[1]:get("position") or 0)))
end
