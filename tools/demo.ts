/**
 * `deno task demo`: makes the web page of a bundle, and shows it.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildPage } from "../demo/build_page.ts";
import { staticFiles } from "../demo/static_server.ts";
import { projectPaths } from "./project_paths.ts";

export { buildPage, type BuiltPage } from "../demo/build_page.ts";
export { staticFiles } from "../demo/static_server.ts";

const HELP = `Makes a web page of a bundle: a folder for any web server, with nothing behind it.

deno task demo [options] [BUNDLE]

  BUNDLE        a folder that OneStep.save has written, or deno task train; notebook 08's by default
  --out FOLDER  the folder of the page; outputs/demo by default
  --serve       shows the page at http://localhost:8000 until Ctrl-C
  --port N      the port to show it at
  --help        this text`;

/** What the command line asks for. */
interface Arguments {
  readonly bundle: string;
  readonly out: string;
  readonly port: number | undefined;
}

function readArguments(args: readonly string[]): Arguments | "help" {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      out: { type: "string" },
      serve: { type: "boolean" },
      port: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return "help";
  if (positionals.length > 1) {
    throw new RangeError(`Cannot make one page of ${positionals.length} bundles: name one`);
  }
  const { outputs } = projectPaths();
  // A task runs in the project's folder; paths are meant from where the command was given.
  const here = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  const own = resolve(outputs, "08_export", "one_step");
  if (positionals.length === 0 && !existsSync(own)) {
    throw new Error(
      "There is no bundle in outputs/08_export/one_step: run the notebooks up to 08 " +
        "(deno task notebooks 01 02 06 08), or name the folder of a bundle",
    );
  }
  const port = Number(values.port ?? "8000");
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError(`--port must be a number from 0 to 65535, not "${values.port}"`);
  }
  return {
    bundle: positionals[0] === undefined ? own : bundleIn(resolve(here, positionals[0])),
    out: values.out === undefined ? resolve(outputs, "demo") : resolve(here, values.out),
    port: values.serve || values.port !== undefined ? port : undefined,
  };
}

/** The bundle's folder; the folder of a training has it in `bundle/`. */
function bundleIn(folder: string): string {
  const inside = join(folder, "bundle");
  return existsSync(join(inside, "folio.json")) ? inside : folder;
}

async function main(args: readonly string[]): Promise<void> {
  const asked = readArguments(args);
  if (asked === "help") return console.log(HELP);
  const { files } = await buildPage(asked.bundle, asked.out);
  for (const [name, bytes] of Object.entries(files)) {
    console.log(`${name.padEnd(28)} ${(bytes / 1000).toFixed(1).padStart(9)} kB`);
  }
  const shown = relative(Deno.cwd(), asked.out);
  console.log(`The page is in ${shown.startsWith("..") ? asked.out : shown}.`);
  if (asked.port === undefined) {
    console.log("A browser shows it from any web server; deno task demo --serve is one.");
    return;
  }
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: asked.port,
    onListen: ({ port }) => console.log(`Open http://localhost:${port}/ (Ctrl-C ends it)`),
  }, staticFiles(asked.out));
  Deno.addSignalListener("SIGINT", () => server.shutdown());
  await server.finished;
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error(`demo: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
