/** What Jupyter's Stop does, without Jupyter. */
import vm from "node:vm";

const place = globalThis as { stoppable?: () => void };

/**
 * Runs a function and ends it from outside, as Stop does: none of its `catch` and `finally` blocks run.
 *
 * @param run what is stopped
 * @param milliseconds when
 * @returns whether it was stopped, or had ended by itself
 */
export function stopAfter(run: () => void, milliseconds: number): boolean {
  place.stoppable = run;
  try {
    vm.runInThisContext("stoppable()", { timeout: milliseconds });
    return false;
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    return true;
  } finally {
    delete place.stoppable;
  }
}
