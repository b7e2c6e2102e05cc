import assert from "node:assert/strict";
import { ThreadPace } from "../../lib/kernels/thread_pace.ts";

/** How often all threads were chosen in some calls that take as long as `costs` says. */
function shareOfAll(pace: ThreadPace, costs: (call: number) => { all: number; one: number }) {
  let all = 0;
  for (let call = 0; call < 320; call++) {
    const way = pace.choose();
    if (way === "all") all++;
    pace.record(way, costs(call)[way]);
  }
  return all / 320;
}

Deno.test("on an idle machine all threads compute, on a busy one one thread, and back", () => {
  const pace = new ThreadPace();
  assert.ok(shareOfAll(pace, () => ({ all: 0.2, one: 0.4 })) > 0.9);
  // Another program takes a core: now and then a thread waits for its turn.
  shareOfAll(pace, (call) => ({ all: call % 4 === 0 ? 4 : 0.2, one: 0.5 }));
  assert.ok(shareOfAll(pace, (call) => ({ all: call % 4 === 0 ? 4 : 0.2, one: 0.5 })) < 0.3);
  for (let i = 0; i < 10; i++) shareOfAll(pace, () => ({ all: 0.2, one: 0.4 }));
  assert.ok(shareOfAll(pace, () => ({ all: 0.2, one: 0.4 })) > 0.9);
});
