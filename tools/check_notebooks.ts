/**
 * `deno task check:notebooks`: types, lint and house rules of the notebooks' code cells, which
 * `deno check` and `deno lint` do not look into.
 *
 * @module
 */
import { basename, dirname, join, relative } from "node:path";
import {
  type Notebook,
  type NotebookModule,
  notebookModule,
  readNotebook,
} from "./notebook_cells.ts";
import { brokenRules } from "./notebook_rules.ts";
import { capture } from "./process.ts";
import { projectPaths } from "./project_paths.ts";

/** What the check found. */
export interface NotebookCheck {
  readonly notebooks: number;
  /** What is wrong, one text each; the places are notebook, code cell and line. */
  readonly problems: readonly string[];
}

/** Where the check looks. */
export interface CheckOptions {
  /** The folder of the notebooks; the project's by default. */
  readonly notebooks?: string;
}

type Origins = NotebookModule["origins"];

/** Ignored by git, and as deep as notebooks/, so that imports mean the same. */
const MODULES = ".notebook-cells-";

/**
 * Checks the notebooks of a folder and of its `solutions/`.
 *
 * @param options The folder.
 * @returns What is wrong with them.
 */
export async function checkNotebooks(options: CheckOptions = {}): Promise<NotebookCheck> {
  const paths = projectPaths();
  const folder = options.notebooks ?? paths.notebooks;
  const course = await readFolder(folder);
  const solutions = await readFolder(join(folder, "solutions"));
  const problems = [
    ...course.flatMap((notebook) => rulesOf(notebook, true)),
    ...solutions.flatMap((notebook) => rulesOf(notebook, false)),
  ];
  const notebooks = [...course, ...solutions];
  if (notebooks.length > 0) problems.push(...await checkCode(notebooks, paths.root));
  return { notebooks: notebooks.length, problems };
}

async function readFolder(folder: string): Promise<Notebook[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (entry.isFile && entry.name.endsWith(".ipynb")) names.push(entry.name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return await Promise.all(names.sort().map((name) => readNotebook(join(folder, name))));
}

function rulesOf(notebook: Notebook, countCells: boolean): string[] {
  return brokenRules(notebook, { countCells }).map((what) => `${shown(notebook)}: ${what}`);
}

async function checkCode(notebooks: readonly Notebook[], root: string): Promise<string[]> {
  const folder = await Deno.makeTempDir({ dir: root, prefix: MODULES });
  try {
    const modules = new Map<string, { notebook: Notebook; origins: Origins }>();
    await Deno.mkdir(join(folder, "solutions"));
    for (const notebook of notebooks) {
      const inside = basename(dirname(notebook.path)) === "solutions" ? "solutions" : ".";
      const path = join(folder, inside, `${notebook.name}.ts`);
      const { source, origins } = notebookModule(notebook);
      await Deno.writeTextFile(path, source);
      modules.set(path, { notebook, origins });
    }
    const place = (path: string, line: number) => {
      const module = modules.get(path);
      if (!module) return undefined;
      const origin = module.origins[line - 1];
      const where = origin ? `code cell ${origin.cell}, line ${origin.line}` : "its end";
      return `${shown(module.notebook)}, ${where}`;
    };
    const options = { cwd: root, env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" } };
    const config = join(folder, "deno.json");
    await Deno.writeTextFile(config, JSON.stringify(await learnersConfig(root)));
    const found: string[] = [];
    for (const command of [["check", "--quiet", "--config", config], ["lint", "--compact"]]) {
      const result = await capture(Deno.execPath(), [...command, ...modules.keys()], options);
      if (!result?.success) found.push(inNotebook(result?.stderr ?? "", place));
    }
    return found;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * The project's settings but for those that ask for a check at every index: a kernel checks no types,
 * and a learner is to read the idea.
 */
async function learnersConfig(root: string): Promise<object> {
  const { imports, compilerOptions } = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
  return {
    imports: { ...imports, folio: "../lib/mod.ts" },
    compilerOptions: {
      ...compilerOptions,
      noUncheckedIndexedAccess: false,
      exactOptionalPropertyTypes: false,
    },
    lock: { path: "../deno.lock", frozen: true },
  };
}

/** Puts notebook, cell and line in the place of the module's file and line. */
function inNotebook(
  output: string,
  place: (path: string, line: number) => string | undefined,
): string {
  return output
    .replace(/\n+error: Type checking failed\.[\s\S]*/, "")
    .replaceAll(
      /(?:file:\/\/)?(\/[^\s:]+\.ts)(?::(\d+):\d+|: line (\d+), col \d+)/g,
      (all, path: string, colon?: string, word?: string) =>
        place(path, Number(colon ?? word)) ?? all,
    )
    .trimEnd();
}

function shown(notebook: Notebook): string {
  const path = relative(projectPaths().root, notebook.path);
  return path.startsWith("..") ? notebook.path : path;
}

if (import.meta.main) {
  const { notebooks, problems } = await checkNotebooks();
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) Deno.exit(1);
  console.log(`checked the code cells of ${notebooks} notebooks`);
}
