import assert from "node:assert/strict";
import { avx2, avx512 } from "../../lib/kernels/native/x86/assembler.ts";
import { writeCode } from "../../lib/kernels/native/x86/machine_code.ts";
import { showFunction } from "../../tools/asm.ts";
import { capture } from "../../tools/process.ts";
import { hasObjdump, withoutObjdump } from "../testdata/objdump.ts";

Deno.test({
  name: `deno task asm disassembles each function, its arguments named${withoutObjdump}`,
  ignore: !hasObjdump,
  async fn() {
    for (const [unit, register] of [[avx2, "ymm"], [avx512, "zmm"]] as const) {
      for (const name of ["forward", "backward", "outer"] as const) {
        const text = await showFunction(name, unit);
        const [title, ...lines] = text.split("\n");
        assert.match(title!, new RegExp(`^${name}, ${unit.name}: \\d+ bytes`));
        assert.doesNotMatch(text, /\(bad\)|undefined/);
        assert.match(text, new RegExp(`vfmadd231ps ${register}\\d+,${register}\\d+,${register}`));
        assert.match(text, /mov +r\w+,QWORD PTR \[rdi\+0x40\] +; own$/m);
        assert.match(text, /mov +QWORD PTR \[rdi\+0x[0-9a-f]+\],rcx +; local columns left$/m);
        const last = lines.findLast((line) => !line.includes(" times "));
        assert.match(last!, /:\tret$/);
      }
    }
    assert.match(await showFunction("forward", avx2), /^ +c80: {2}8 times 0\.5$/m);
  },
});

Deno.test("deno task asm shows the bytes where there is no objdump, and how to get it", async () => {
  const text = await showFunction("outer", avx512, { objdump: "no-such-objdump" });
  const [title, ...lines] = text.split("\n");
  assert.match(title!, /there is no no-such-objdump .*apt-get install binutils/);
  const bytes = lines.flatMap((line) => line.split(":")[1]!.trim().split(" "));
  const expected = [...writeCode(avx512).outer.subarray(0, bytes.length)];
  assert.deepEqual(bytes.map((byte) => parseInt(byte, 16)), expected);
  assert.equal(bytes.at(-1), "c3"); // RET
});

Deno.test("deno task asm says what there is to show", async () => {
  const task = async (...args: string[]) => {
    const script = new URL("../../tools/asm.ts", import.meta.url).pathname;
    const finished = await capture(Deno.execPath(), ["run", "-A", "--no-check", script, ...args]);
    return finished!;
  };
  const cases: [string[], RegExp][] = [
    [[], /Name one function to show, of forward, backward, outer; there are 0/],
    [["sideways"], /Cannot show the function "sideways": there are forward/],
    [["outer", "--unit", "sse"], /--unit must be avx2 or avx512, not "sse"/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await task(...args);
    assert.equal(code, 1);
    assert.match(stderr, message);
  }
});
