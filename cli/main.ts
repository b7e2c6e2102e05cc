/**
 * `deno task train`, `generate` and `export`: reads the command line, works out which permissions it
 * takes, and starts Deno with these.
 *
 * @module
 */
import { findBlas } from "./blas_path.ts";
import { launch } from "./launch.ts";
import { exitCodes, exitWith } from "./exit.ts";
import { installedPaths } from "./permissions.ts";
import { readCommandLine } from "./program.ts";

const [command = ""] = Deno.args;
await exitWith(/^(train|generate|export)$/.test(command) ? command : "folio", async () => {
  const reading = readCommandLine(Deno.args, {
    // A task runs in the project's folder; paths are meant from where the command was given.
    folder: Deno.env.get("INIT_CWD") ?? Deno.cwd(),
    device: Deno.env.get("FOLIO_DEVICE"),
    blas: Deno.env.get("FOLIO_BLAS"),
    native: Deno.env.get("FOLIO_NATIVE"),
  });
  if ("help" in reading) {
    console.log(reading.help.trimEnd());
    return exitCodes.ok;
  }
  const { command } = reading;
  if (command.name === "export" || command.blas !== "auto") {
    return await launch(command, installedPaths());
  }
  const foundBlas = findBlas();
  return await launch(
    { ...command, ...foundBlas !== undefined && { foundBlas } },
    installedPaths(),
  );
});
