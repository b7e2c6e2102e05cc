import assert from "node:assert/strict";
import { compareWithTutorial } from "../../lib/display/reference_figures.ts";

const shakespeare = {
  name: "shakespeare",
  sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
};

Deno.test("Shakespeare's figures stand beside the tutorial's", () => {
  const table = compareWithTutorial(shakespeare, {
    characters: [1115394, 1115394],
    "first loss": [4.19119999, 4.1895, 0.02],
  });
  assert.equal(table.matches, true);
  assert.equal(
    String(table),
    [
      "figure      here     tutorial  same",
      "characters  1115394  1115394   yes",
      "first loss  4.1912   4.1895    within 0.02",
      "Matches the tutorial: yes.",
    ].join("\n"),
  );
});

Deno.test("a figure that differs, or lies outside its tolerance, is marked", () => {
  assert.equal(
    compareWithTutorial(shakespeare, { a: ["64,100", "64,100"], b: [1, 2] })
      .matches,
    false,
  );
  const table = compareWithTutorial(shakespeare, { loss: [4.3, 4.19, 0.02] });
  assert.match(
    String(table),
    /loss {4}4\.3000 {2}4\.1900 {4}NO\nMatches the tutorial: no\./,
  );
  assert.equal(
    compareWithTutorial(shakespeare, { loss: [NaN, 4.19, 0.02] }).matches,
    false,
  );
});

Deno.test("another corpus is not measured against Shakespeare, whatever its name", () => {
  const table = compareWithTutorial({ name: "shakespeare", sha256: "00" }, {
    characters: [7, 8],
  });
  assert.deepEqual(table.rows, [["figure", "here"], ["characters", "7"]]);
  assert.equal(table.matches, undefined);
});

Deno.test("a notebook gets HTML, escaped, and text", () => {
  const table = compareWithTutorial({ name: "a<b", sha256: "00" }, {
    "x & y": [1, 2],
  });
  const show = Reflect.get(table, Symbol.for("Jupyter.display")) as () => Record<string, string>;
  const bundle = show();
  assert.equal(bundle["text/plain"], String(table));
  assert.match(bundle["text/html"]!, /x &amp; y.*a&lt;b/);
  assert.equal(Deno.inspect(table), String(table));
});
