/**
 * `deno task asm`: shows the machine code that folio writes for a processor.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { Assembler, avx2, avx512, type VectorUnit } from "../lib/kernels/native/x86/assembler.ts";
import { type FunctionName, functionWriters } from "../lib/kernels/native/x86/machine_code.ts";
import { capture } from "./process.ts";

const HELP = `Shows the machine code of a function, disassembled by GNU's objdump.

deno task asm NAME [--unit avx2|avx512]

  NAME         forward (the GRU's step), backward (its gradient) or outer (a product Aᵀ·B)
  --unit UNIT  the processor's vectors: avx2 (the default) or avx512; any computer shows both
  --help       this text`;

const units = { avx2, avx512 } as const;
const bytesOfLine = 16;
const argumentBytes = 8;

const hex = (bytes: Uint8Array) =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

/**
 * Disassembles machine code.
 *
 * @param code Its bytes, without data between or behind the instructions.
 * @param options `objdump` is the program to run.
 * @returns A line for each instruction in Intel's syntax, with its address; `undefined` where there
 * is no such program.
 * @throws {Error} If the program fails.
 */
export async function disassemble(
  code: Uint8Array,
  { objdump = "objdump" }: { readonly objdump?: string } = {},
): Promise<string[] | undefined> {
  const file = await Deno.makeTempFile({ suffix: ".bin" });
  try {
    await Deno.writeFile(file, code);
    const format = ["-b", "binary", "-m", "i386:x86-64", "-M", "intel", "--no-show-raw-insn"];
    const finished = await capture(objdump, ["-D", ...format, file]);
    if (finished === undefined) return undefined;
    if (!finished.success) throw new Error(`${objdump} cannot read it: ${finished.stderr.trim()}`);
    return finished.stdout.split("\n").filter((line) => /^ *[0-9a-f]+:\t/.test(line))
      .map((line) => line.trimEnd());
  } finally {
    await Deno.remove(file);
  }
}

/** Names the argument or local variable that an instruction reaches through rdi, the block. */
function withArgument(line: string, names: readonly string[]): string {
  const block = /\[rdi(?:\+(0x[0-9a-f]+))?\]/.exec(line);
  if (block === null) return line;
  const i = Number(block[1] ?? 0) / argumentBytes;
  return `${line.padEnd(60)} ; ${names[i]}`;
}

/**
 * Shows the instructions and the constants of a function.
 *
 * @param name The function.
 * @param unit The vectors that it is written for.
 * @param options `objdump` is the program that disassembles.
 * @returns The disassembly; the bytes in hexadecimal, and how to get objdump, where there is none.
 */
export async function showFunction(
  name: FunctionName,
  unit: VectorUnit,
  { objdump = "objdump" }: { readonly objdump?: string } = {},
): Promise<string> {
  const code = new Assembler(unit);
  const names = functionWriters[name](code);
  const length = code.here().position!;
  code.align();
  const constantsAt = code.here().position!;
  const bytes = code.finish();
  const instructions = await disassemble(bytes.subarray(0, length), { objdump });
  const title = `${name}, ${unit.name}: ${length} bytes of instructions, then constants`;
  if (instructions === undefined) {
    const lines = Array.from(
      { length: Math.ceil(length / bytesOfLine) },
      (_, i) => bytes.subarray(i * bytesOfLine, Math.min(length, (i + 1) * bytesOfLine)),
    );
    return [
      `${title} (there is no ${objdump} to disassemble them: install binutils, on Debian by ` +
      "apt-get install binutils)",
      ...lines.map((line, i) => `${(i * bytesOfLine).toString(16).padStart(6)}:  ${hex(line)}`),
    ].join("\n");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const constants: string[] = [];
  for (let at = constantsAt; at < bytes.length; at += unit.bytes) {
    const value = view.getFloat32(at, true);
    constants.push(`${at.toString(16).padStart(6)}:  ${unit.lanes} times ${value}`);
  }
  return [title, ...instructions.map((line) => withArgument(line, names)), ...constants]
    .join("\n");
}

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { unit: { type: "string", default: "avx2" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) return console.log(HELP);
  const known = Object.keys(functionWriters).join(", ");
  const [name, ...others] = positionals;
  if (name === undefined || others.length > 0) {
    throw new RangeError(`Name one function to show, of ${known}; there are ${positionals.length}`);
  }
  if (!Object.hasOwn(functionWriters, name)) {
    throw new RangeError(`Cannot show the function "${name}": there are ${known}`);
  }
  if (!Object.hasOwn(units, values.unit)) {
    throw new RangeError(`--unit must be avx2 or avx512, not "${values.unit}"`);
  }
  console.log(await showFunction(name as FunctionName, units[values.unit as keyof typeof units]));
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error(`asm: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
