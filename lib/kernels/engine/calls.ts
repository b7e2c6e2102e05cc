/**
 * Which calls of tfjs' engine are running right now.
 *
 * @module
 */

/** How many calls are running. */
export interface EngineCalls {
  /** Kernels, each of which has `kernelDepth` one higher. */
  readonly kernels: number;
  /** Recordings of a tape, each of which has `gradientDepth` one higher. */
  readonly tapes: number;
  /** Gradients that are being computed: they own the tape. */
  readonly gradients: number;
  /** Scopes opened by `tidy` and by ops. */
  readonly scopes: number;
}

/** What is running where the call stack is empty. */
export const noCalls: EngineCalls = { kernels: 0, tapes: 0, gradients: 0, scopes: 0 };

/**
 * Reads the calls that are running off the call stack: `Engine.scopedRun` is the only function that
 * tfjs raises a depth in, but for its ops, whose names end in `__op`. A bundler keeps all these names,
 * for they are those of properties.
 *
 * @returns How many calls there are of each kind.
 */
export function runningCalls(): EngineCalls {
  const names = functionNames();
  const calls = { kernels: 0, tapes: 0, gradients: 0, scopes: 0 };
  names.forEach((name, i) => {
    const caller = name === "scopedRun" ? names[i + 1] : undefined;
    if (caller === "runKernelFunc") calls.kernels++;
    if (caller === "gradients") calls.tapes++;
    if (caller === "tidy" || name.endsWith(opSuffix)) calls.scopes++;
    if (name === "gradients") calls.gradients++;
  });
  return calls;
}

/** What tfjs ends the names of its ops and of their scopes with. */
export const opSuffix = "__op";

/** The names of the functions on the call stack, the innermost first, without their classes. */
function functionNames(): string[] {
  const settings = Error as ErrorSettings;
  const { stackTraceLimit, prepareStackTrace } = settings;
  try {
    settings.stackTraceLimit = Infinity;
    // The structured frames: no text is made of them, and no source map is asked.
    settings.prepareStackTrace = structuredFrames;
    const frames = new Error().stack as unknown as readonly CallSite[] | string;
    if (typeof frames === "string") return namesInText(frames);
    return frames.filter((frame) => !frame.isAsync()).map((frame) =>
      lastName(frame.getFunctionName() ?? "")
    );
  } finally {
    if (stackTraceLimit !== undefined) settings.stackTraceLimit = stackTraceLimit;
    // After a stop in this very place it would still be ours.
    const isOurs = prepareStackTrace === structuredFrames;
    settings.prepareStackTrace = isOurs ? undefined : prepareStackTrace;
  }
}

/** What V8 lets a program choose about `Error.stack`. */
interface ErrorSettings {
  stackTraceLimit?: number;
  prepareStackTrace?: unknown;
}

/** What V8 knows of one call on the stack. */
interface CallSite {
  getFunctionName(): string | null;
  isAsync(): boolean;
}

function structuredFrames(_error: Error, frames: unknown): unknown {
  return frames;
}

/** From what engines other than V8 write: `name@address` a line. */
function namesInText(stack: string): string[] {
  return stack.split("\n").map((line) => lastName(line.replace(/@.*$/, "").trim()));
}

/** `Engine.tidy` → `tidy` */
function lastName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
