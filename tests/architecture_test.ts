/** The order of the house, as DESIGN.md and CONTRIBUTING.md give it, held by tests. */
import assert from "node:assert/strict";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The floors of lib, the lower ones first: a room imports only from floors below its own. */
const floors = [
  ["files", "config.ts", "random.ts", "event_loop.ts"],
  ["text", "kernels"],
  ["device.ts"],
  ["model"],
  ["training", "generation"],
  ["display"],
  ["mod.ts"],
] as const;

interface SourceFile {
  /** Relative to the project, with slashes. */
  readonly path: string;
  readonly text: string;
}

function sources(folder: string): SourceFile[] {
  const found: SourceFile[] = [];
  const walk = (at: string) => {
    for (const entry of Deno.readDirSync(at)) {
      const path = join(at, entry.name);
      if (entry.isDirectory) walk(path);
      else if (entry.name.endsWith(".ts")) {
        found.push({
          path: relative(root, path).replaceAll("\\", "/"),
          text: Deno.readTextFileSync(path),
        });
      }
    }
  };
  walk(join(root, folder));
  return found.sort((a, b) => a.path < b.path ? -1 : 1);
}

const library = sources("lib");
const everything = ["lib", "cli", "tests", "tools", "bench", "demo"].flatMap((folder) => {
  try {
    return sources(folder);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
});

/** The files of ours that a file imports, relative to the project. */
function imports(file: SourceFile): string[] {
  const code = file.text.replaceAll(/\/\*[\s\S]*?\*\//g, "");
  const specifiers = code.matchAll(/\b(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
  return [...specifiers].map(([, specifier]) =>
    relative(root, resolve(join(root, dirname(file.path)), specifier!)).replaceAll("\\", "/")
  );
}

/** The part of lib a file belongs to: a room's name, or the file's own where it lies beside them. */
function roomOf(path: string): string {
  return path.split("/")[1]!;
}

function floorOf(path: string): number {
  return floors.findIndex((rooms) => (rooms as readonly string[]).includes(roomOf(path)));
}

function mayImport(from: string, to: string): boolean {
  if (roomOf(from) === roomOf(to)) return true;
  // Text needs no device, and only a model and Adam's step, which is a kernel too, know kernels.
  if (roomOf(to) === "kernels") {
    return ["model", "device.ts"].includes(roomOf(from)) || from === "lib/training/adam.ts";
  }
  return floorOf(to) < floorOf(from);
}

Deno.test("each room of lib imports only from floors below it", () => {
  const wrong = library.flatMap((file) =>
    imports(file).filter((to) => !mayImport(file.path, to)).map((to) => `${file.path} → ${to}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("no file of lib imports in a circle, types included", () => {
  const known = new Map(library.map((file) => [file.path, imports(file)]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, way: readonly string[]) => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(" → "));
    else if (!done.has(path)) {
      for (const next of known.get(path) ?? []) visit(next, [...way, path]);
      done.add(path);
    }
  };
  for (const path of known.keys()) visit(path, []);
  assert.deepEqual(circles, []);
});

/** What each device's room in lib/kernels may import besides itself. */
const deviceRooms: Readonly<Record<string, readonly string[]>> = {
  threads: [],
  engine: [],
  ops: [],
  plain: ["ops"],
  wasm: ["threads", "ops", "plain"],
  webgpu: ["ops", "plain"],
  blas: ["threads", "ops", "wasm"],
  native: ["threads", "ops", "wasm", "blas"],
};

Deno.test("each device's room in lib/kernels imports only from those that it may use", () => {
  const deviceOf = (path: string) => /^lib\/kernels\/(\w+)\//.exec(path)?.[1];
  const wrong = library.flatMap((file) => {
    const from = deviceOf(file.path);
    if (from === undefined) return [];
    const allowed = [from, ...deviceRooms[from] ?? []];
    return imports(file).filter((to) =>
      to.startsWith("lib/kernels/") && !allowed.includes(deviceOf(to) ?? "")
    ).map((to) => `${file.path} → ${to}`);
  });
  assert.deepEqual(wrong, []);
});

Deno.test("lib holds the known rooms and nothing else", () => {
  const others = library.filter(({ path }) => floorOf(path) < 0).map(({ path }) => path);
  assert.deepEqual(others, []);
});

Deno.test("`deno test -P` has the tests of every room, and leave to start no program", () => {
  const { test } = JSON.parse(Deno.readTextFileSync(join(root, "deno.json")));
  const folders = floors.flat().filter((room) => !room.endsWith(".ts")).map((room) =>
    `tests/${room}`
  );
  assert.deepEqual(test.include.toSorted(), ["tests/*_test.ts", ...folders].sort());
  assert.deepEqual(Object.keys(test.permissions).sort(), ["env", "ffi", "net", "read", "write"]);
});

Deno.test("the face of lib only re-exports", () => {
  const face = library.find(({ path }) => path === "lib/mod.ts");
  assert.ok(face, "lib/mod.ts is missing");
  const code = face.text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  const other = code.split(";").map((s) => s.trim()).filter((s) => s !== "")
    .filter((statement) =>
      !/^export (type )?(\{[\s\S]*\}|\*( as \w+)?) from "\.\/[\w/]+\.ts"$/.test(statement)
    );
  assert.deepEqual(other, []);
});

Deno.test("only display knows Jupyter, only kernels know BLAS, nothing in lib the environment", () => {
  const only: [string, RegExp, (path: string) => boolean][] = [
    ["Jupyter", /Deno\??\.jupyter|Jupyter\.display/, (path) => roomOf(path) === "display"],
    [
      "foreign functions",
      /Deno\.(dlopen|UnsafePointer|UnsafeFnPointer)/,
      (path) => roomOf(path) === "kernels",
    ],
    ["the environment", /Deno\.(env|args)\b|process\.(env|argv)\b/, () => false],
  ];
  const wrong = only.flatMap(([what, pattern, allowed]) =>
    library.filter(({ path, text }) => !allowed(path) && pattern.test(withoutComments(text)))
      .map(({ path }) => `${path} knows ${what}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("lib and tools keep clear of each other", () => {
  const wrong = everything.flatMap((file) =>
    imports(file).filter((to) =>
      (file.path.startsWith("lib/") && !to.startsWith("lib/")) ||
      (file.path.startsWith("tools/") && !/^(tools|bench|demo)\//.test(to) &&
        // It shows the machine code that the library writes.
        !(file.path === "tools/asm.ts" && to.startsWith("lib/kernels/native/x86/")))
    ).map((to) => `${file.path} → ${to}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("the command line uses the face of lib, and its launcher nothing that is slow to load", () => {
  // What the launcher reads before it starts Deno with the library.
  const light = ["lib/config.ts", "lib/kernels/blas/library_paths.ts", "lib/text/known_corpora.ts"];
  const wrong = everything.filter(({ path }) => path.startsWith("cli/")).flatMap((file) =>
    imports(file).filter((to) =>
      !/^(cli|lib\/files)\//.test(to) && to !== "lib/mod.ts" &&
      !light.includes(to) && to !== "demo/build_page.ts"
    )
      .map((to) => `${file.path} → ${to}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("whatever can be disposed ends with its block under using", () => {
  const count = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;
  const wrong = library.filter(({ text }) =>
    count(text, /^ {2}(override )?dispose\(\): void \{$/gm) >
      count(text, /^ {2}\[Symbol\.dispose\]\(\): void \{$/gm)
  ).map(({ path }) => path);
  assert.deepEqual(wrong, []);
});

Deno.test("no file is longer than 300 lines", () => {
  const long = everything.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ lines }) => lines > 300);
  assert.deepEqual(long, []);
});

Deno.test("files are named for the one thing in them, in snake_case", () => {
  const vague = /^(utils?|helpers?|common|misc|shared|stuff)(_|\.|$)/;
  const wrong = everything.map(({ path }) => path).filter((path) =>
    path.split("/").some((part) => vague.test(part)) || !/^[a-z0-9_]+\.ts$/.test(basename(path))
  );
  assert.deepEqual(wrong, []);
});

Deno.test("lib uses the words of the field", () => {
  const wrong = library.flatMap(({ path, text }) =>
    [...withoutComments(text).matchAll(/\b(stoi|itos|cfg|charSet|data2|vocabSize|seqLength|lr)\b/g)]
      .map(([word]) => `${path}: ${word}`)
  );
  assert.deepEqual(wrong, []);
});

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}
