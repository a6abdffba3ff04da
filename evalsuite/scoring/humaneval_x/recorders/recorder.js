// Behind the program: calls of the function under test are written down as they return.
// MARK and FUNCTION are filled in; the test follows, with its calls and without what it expects.
;(() => {
  const { writeSync } = require('fs')
  const tagged = (kind, value) => `{"$":"${kind}","is":${value}}`
  const show = (value) => {
    if (Array.isArray(value)) return `[${value.map(show).join(',')}]`
    if (value instanceof Map) return tagged('map', show([...value]))
    if (value instanceof Set) return tagged('set', show([...value]))
    switch (typeof value) {
      case 'number':
        return Number.isFinite(value) ? String(value + 0) : tagged('number', `"${value}"`)
      case 'string':
      case 'boolean':
        return JSON.stringify(value)
      case 'object':
        if (value === null) return 'null'
        return tagged('object', show(Object.entries(value)))
    }
    return tagged(typeof value, JSON.stringify(String(value)))
  }
  const record = (value) => {
    let line = Buffer.from(`MARK${show(value)}\n`)
    while (line.length) line = line.subarray(writeSync(1, line))
    return value
  }
  // The same random numbers for every program, from a generator of its own (mulberry32).
  let state = 42
  const Math = Object.create(globalThis.Math)
  Math.random = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = globalThis.Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + globalThis.Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  ;((FUNCTION) => {
TEST
  })((...given) => record(FUNCTION(...given)))
})()
