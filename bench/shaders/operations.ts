/**
 * How much there is to compile in a shader's text.
 *
 * @module
 */

/** A shader's text in numbers. */
export interface TextSize {
  readonly lines: number;
  /**
   * Operations of the entry point, each as often as it stands in the text and a loop's body once:
   * arithmetic, comparisons, accesses to elements, and calls, those of its own functions with what
   * is in them, since compilers put them in place.
   */
  readonly operations: number;
  /** Numbers in workgroup memory, which WebGPU sets to 0: some drivers write each one by itself. */
  readonly workgroupNumbers: number;
}

/** Measures the text of a shader whose entry point is `main`. */
export function sizeOfText(code: string): TextSize {
  const plain = code.replaceAll(/\/\/.*$/gm, "");
  return {
    lines: code.trim().split("\n").length,
    operations: operationsOf("main", functionsOf(plain)),
    workgroupNumbers: workgroupNumbersOf(plain),
  };
}

/** The bodies of all functions by name. */
function functionsOf(code: string): Map<string, string> {
  const bodies = new Map<string, string>();
  for (const { 1: name = "", index } of code.matchAll(/\bfn (\w+)\s*\(/g)) {
    let depth = 0;
    const start = code.indexOf("{", index);
    for (let at = start; at < code.length; at++) {
      if (code[at] === "{") depth++;
      if (code[at] === "}" && --depth === 0) {
        bodies.set(name, code.slice(start, at));
        break;
      }
    }
  }
  return bodies;
}

/** What is followed by a parenthesis and is no call: statements, and the making of a value. */
const noCalls = /^(if|for|while|switch|return|vec[234]|array|f32|u32|i32|[A-Z]\w*)$/;

function operationsOf(name: string, functions: ReadonlyMap<string, string>): number {
  // Without the types in angle brackets, which hold no spaces around them as comparisons do.
  let body = functions.get(name)!.replaceAll("->", "");
  for (let last = ""; last !== body;) {
    last = body;
    body = body.replaceAll(/(\w)<\w+(, *\w+)*>/g, "$1");
  }
  const operators = body.match(/\+\+|--|<<|>>|&&|\|\||[=!<>]=|[-+*/%&|^<>]|\[/g)?.length ?? 0;
  const calls = [...body.matchAll(/\b(\w+)\(/g)].map(([, called = ""]) =>
    functions.has(called) ? operationsOf(called, functions) : noCalls.test(called) ? 0 : 1
  );
  return calls.reduce((sum, count) => sum + count, operators);
}

function workgroupNumbersOf(code: string): number {
  const structs = new Map(
    [...code.matchAll(/\bstruct (\w+) \{([^}]*)\}/g)].map(([, name, fields = ""]) => [
      name,
      fields.split(",").filter((field) => field.includes(":")).length,
    ]),
  );
  const arrays = code.matchAll(/var<workgroup> \w+: array<(.+), (\d+)>;/g);
  return [...arrays].reduce((sum, [, type = "", length]) => {
    const width = type.startsWith("vec") ? Number(type[3]) : structs.get(type) ?? 1;
    return sum + width * Number(length);
  }, 0);
}
