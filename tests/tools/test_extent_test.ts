import assert from "node:assert/strict";
import { readExtent } from "../../tools/test_extent.ts";
import { casesInRun, extent, repeats } from "../testdata/extent.ts";
import { allTests, needing } from "../testdata/needs.ts";

Deno.test("readExtent() takes nothing for quick, and names what it cannot take", () => {
  const extents = [undefined, "", "all", "full"].map(readExtent);
  assert.deepEqual(extents, ["quick", "quick", "all", "full"]);
  assert.throws(() => readExtent("slow"), {
    name: "RangeError",
    message: 'FOLIO_TESTS is "slow"; it must be one of quick, all, full',
  });
});

Deno.test("a run takes its share of the random cases, and at least one", () => {
  const shares = { quick: [30, 1], all: [300, 1], full: [3000, 9] };
  assert.deepEqual([3000, 9].map(repeats), shares[extent]);
  assert.deepEqual(casesInRun([1, 2, 3], (n) => n > 1), extent === "quick" ? [2, 3] : [1, 2, 3]);
  assert.equal(allTests === null, extent !== "quick");
});

Deno.test("needing() skips a test that lacks something, and names the first thing", () => {
  assert.deepEqual(needing("a page", null, null), { name: "a page", ignore: false });
  assert.deepEqual(needing("a page", null, "no browser", "no GPU"), {
    name: "a page (skipped: no browser)",
    ignore: true,
  });
});
