/** Starting Deno once more, with the permissions that a command needs and no others. */
import { join } from "node:path";
import type { CliCommand } from "./commands.ts";
import { exitCodes, log } from "./exit.ts";
import { endSignals } from "./interruption.ts";
import { type InstalledPaths, permissionFlags } from "./permissions.ts";

/** Within this many milliseconds signals are one: a terminal and each task above us send it. */
const oneMoment = 500;

/** With these set, Deno starts a program only where it may start any. */
const loaderVariables = ["LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH"];

/**
 * Carries out a command in a process of its own, and passes signals on to it.
 *
 * @param command What to do.
 * @param paths Where things lie.
 * @returns The exit code.
 */
export async function launch(command: CliCommand, paths: InstalledPaths): Promise<number> {
  const { root } = paths;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", `--config=${join(root, "deno.json")}`],
      ...permissionFlags(command, paths),
      join(root, "cli", `${command.name}.ts`),
      JSON.stringify(command),
    ],
    env: { ...withoutLoaderVariables(), ...runtimeFolder() },
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const { requested } = passSignals(child);
  const { code, signal } = await child.status;
  if (signal === null) return code;
  if (requested() || /^SIG(INT|TERM|HUP)$/.test(signal)) return exitCodes.interrupted;
  log(command.name, `ended by ${signal}; too little memory is a likely reason`);
  return exitCodes.failure;
}

/** Mesa's graphics drivers complain on standard error where there is none. */
function runtimeFolder(): Record<string, string> {
  const missing = Deno.build.os === "linux" && !Deno.env.get("XDG_RUNTIME_DIR");
  return missing ? { XDG_RUNTIME_DIR: "/tmp" } : {};
}

function withoutLoaderVariables(): Record<string, string> {
  const given = loaderVariables.filter((name) => Deno.env.get(name));
  return Object.fromEntries(given.map((name) => [name, ""]));
}

/**
 * Passes a first request to stop on, and ends the child at a later one: in the middle of a long step
 * it hears none. What it has saved is whole at any time.
 *
 * @returns Whether there was a request.
 */
function passSignals(child: Deno.ChildProcess): { readonly requested: () => boolean } {
  let first: number | undefined;
  const pass = (signal: Deno.Signal) => {
    first ??= performance.now();
    const again = performance.now() - first > oneMoment;
    // On Windows a process hears Ctrl-C from its terminal, and no signal from us but the last.
    if (Deno.build.os === "windows" && !again) return;
    try {
      child.kill(again ? "SIGKILL" : signal);
    } catch {
      // It has just ended.
    }
  };
  for (const signal of endSignals()) Deno.addSignalListener(signal, () => pass(signal));
  return { requested: () => first !== undefined };
}
