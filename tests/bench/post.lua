-- SPDX-License-Identifier: EUPL-1.2
-- wrk: each request posts one new signal, or a batch of BATCH of them. Ids are unique over threads and runs.
local batch = tonumber(os.getenv("BATCH") or "1")
local run = os.getenv("RUN") or tostring(os.time())
local token = os.getenv("TOKEN")
local threads, number = 0, 0
local headers = {["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json"}

function setup(thread)
    thread:set("thread_id", threads)
    threads = threads + 1
end

local function signal()
    number = number + 1
    return string.format('{"id":"%s-%d-%d","reported":"2017-%02d-%02d","municipality":"Weesp",' ..
        '"category":"gedwongen prostitutie","victim":{"gender":"man","age":%d,"citizenship":"NG"}}',
        run, thread_id, number, number % 12 + 1, number % 28 + 1, number % 60 + 10)
end

function request()
    if batch == 1 then
        return wrk.format("POST", "/v1/signals", headers, signal())
    end
    local items = {}
    for i = 1, batch do
        items[i] = signal()
    end
    return wrk.format("POST", "/v1/signals", headers, "[" .. table.concat(items, ",") .. "]")
end
