/** Starting Deno once more, with the permissions that a command needs and no others. */
import { join } from "node:path";
import type { Order } from "./orders.ts";
import { exitCodes, tell } from "./outcome.ts";
import { permissionFlags, type Places } from "./permissions.ts";

/** With these set, Deno starts a program only where it may start any. */
const loaderVariables = ["LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH"];

/**
 * Carries out an order in a process of its own, and passes signals on to it.
 *
 * @param order What to do.
 * @param places Where things lie.
 * @returns The exit code.
 */
export async function launch(order: Order, places: Places): Promise<number> {
  const { root } = places;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", `--config=${join(root, "deno.json")}`],
      ...permissionFlags(order, places),
      join(root, "cli", `${order.command}.ts`),
      JSON.stringify(order),
    ],
    env: withoutLoaderVariables(),
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  passSignals(child);
  const { code, signal } = await child.status;
  if (signal === null) return code;
  if (signal === "SIGINT" || signal === "SIGTERM") return exitCodes.interrupted;
  tell(order.command, `ended by ${signal}; too little memory is a likely reason`);
  return exitCodes.failure;
}

function withoutLoaderVariables(): Record<string, string> {
  const given = loaderVariables.filter((name) => Deno.env.get(name));
  return Object.fromEntries(given.map((name) => [name, ""]));
}

/** A terminal's Ctrl-C reaches the child by itself too, which takes both for one. */
function passSignals(child: Deno.ChildProcess): void {
  const onWindows = Deno.build.os === "windows";
  const signals: Deno.Signal[] = onWindows ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) {
    Deno.addSignalListener(signal, () => {
      if (onWindows) return;
      try {
        child.kill(signal);
      } catch {
        // It has just ended.
      }
    });
  }
}
