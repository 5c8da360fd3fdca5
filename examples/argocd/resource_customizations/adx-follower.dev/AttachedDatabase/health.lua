-- AttachedDatabase follows kstatus: Stalled means that somebody has to act, Reconciling that it goes on by itself, and Ready is
-- the sum of all. Ready=False alone is no failure: the operator retries, and a sync must not stop for it.
local hs = { status = "Progressing", message = "Waiting for the operator" }

if obj.spec ~= nil and obj.spec.suspend == true then
  hs.status = "Suspended"
  hs.message = "spec.suspend is true: nothing is compared or changed"
  return hs
end

if obj.status == nil or obj.status.conditions == nil then
  return hs
end

if obj.metadata.generation ~= nil and obj.status.observedGeneration ~= obj.metadata.generation then
  hs.message = "Waiting for the operator to see the change"
  return hs
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions) do
  conditions[condition.type] = condition
end

local function told(condition)
  if condition.message ~= nil and condition.message ~= "" then
    return condition.reason .. ": " .. condition.message
  end
  return condition.reason
end

local ready = conditions["Ready"]
local stalled = conditions["Stalled"]
local reconciling = conditions["Reconciling"]

if ready ~= nil then
  hs.message = told(ready)
end

if stalled ~= nil and stalled.status == "True" then
  hs.status = "Degraded"
  hs.message = told(stalled)
elseif reconciling ~= nil and reconciling.status == "True" then
  hs.status = "Progressing"
elseif ready ~= nil and ready.status == "True" then
  hs.status = "Healthy"
end

return hs
