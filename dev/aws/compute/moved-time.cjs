// Required by a Node process before anything else: its Date is as far from the machine's as STAND_IN_TIME_OFFSET_MS says.
// Timers and performance.now() are the machine's own. `globalThis.__moveTime(ms)` moves it again.
'use strict';

let offsetMs = Number(process.env.STAND_IN_TIME_OFFSET_MS ?? 0);
const now = Date.now;
const movedNow = () => now() + offsetMs;

globalThis.Date = new Proxy(Date, {
  construct: (target, given, made) => Reflect.construct(target, given.length === 0 ? [movedNow()] : given, made),
  apply: (target) => new target(movedNow()).toString(),
  get: (target, name) => (name === 'now' ? movedNow : Reflect.get(target, name)),
});

globalThis.__moveTime = (ms) => {
  offsetMs = ms;
};
