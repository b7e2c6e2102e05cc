/** Small notebooks made for a test, and the project's runner to execute them with. */
import { join } from "node:path";
import { projectPaths } from "../../tools/project_paths.ts";

/** One output of an executed cell, as far as the tests look at it. */
export interface CellOutput {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string | readonly string[];
  readonly data?: Record<string, string | readonly string[]>;
  readonly ename?: string;
  readonly evalue?: string;
}

/** One cell of an executed notebook. */
export interface ExecutedCell {
  readonly cell_type: string;
  readonly execution_count: number | null;
  readonly outputs: readonly CellOutput[];
}

/** Writes a notebook of code cells for the Deno kernel, each with the same tags. */
export async function writeNotebook(
  path: string,
  cells: readonly string[],
  tags: readonly string[] = [],
): Promise<void> {
  await Deno.writeTextFile(
    path,
    JSON.stringify({
      cells: cells.map((source, index) => ({
        cell_type: "code",
        id: `cell-${index}`,
        execution_count: null,
        metadata: { tags },
        outputs: [],
        source,
      })),
      metadata: {
        kernelspec: {
          name: "deno",
          display_name: "Deno",
          language: "typescript",
        },
        // Without it deno fmt leaves the cells alone.
        language_info: { name: "typescript" },
      },
      nbformat: 4,
      nbformat_minor: 5,
    }),
  );
}

/** The code cells of an executed notebook. */
export async function readCells(path: string): Promise<ExecutedCell[]> {
  const notebook = JSON.parse(await Deno.readTextFile(path)) as {
    cells: ExecutedCell[];
  };
  return notebook.cells.filter((cell) => cell.cell_type === "code");
}

/** The text of a stream or of a value, whole. */
export function wholeText(
  text: string | readonly string[] | undefined,
): string {
  return typeof text === "string" ? text : (text ?? []).join("");
}

/** How a run of the command ended. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `deno task notebooks` (its tool, that is) on a folder of notebooks, into `<folder>/out`. */
export function spawnNotebooks(folder: string, args: readonly string[] = []): Deno.ChildProcess {
  const tool = join(projectPaths().root, "tools", "notebooks.ts");
  const places = ["--notebooks", folder, "--outputs", join(folder, "out")];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", tool, ...places, ...args],
    cwd: folder,
    env: { INIT_CWD: folder, FOLIO_CORPUS: "", FOLIO_PRESET: "", NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs `deno task notebooks` on a folder of notebooks to its end. */
export async function runNotebooks(
  folder: string,
  args: readonly string[] = [],
): Promise<RunResult> {
  const output = await spawnNotebooks(folder, args).output();
  const decoder = new TextDecoder();
  return {
    code: output.code,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

/** Runs a test in a folder of its own, which is removed after it. */
export async function inTempDir(
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "folio-test-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
