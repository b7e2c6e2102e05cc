import assert from "node:assert/strict";
import { avx2, avx512 } from "../../../lib/kernels/native/x86/assembler.ts";
import { outerVectors } from "../../../lib/kernels/native/x86/outer_product.ts";
import { registers } from "../../../lib/kernels/native/x86/operands.ts";
import * as roles from "../../../lib/kernels/native/x86/register_roles.ts";
import { tilesOf } from "../../../lib/kernels/native/x86/gru_tile.ts";

type Roles = Readonly<Record<string, number>>;

const { scratch: _, scratch2: __, ...frame } = roles.frameRegisters;
const gru = [frame, roles.partRegisters, roles.walkRegisters];
const outer = [frame, roles.outerRegisters];

/** Roles that are needed at the same time. */
const together: Readonly<Record<string, readonly Roles[]>> = {
  "looking for a part": [roles.frameRegisters, roles.takeRegisters],
  "a tile of the GRU": [...gru, roles.tileRegisters],
  "a row of the forward function": [
    ...gru,
    { scratch: roles.frameRegisters.scratch, prefetch: roles.tileRegisters.prefetch },
    roles.rowRegisters,
    roles.forwardRowRegisters,
  ],
  "a row of the backward function": [
    ...gru,
    { scratch: roles.frameRegisters.scratch, prefetch: roles.tileRegisters.prefetch },
    roles.rowRegisters,
    roles.backwardRowRegisters,
  ],
  "copying A": [...outer, roles.copyARegisters],
  "copying B": [...outer, roles.copyBRegisters, { scratch: roles.frameRegisters.scratch }],
  "a tile of the outer product": [...outer, roles.outerTileRegisters],
  "vectors of the forward function": [roles.forwardVectors],
  "vectors of the backward function": [roles.backwardVectors],
};

Deno.test("roles that are needed at the same time lie in different registers", () => {
  for (const [when, tables] of Object.entries(together)) {
    const holders = new Map<number, string>();
    for (const [role, register] of tables.flatMap((table) => Object.entries(table))) {
      assert.equal(holders.get(register), undefined, `${when}: ${role} shares a register`);
      holders.set(register, role);
    }
  }
});

Deno.test("the vector registers hold a tile, a row of the panel and a number of A", () => {
  for (const unit of [avx2, avx512]) {
    const outerTile = { rows: unit.lanes / 2, vectors: outerVectors };
    for (const tile of [...Object.values(tilesOf(unit)), outerTile]) {
      const { sum, panel, number } = roles.tileVectors(tile);
      const columns = Array.from({ length: tile.vectors }, (_, j) => j);
      const used = [
        ...Array.from({ length: tile.rows }, (_, i) => columns.map((j) => sum(i, j))).flat(),
        ...columns.map(panel),
        number,
      ];
      assert.equal(new Set(used).size, (tile.rows + 1) * tile.vectors + 1);
      assert.ok(Math.max(...used) < unit.registers, `${unit.name} has too few for ${number + 1}`);
    }
  }
});

/** The README's columns: which roles each has. */
const columns: Readonly<Record<string, readonly Roles[]>> = {
  "always": [roles.frameRegisters],
  "GRU: part, rows": [roles.partRegisters, roles.walkRegisters],
  "GRU: tile": [roles.tileRegisters],
  "GRU: row": [roles.rowRegisters],
  "forward: row": [roles.forwardRowRegisters],
  "backward: row": [roles.backwardRowRegisters],
  "outer": [roles.outerRegisters],
  "copy of A": [roles.copyARegisters],
  "copy of B": [roles.copyBRegisters],
  "outer: tile": [roles.outerTileRegisters],
};

Deno.test("the README's table of registers is that of the code", () => {
  const readme = new URL("../../../lib/kernels/native/README.md", import.meta.url);
  const rows = Deno.readTextFileSync(readme).split("\n").filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")));
  const expected = Object.entries(registers).map(([name, register]) => [
    name,
    ...Object.values(columns).map((tables) =>
      tables.flatMap((table) => Object.entries(table))
        .filter(([, used]) => used === register).map(([role]) => role).join(", ")
    ),
  ]);
  const header = ["register", ...Object.keys(columns)];
  const start = rows.findIndex((cells) => cells[0] === "register");
  assert.notEqual(start, -1, "The README has no table of registers");
  const found = [rows[start], ...rows.slice(start + 2, start + 2 + expected.length)];
  const markdown = [header, header.map(() => "---"), ...expected]
    .map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  assert.deepEqual(found, [header, ...expected], `The table should be:\n${markdown}`);
});
