/** Runs the setup for the project in the folder that is its argument: a test starts it. */
import { projectPaths } from "../../tools/project_paths.ts";
import { setUp } from "../../tools/setup.ts";

try {
  const { python, changed } = await setUp(projectPaths(Deno.args[0]), {
    say: (line) => console.log(line),
    retry: Deno.args.includes("--retry"),
  });
  console.log(JSON.stringify({ kind: python.kind, changed }));
} catch (error) {
  console.log(`refused: ${error instanceof Error ? error.message : error}`);
}
